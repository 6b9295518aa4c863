//! Starting a program as the server's user, with a way into the cluster's folder.
//!
//! The server's user may be unable to walk to the data directory: a clone under root's home, whose mode is
//! 0700, is the usual case. Then we open the folder and the program gets it as descriptor 3, which it names
//! `/proc/self/fd/3`: such a path starts at the folder itself and asks nothing of its parents. (Changing into
//! the folder first would not do: up to version 15 the server changes away and back by name as it starts.)

use super::error::{IoContext, PrivateClusterError};
use super::home::Home;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder, as a program that got it as descriptor 3 names it.
pub(super) const DESCRIPTOR: &str = "/proc/self/fd/3";
/// Standard input becomes descriptor 3. A shell does it, because in Rust it would take unsafe code.
const PASS_ON: &str = r#"exec "$@" 3<&0 </dev/null"#;

/// How programs of the server's user reach the cluster's folder.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    home: Home,
    by_descriptor: bool,
}

impl Launch {
    /// Tries whether the server's user can walk to the folder.
    pub(super) fn find(home: &Home) -> Result<Self, PrivateClusterError> {
        let mut launch = Self { home: home.clone(), by_descriptor: false };
        if !home.account.switch || launch.enters(&home.path)? {
            return Ok(launch);
        }
        launch.by_descriptor = true;
        if launch.enters(Path::new(DESCRIPTOR))? {
            return Ok(launch);
        }
        Err(PrivateClusterError::Unreachable { path: home.path.clone(), user: home.account.name.clone() })
    }

    fn enters(&self, folder: &Path) -> Result<bool, PrivateClusterError> {
        let shell = Path::new("/bin/sh");
        let mut command = self.command(shell)?;
        command.args(["-c", r#"cd -- "$1""#, "sh"]).arg(folder);
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().on("run", shell)?;
        Ok(status.success())
    }

    /// The cluster's folder as the program names it.
    pub(super) fn folder(&self) -> PathBuf {
        if self.by_descriptor { PathBuf::from(DESCRIPTOR) } else { self.home.path.clone() }
    }

    /// A command that runs `program` as the server's user; arguments can be added.
    pub(super) fn command(&self, program: &Path) -> Result<Command, PrivateClusterError> {
        let mut command = if self.by_descriptor {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", PASS_ON, "sh"]).arg(program);
            shell.stdin(File::open(&self.home.path).on("open", &self.home.path)?);
            shell
        } else {
            let mut direct = Command::new(program);
            direct.stdin(Stdio::null());
            direct
        };
        if self.home.account.switch {
            // For root, std drops the supplementary groups as well.
            command.uid(self.home.account.uid).gid(self.home.account.gid);
        }
        // A Ctrl-C goes to permdex's process group: the server must outlive it until permdex has closed its
        // connections and stops the server itself.
        command.process_group(0).current_dir("/");
        // Our environment may hold secrets, and PG… variables that would change what the server does.
        let kept = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"];
        command.env_clear().envs(kept.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.env("LC_ALL", "C");
        Ok(command)
    }
}
