//! Where the data directory may lie, and whose it may be.

use super::helper::Helper;
use super::{data_dir, server_pid, setting, start};
use crate::support::guarded::Guarded;
use permdex::store::private::PrivateCluster;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

/// `nobody` on every system we know.
const NOBODY: u32 = 65534;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

async fn works(data_dir: &Path) -> PrivateCluster {
    let cluster = start(data_dir).await;
    assert_eq!(setting(&cluster.options(), "fsync").await, "on");
    cluster
}

#[tokio::test]
async fn the_servers_folder_is_its_users_alone() {
    let guarded = Guarded::new();
    let data_dir = data_dir(&guarded);
    let cluster = works(&data_dir).await;
    let folder = std::fs::metadata(data_dir.join("postgres")).expect("it is there");
    assert_eq!(folder.mode() & 0o777, 0o700);
    let pid = server_pid(&data_dir).expect("it runs");
    let server = std::fs::metadata(format!("/proc/{}", pid.as_raw_nonzero())).expect("it runs");
    assert_eq!(folder.uid(), server.uid());
    assert_eq!(server.uid() == rustix::process::geteuid().as_raw(), !is_root());
    cluster.stop().await.expect("stopped");
}

#[tokio::test]
async fn root_needs_no_way_for_the_servers_user_through_the_parents() {
    if !is_root() {
        return;
    }
    let guarded = Guarded::new();
    let data_dir = data_dir(&guarded);
    // As a clone under root's home: `guarded` is root's with mode 0700.
    let cluster = works(&data_dir).await;
    assert_eq!(setting(&cluster.options(), "data_directory").await, "/proc/self/fd/3/data");
    cluster.stop().await.expect("stopped");
    // With a way, the path is used as it is; and the cluster doesn't mind the change.
    std::fs::set_permissions(guarded.path(), Permissions::from_mode(0o711)).expect("opened");
    let cluster = works(&data_dir).await;
    assert!(setting(&cluster.options(), "data_directory").await.ends_with("/data/postgres/data"));
    cluster.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_long_or_odd_path_works_and_is_adopted() {
    let guarded = Guarded::new();
    for name in ["long".repeat(30), "a comma, a \"quote\" and a blank".to_owned()] {
        for mode in [0o700, 0o711] {
            std::fs::set_permissions(guarded.path(), Permissions::from_mode(mode)).expect("set");
            let data_dir = guarded.path().join(&name);
            drop(works(&data_dir).await);
            let again = works(&data_dir).await;
            assert!(again.adopted());
            let options = again.options();
            let folder = options.get_socket().expect("a socket").clone();
            again.stop().await.expect("stopped");
            if !folder.starts_with(guarded.path()) {
                assert_eq!(std::fs::metadata(&folder).expect("it is there").mode() & 0o777, 0o700);
                std::fs::remove_dir(&folder).expect("empty");
            }
        }
    }
}

#[tokio::test]
async fn root_keeps_to_the_user_who_owns_the_cluster() {
    if !is_root() {
        return;
    }
    let guarded = Guarded::new();
    let data_dir = data_dir(&guarded);
    std::fs::create_dir_all(data_dir.join("postgres")).expect("made");
    chown(data_dir.join("postgres"), Some(NOBODY), Some(NOBODY)).expect("handed over");
    let cluster = works(&data_dir).await;
    let made = std::fs::metadata(data_dir.join("postgres/data/PG_VERSION")).expect("it is there");
    assert_eq!(made.uid(), NOBODY);
    cluster.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_plain_user_runs_the_server_as_himself() {
    if !is_root() {
        // All the other tests run so then.
        return;
    }
    let guarded = Guarded::new();
    std::fs::set_permissions(guarded.path(), Permissions::from_mode(0o711)).expect("opened");
    let data_dir = data_dir(&guarded);
    std::fs::create_dir(&data_dir).expect("made");
    chown(&data_dir, Some(NOBODY), Some(NOBODY)).expect("handed over");
    let copy = guarded.path().join("helper");
    let mut helper = Helper::spawn_as(NOBODY, &data_dir, &copy);
    assert_eq!(helper.says("helper: ready"), "started");
    let made = std::fs::metadata(data_dir.join("postgres/data/PG_VERSION")).expect("it is there");
    assert_eq!(made.uid(), NOBODY);
    helper.stop();

    chown(data_dir.join("postgres"), Some(0), Some(0)).expect("taken away");
    let error = Helper::spawn_as(NOBODY, &data_dir, &copy).says("helper: error");
    assert!(error.contains("belongs to user id 0"), "{error}");
}
