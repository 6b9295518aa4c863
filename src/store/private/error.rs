//! What can go wrong with the private cluster, each with what to do next.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why the private cluster could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum PrivateClusterError {
    /// No PostgreSQL server programs, or none that is new enough.
    #[error(
        "no PostgreSQL server programs (15 to 18) found{}: install them (Debian, Ubuntu: `apt install postgresql`), put their `bin` folder into PATH, or set PERMDEX__DATABASE__URL to a running server",
        if found.is_empty() { String::new() } else { format!(" (too old: {found})") }
    )]
    NoPrograms {
        /// Those that were found but are too old, for the message; empty when there were none.
        found: String,
    },
    /// The cluster was made by another major version than every installed one.
    #[error(
        "`{}` was made by PostgreSQL {cluster}, but only {installed} is installed: install PostgreSQL {cluster}, or `permdex export` with it and import into a new data directory",
        data.display()
    )]
    Version {
        /// The cluster's directory.
        data: PathBuf,
        /// What its `PG_VERSION` says.
        cluster: String,
        /// The versions found and where.
        installed: String,
    },
    /// Root may not run PostgreSQL, and there is nobody to run it as.
    #[error(
        "PostgreSQL does not run as root, and this machine has neither a user `postgres` nor `nobody`: create one, or run permdex as another user"
    )]
    NoUser,
    /// The directory belongs to another user than the one permdex runs as.
    #[error("`{}` belongs to user id {owner}, but permdex runs as user id {own}: run it as the owner, or choose another data directory", path.display())]
    Owner {
        /// The directory.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
        /// Who we are.
        own: u32,
    },
    /// The server's user has no way into the data directory, and this system has no /proc to help.
    #[error("user `{user}`, who runs PostgreSQL, cannot enter `{}`: make its parent directories passable (`chmod o+x`), choose another data directory, or run permdex as another user than root", path.display())]
    Unreachable {
        /// The server's directory.
        path: PathBuf,
        /// The server's user.
        user: String,
    },
    /// A directory for the socket was found but is not ours.
    #[error("`{}` is needed for the database socket, but is not a directory of user id {owner} with mode 0700: remove it, or choose a data directory with a path of at most 80 bytes", path.display())]
    SocketDir {
        /// The directory.
        path: PathBuf,
        /// Who should own it.
        owner: u32,
    },
    /// Something stands where the cluster should be.
    #[error("`{}` is not a PostgreSQL data directory (no PG_VERSION): move it away, or choose another data directory", data.display())]
    NotACluster {
        /// The directory.
        data: PathBuf,
    },
    /// The file system refused.
    #[error("cannot {action} `{}`: check its permissions and the free space, or choose another data directory", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// `initdb` failed.
    #[error("initdb could not make the database: {output}")]
    Initdb {
        /// What it said, its last lines.
        output: String,
    },
    /// The server ended while starting.
    #[error("the private PostgreSQL server did not start: {tail} (all of it in `{}`)", log.display())]
    Server {
        /// The last lines of its log.
        tail: String,
        /// Its log.
        log: PathBuf,
    },
    /// Another permdex is starting or stopping this cluster and takes too long.
    #[error("another permdex has held `{}` for {} s while starting or stopping its database: end it, or choose another data directory", path.display(), waited.as_secs())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// How long we waited.
        waited: Duration,
    },
    /// The server is there but does not become ready: it may be recovering.
    #[error("the private PostgreSQL server (process {pid}) was not ready after {} s ({last}): it may be recovering and goes on by itself, start permdex again; `{}` says what it does", waited.as_secs(), log.display())]
    NotReady {
        /// Its process id, or `unknown`.
        pid: String,
        /// What it last answered.
        last: String,
        /// How long we waited.
        waited: Duration,
        /// Its log.
        log: PathBuf,
    },
    /// The server does not end.
    #[error("the private PostgreSQL server (process {pid}) was told to stop but had not ended after {} s: it ends by itself, and the next start waits for it", waited.as_secs())]
    NotStopped {
        /// Its process id.
        pid: i32,
        /// How long we waited.
        waited: Duration,
    },
    /// The server answered with an error that waiting does not mend.
    #[error("the private PostgreSQL server refused to set up the database `{database}`")]
    Database {
        /// Which database.
        database: &'static str,
        /// Why.
        source: sqlx::Error,
    },
}

/// Says what was tried on which path when the file system refuses.
pub(super) trait IoContext<T> {
    fn on(self, action: &'static str, path: &Path) -> Result<T, PrivateClusterError>;
}

impl<T> IoContext<T> for std::io::Result<T> {
    fn on(self, action: &'static str, path: &Path) -> Result<T, PrivateClusterError> {
        self.map_err(|source| PrivateClusterError::Io { action, path: path.to_owned(), source })
    }
}
