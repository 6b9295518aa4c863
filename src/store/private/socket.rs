//! Where the server's socket lies. A socket's path must fit into `sockaddr_un`, a data directory's need not.

use super::account::Account;
use super::error::{IoContext, PrivateClusterError};
use sha2::{Digest, Sha256};
use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::path::{Path, PathBuf};

/// The name of the socket, which PostgreSQL makes from the port.
const NAME: &str = ".s.PGSQL.5432";
/// The port that names the socket; nothing listens on it.
pub(super) const PORT: u16 = 5432;
/// Bytes of a path that fit: macOS has 104 with the closing zero, Linux 108.
const LONGEST: usize = 103;

/// Can a socket in `folder` be named? The driver wants UTF-8 besides.
fn fits(folder: &Path) -> bool {
    folder.to_str().is_some() && folder.join(NAME).as_os_str().len() <= LONGEST
}

/// The folder for the socket of the cluster in `home`: `home` itself, else one under the temporary directory.
pub(super) fn folder(home: &Path, account: &Account) -> Result<PathBuf, PrivateClusterError> {
    if fits(home) {
        return Ok(home.to_owned());
    }
    let hash = Sha256::digest(home.as_os_str().as_bytes());
    let name = hash.iter().take(8).fold(String::from("permdex-"), |name, byte| format!("{name}{byte:02x}"));
    // A TMPDIR may be long too, and root's own closed to the server's user.
    let own = std::env::temp_dir().join(&name);
    let folder = if fits(&own) && !account.switch { own } else { Path::new("/tmp").join(name) };
    private(&folder, account)?;
    Ok(folder)
}

/// Makes a folder of the account's alone, or checks that it is one: anybody may have put something there.
fn private(folder: &Path, account: &Account) -> Result<(), PrivateClusterError> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error).on("make", folder),
        _ => {}
    }
    // Not followed: a link of somebody else's could point to a directory that looks right.
    let found = std::fs::symlink_metadata(folder).on("read", folder)?;
    let ours = found.is_dir() && found.mode() & 0o777 == 0o700;
    if ours && found.uid() == account.uid {
        return Ok(());
    }
    if ours && account.switch && found.uid() == 0 {
        // New, or made by a root that was killed before it got here. Nobody else can have put it there.
        return chown(folder, Some(account.uid), Some(account.gid)).on("hand over", folder);
    }
    Err(PrivateClusterError::SocketDir { path: folder.to_owned(), owner: account.uid })
}

/// Removes what a dead server left. Only when no server is alive: it would be cut off from its clients.
pub(super) fn clear(folder: &Path) {
    for name in [NAME.to_owned(), format!("{NAME}.lock")] {
        // Not there is the usual case; what can't be removed the server complains about.
        drop(std::fs::remove_file(folder.join(name)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Account {
        Account {
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
            name: String::new(),
            switch: false,
        }
    }

    #[test]
    fn the_longest_path_that_fits_is_used_and_the_next_is_not() {
        let named = |bytes: usize| PathBuf::from(format!("/{}", "x".repeat(bytes)));
        assert!(fits(&named(LONGEST - NAME.len() - 2)));
        assert!(!fits(&named(LONGEST - NAME.len() - 1)));
    }

    #[test]
    fn a_folder_that_others_may_enter_is_refused() {
        let root = tempfile::tempdir().expect("a directory");
        let folder = root.path().join("socket");
        DirBuilder::new().mode(0o755).create(&folder).expect("made");
        let error = private(&folder, &own()).expect_err("open to all");
        assert!(matches!(error, PrivateClusterError::SocketDir { .. }), "{error}");
    }

    #[test]
    fn a_link_is_refused_wherever_it_leads() {
        let root = tempfile::tempdir().expect("a directory");
        let real = root.path().join("real");
        DirBuilder::new().mode(0o700).create(&real).expect("made");
        let link = root.path().join("link");
        std::os::unix::fs::symlink(&real, &link).expect("linked");
        assert!(private(&real, &own()).is_ok());
        assert!(private(&link, &own()).is_err());
    }
}
