//! Whom the server runs as. PostgreSQL refuses root, so root hands it to somebody else.

use super::error::PrivateClusterError;
use std::process::{Command, Stdio};

/// The user the server runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// For messages.
    pub(super) name: String,
    /// We are root and become this user; else we are it already.
    pub(super) switch: bool,
}

impl Account {
    /// The user to run as: ourselves, or as root whoever owns the cluster already (`owner`: user and group
    /// id), else `postgres`, else `nobody`.
    pub(super) fn choose(owner: Option<(u32, u32)>) -> Result<Self, PrivateClusterError> {
        let own = rustix::process::geteuid();
        if !own.is_root() {
            let gid = rustix::process::getegid().as_raw();
            return Ok(Self { uid: own.as_raw(), gid, name: own.as_raw().to_string(), switch: false });
        }
        if let Some((uid, gid)) = owner.filter(|(uid, _)| *uid != 0) {
            return Ok(Self { uid, gid, name: uid.to_string(), switch: true });
        }
        ["postgres", "nobody"].into_iter().find_map(named).ok_or(PrivateClusterError::NoUser)
    }
}

/// Looks a user up with `id`, which also knows users that are not in /etc/passwd.
fn named(name: &str) -> Option<Account> {
    let uid = id("-u", name).filter(|uid| *uid != 0)?;
    Some(Account { uid, gid: id("-g", name)?, name: name.to_owned(), switch: true })
}

fn id(flag: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([flag, name]).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    std::str::from_utf8(&output.stdout).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_never_runs_the_server_itself() {
        let account = Account::choose(Some((0, 0))).expect("postgres or nobody");
        assert_ne!(account.uid, 0);
    }

    #[test]
    fn an_unknown_user_is_nobody_to_run_as() {
        assert_eq!(named("no-such-user-of-ours"), None);
    }
}
