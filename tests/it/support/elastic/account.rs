//! Who runs the node: Elasticsearch refuses to run as root, so root lends it another account.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// The account of the node; `None` inside when we are not root, and so may be it ourselves.
#[derive(Clone, Copy)]
pub struct Account(Option<Ids>);

#[derive(Clone, Copy)]
struct Ids {
    user: u32,
    group: u32,
}

impl Account {
    /// Ourselves; as root `postgres`, which is there since the tests need a database too, else `nobody`.
    pub fn for_node() -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self(None));
        }
        let ids = Ids::named("postgres").or_else(|| Ids::named("nobody"));
        ids.map(|ids| Self(Some(ids)))
            .ok_or_else(|| "Elasticsearch cannot run as root, and there is no user `postgres` or `nobody`".to_owned())
    }

    /// A command that will run as this account.
    pub fn command(self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        if let Some(ids) = self.0 {
            command.uid(ids.user).gid(ids.group);
        }
        command
    }

    /// Whether this account can read `file`, every folder above it included.
    pub fn can_read(self, file: &Path) -> bool {
        let mut test = self.command("test");
        test.arg("-r").arg(file).current_dir("/").status().is_ok_and(|status| status.success())
    }

    /// Gives it everything under `directory`.
    pub fn own(self, directory: &Path) -> Result<(), String> {
        let Some(Ids { user, group }) = self.0 else {
            return Ok(());
        };
        run(Command::new("chown").arg("-R").arg(format!("{user}:{group}")).arg(directory))
    }
}

impl Ids {
    fn named(name: &str) -> Option<Self> {
        Some(Self { user: id("-u", name)?, group: id("-g", name)? })
    }
}

fn id(which: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([which, name]).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// Runs `command` to its end; what it printed is in the error.
pub fn run(command: &mut Command) -> Result<(), String> {
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr))),
        Err(cause) => Err(format!("{command:?} failed: {cause}")),
    }
}
