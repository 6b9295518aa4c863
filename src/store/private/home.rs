//! The cluster's place in the data directory: folders, owners, modes, locks.

use super::account::Account;
use super::error::{IoContext, PrivateClusterError};
use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a held lock is tried again.
const LOCK_RETRY: Duration = Duration::from_millis(20);

/// The folders and files of one private cluster.
#[derive(Debug, Clone)]
pub(super) struct Home {
    /// permdex's data directory, absolute.
    root: PathBuf,
    /// `postgres/`, the server's own folder.
    pub(super) path: PathBuf,
    /// `postgres/data/`, the cluster.
    pub(super) data: PathBuf,
    /// The server's log.
    pub(super) log: PathBuf,
    /// Whom the server runs as.
    pub(super) account: Account,
}

impl Home {
    /// Makes the folders where they are missing, and sees that they are the server's alone.
    pub(super) fn open(data_dir: &Path) -> Result<Self, PrivateClusterError> {
        // Passable, so that the server's user can reach its folder; not to be listed.
        DirBuilder::new().recursive(true).mode(0o711).create(data_dir).on("make", data_dir)?;
        let root = data_dir.canonicalize().on("read", data_dir)?;
        let path = root.join("postgres");
        let account = own(&path)?;
        Ok(Self { data: path.join("data"), log: root.join("postgres.log"), root, path, account })
    }

    /// Held by whoever starts or stops the server, so that nobody does both at once. Bounded by `wait`.
    pub(super) async fn lock(&self, wait: Duration) -> Result<File, PrivateClusterError> {
        let path = self.root.join("postgres.lock");
        let file = open(&path)?;
        let start = tokio::time::Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(error).on("lock", &path),
                Err(TryLockError::WouldBlock) if start.elapsed() >= wait => {
                    return Err(PrivateClusterError::Locked { path, waited: wait });
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_RETRY).await,
            }
        }
    }

    /// Joins those who use the server. The kernel forgets us when we end, however we end.
    pub(super) fn join(&self) -> Result<File, PrivateClusterError> {
        let path = self.root.join("postgres.users");
        let file = open(&path)?;
        // Nobody holds it alone for longer than `lock` is held, and we hold that.
        file.lock_shared().on("lock", &path)?;
        Ok(file)
    }
}

/// Opens a lock file. The files are never removed: a lock on a removed file excludes nobody.
fn open(path: &Path) -> Result<File, PrivateClusterError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path).on("open", path)
}

/// Makes the server's folder, or checks whose it is; answers with the account that owns it.
fn own(path: &Path) -> Result<Account, PrivateClusterError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error).on("make", path),
        _ => {}
    }
    let found = path.metadata().on("read", path)?;
    let account = Account::choose(Some((found.uid(), found.gid())))?;
    if account.switch && found.uid() == 0 {
        // New, or made by a root that was killed before it got here.
        chown(path, Some(account.uid), Some(account.gid)).on("hand over", path)?;
    } else if found.uid() != account.uid {
        return Err(PrivateClusterError::Owner { path: path.to_owned(), owner: found.uid(), own: account.uid });
    }
    if found.mode() & 0o777 != 0o700 {
        std::fs::set_permissions(path, Permissions::from_mode(0o700)).on("close to others", path)?;
    }
    Ok(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_servers_alone() {
        let root = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(root.path().join("postgres")).expect("made, open to all");
        let home = Home::open(root.path()).expect("opened");
        let found = home.path.metadata().expect("is there");
        assert_eq!(found.mode() & 0o777, 0o700);
        assert_eq!(found.uid(), home.account.uid);
    }

    #[tokio::test]
    async fn a_held_lock_is_waited_for_and_then_named() {
        let root = tempfile::tempdir().expect("a directory");
        let home = Home::open(root.path()).expect("opened");
        let held = home.lock(Duration::ZERO).await.expect("free");
        let error = home.lock(Duration::from_millis(1)).await.expect_err("held").to_string();
        assert!(error.contains("postgres.lock`"), "{error}");
        drop(held);
        home.lock(Duration::ZERO).await.expect("free again");
    }
}
