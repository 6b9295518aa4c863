//! What is left by crashes, and what others did to the directory.

use super::{alive, commit, data_dir, kept, server_pid, start, until};
use crate::support::guarded::Guarded;
use permdex::store::private::{PrivateCluster, PrivateClusterError};
use rustix::process::{Signal, kill_process};
use sqlx::ConnectOptions;
use std::path::Path;

/// A cluster that was made and stopped.
async fn stopped(data_dir: &Path) {
    start(data_dir).await.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_server_that_shuts_down_is_waited_out() {
    let guarded = Guarded::new();
    let data_dir = data_dir(&guarded);
    let first = start(&data_dir).await;
    commit(&first.options()).await;
    let pid = server_pid(&data_dir).expect("it runs");
    let open = first.options().connect().await.expect("the server answers");
    // A smart shutdown: it lasts as long as the connection.
    kill_process(pid, Signal::TERM).expect("told to stop");
    let log = data_dir.join("postgres.log");
    until("the server shuts down", || std::fs::read_to_string(&log).is_ok_and(|log| log.contains("smart shutdown")))
        .await;

    let dir = data_dir.clone();
    let starting = tokio::spawn(async move { PrivateCluster::start(&dir).await });
    until("the new one looks", || locked(&data_dir)).await;
    assert!(alive(pid) && !starting.is_finished());
    drop(open);
    let cluster = starting.await.expect("no panic").unwrap_or_else(|error| panic!("{error}"));
    assert!(!cluster.adopted() && server_pid(&data_dir) != Some(pid));
    assert_eq!(kept(&cluster.options()).await, 7);
    drop(first);
    cluster.stop().await.expect("stopped");
}

fn locked(data_dir: &Path) -> bool {
    let file = std::fs::File::open(data_dir.join("postgres.lock")).expect("it is there");
    file.try_lock().is_err()
}

#[tokio::test]
async fn a_pid_file_that_names_another_living_process_is_seen_through() {
    let guarded = Guarded::new();
    let data_dir = data_dir(&guarded);
    stopped(&data_dir).await;
    // The server's user must own the process, else the server itself would see through it.
    let home = std::fs::metadata(data_dir.join("postgres")).expect("it is there");
    let mut command = std::process::Command::new("cat");
    let owner = std::os::unix::fs::MetadataExt::uid(&home);
    std::os::unix::process::CommandExt::uid(&mut command, owner).stdin(std::process::Stdio::piped());
    let mut innocent = command.spawn().expect("cat runs");
    let pid_file = format!("{}\n/data\n1\n5432\n\n\n", innocent.id());
    for name in ["data/postmaster.pid", ".s.PGSQL.5432.lock"] {
        std::fs::write(data_dir.join("postgres").join(name), &pid_file).expect("written");
    }
    std::os::unix::fs::chown(data_dir.join("postgres/data/postmaster.pid"), Some(owner), None).expect("handed over");

    let cluster = start(&data_dir).await;
    assert!(!cluster.adopted());
    cluster.stop().await.expect("stopped");
    assert!(innocent.try_wait().expect("asked").is_none(), "an innocent process was ended");
    innocent.kill().expect("ended");
    innocent.wait().expect("ended");
}

#[tokio::test]
async fn an_empty_pid_file_is_removed_when_nobody_fills_it() {
    let guarded = Guarded::new();
    let data_dir = data_dir(&guarded);
    stopped(&data_dir).await;
    std::fs::write(data_dir.join("postgres/data/postmaster.pid"), "").expect("written");
    start(&data_dir).await.stop().await.expect("stopped");
}

#[tokio::test]
async fn an_unfinished_initdb_is_swept_away() {
    let guarded = Guarded::new();
    let data_dir = data_dir(&guarded);
    let left = data_dir.join("postgres/initdb-left");
    std::fs::create_dir_all(left.join("base")).expect("made");
    start(&data_dir).await.stop().await.expect("stopped");
    assert!(!left.exists());
}

#[tokio::test]
async fn a_cluster_of_another_version_is_refused_and_both_are_named() {
    let guarded = Guarded::new();
    let data_dir = data_dir(&guarded);
    stopped(&data_dir).await;
    std::fs::write(data_dir.join("postgres/data/PG_VERSION"), "12\n").expect("written");
    let error = PrivateCluster::start(&data_dir).await.expect_err("refused").to_string();
    assert!(error.contains("made by PostgreSQL 12") && error.contains("/bin`"), "{error}");
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let guarded = Guarded::new();
    let data_dir = data_dir(&guarded);
    stopped(&data_dir).await;
    std::fs::write(data_dir.join("postgres/data/postgresql.conf"), "no_such_setting = 1\n").expect("written");
    let error = PrivateCluster::start(&data_dir).await.expect_err("refused");
    assert!(matches!(error, PrivateClusterError::Server { .. }), "{error}");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[tokio::test]
async fn a_directory_with_something_else_in_it_is_left_alone() {
    let guarded = Guarded::new();
    let data_dir = data_dir(&guarded);
    std::fs::create_dir_all(data_dir.join("postgres/data")).expect("made");
    let error = PrivateCluster::start(&data_dir).await.expect_err("refused");
    assert!(matches!(error, PrivateClusterError::NotACluster { .. }), "{error}");
}
