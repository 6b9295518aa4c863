//! The private cluster against the real server programs: starting, adopting, stopping, and every way to be left in
//! a mess.

mod helper;
mod mess;
mod place;

use crate::support::guarded::Guarded;
use helper::Helper;
use permdex::store::private::PrivateCluster;
use rustix::process::{Pid, Signal, getpgid, kill_process};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};
use std::path::{Path, PathBuf};

/// A data directory that doesn't exist yet, in a directory of the test's own.
fn data_dir(guarded: &Guarded) -> PathBuf {
    guarded.path().join("data")
}

async fn start(data_dir: &Path) -> PrivateCluster {
    PrivateCluster::start(data_dir).await.unwrap_or_else(|error| panic!("{error}"))
}

/// The server's process, by its pid file.
fn server_pid(data_dir: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(data_dir.join("postgres/data/postmaster.pid")).ok()?;
    Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
}

fn alive(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.contains("(postgres)") && !stat.contains("(postgres) Z")
}

async fn setting(options: &PgConnectOptions, name: &str) -> String {
    let mut connection = options.connect().await.expect("the server answers");
    sqlx::query_scalar(AssertSqlSafe(format!("show {name}"))).fetch_one(&mut connection).await.expect("a setting")
}

/// Commits something that a later server must still have.
async fn commit(options: &PgConnectOptions) {
    let mut connection = options.connect().await.expect("the server answers");
    sqlx::query("create table kept as select 7 as number").execute(&mut connection).await.expect("committed");
}

async fn kept(options: &PgConnectOptions) -> i32 {
    let mut connection = options.connect().await.expect("the server answers");
    sqlx::query_scalar("select number from kept").fetch_one(&mut connection).await.expect("still there")
}

/// Asks again until it is so; the test's time limit is a minute.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}

#[tokio::test]
async fn a_new_cluster_starts_safe_and_stops_whole() {
    let guarded = Guarded::new();
    let data_dir = data_dir(&guarded);
    let cluster = start(&data_dir).await;
    let options = cluster.options();
    assert!(!cluster.adopted());
    for (name, expected) in
        [("fsync", "on"), ("full_page_writes", "on"), ("listen_addresses", ""), ("data_checksums", "on")]
    {
        assert_eq!(setting(&options, name).await, expected, "{name}");
    }
    let pid = server_pid(&data_dir).expect("it runs");
    commit(&options).await;
    cluster.stop().await.expect("stopped");
    assert!(!alive(pid) && server_pid(&data_dir).is_none());

    let again = start(&data_dir).await;
    assert!(!again.adopted());
    assert_eq!(kept(&again.options()).await, 7);
    again.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_server_left_by_a_killed_permdex_is_adopted_and_stopped() {
    let guarded = Guarded::new();
    let data_dir = data_dir(&guarded);
    let mut helper = Helper::spawn(&data_dir);
    assert_eq!(helper.says("helper: ready"), "started");
    helper.signal("-KILL", false);
    let pid = server_pid(&data_dir).expect("it runs on");

    let cluster = start(&data_dir).await;
    assert!(cluster.adopted());
    assert_eq!(server_pid(&data_dir), Some(pid));
    cluster.stop().await.expect("stopped");
    assert!(!alive(pid) && server_pid(&data_dir).is_none());
}

#[tokio::test]
async fn killing_permdex_and_the_server_loses_nothing_committed() {
    let guarded = Guarded::new();
    let data_dir = data_dir(&guarded);
    let mut helper = Helper::spawn(&data_dir);
    helper.says("helper: ready");
    // Only to reach the server: dropped, not stopped.
    commit(&start(&data_dir).await.options()).await;
    let pid = server_pid(&data_dir).expect("it runs");
    helper.signal("-KILL", false);
    kill_process(pid, Signal::KILL).expect("killed");

    let cluster = start(&data_dir).await;
    assert!(!cluster.adopted());
    assert_eq!(kept(&cluster.options()).await, 7);
    cluster.stop().await.expect("stopped");
}

#[tokio::test]
async fn two_at_once_share_one_server_and_the_last_stops_it() {
    let guarded = Guarded::new();
    let data_dir = data_dir(&guarded);
    let (mut one, mut other) = (Helper::spawn(&data_dir), Helper::spawn(&data_dir));
    let mut how = [one.says("helper: ready"), other.says("helper: ready")];
    how.sort();
    assert_eq!(how, ["adopted", "started"]);
    let pid = server_pid(&data_dir).expect("it runs");
    one.stop();
    assert!(alive(pid));
    other.stop();
    assert!(!alive(pid));
}

#[tokio::test]
async fn a_ctrl_c_to_permdexs_group_does_not_reach_the_server() {
    let guarded = Guarded::new();
    let data_dir = data_dir(&guarded);
    let mut helper = Helper::spawn(&data_dir);
    helper.says("helper: ready");
    let pid = server_pid(&data_dir).expect("it runs");
    assert_eq!(getpgid(Some(pid)).expect("its group"), pid);
    helper.signal("-INT", true);
    let cluster = start(&data_dir).await;
    assert!(cluster.adopted() && server_pid(&data_dir) == Some(pid));
    cluster.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_killed_test_process_leaves_no_server_and_no_directory() {
    let guarded = Guarded::new();
    let (path, data_dir) = (guarded.path().to_owned(), data_dir(&guarded));
    start(&data_dir).await;
    let pid = server_pid(&data_dir).expect("it runs");
    // What the kernel does to our end of the pipe when we are killed.
    drop(guarded);
    assert!(!alive(pid) && !path.exists());
}
