//! Another permdex process for the tests: this binary again, which starts the cluster and does as it is told.

use permdex::store::private::PrivateCluster;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const DATA_DIR: &str = "PERMDEX_TEST_HELPER_DATA_DIR";

/// The process; killed when dropped.
pub struct Helper {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Helper {
    /// Starts it on `data_dir`, in a process group of its own.
    pub fn spawn(data_dir: &Path) -> Self {
        Self::run(Command::new(std::env::current_exe().expect("this binary")), data_dir)
    }

    /// Starts a copy of this binary, which `uid` can reach, as that user.
    pub fn spawn_as(uid: u32, data_dir: &Path, copy: &PathBuf) -> Self {
        // By another process: a copy that this one still holds open for writing, in a child that another test's thread forks
        // at that moment, is "text file busy".
        let this = std::env::current_exe().expect("this binary");
        assert!(Command::new("cp").arg(this).arg(copy).status().expect("cp runs").success());
        let mut command = Command::new(copy);
        command.uid(uid).gid(uid).current_dir("/");
        Self::run(command, data_dir)
    }

    fn run(mut command: Command, data_dir: &Path) -> Self {
        command.args(["--ignored", "--exact", "private_cluster::helper::act", "--nocapture", "--test-threads=1"]);
        command.env(DATA_DIR, data_dir).process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this binary runs");
        let said = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, said }
    }

    /// Waits until it says something that begins so, and answers with the rest of the line.
    pub fn says(&mut self, begin: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.said.read_line(&mut line).expect("its output");
            assert_ne!(read, 0, "the helper ended without saying `{begin}`");
            if let Some((_, rest)) = line.split_once(begin) {
                return rest.trim().to_owned();
            }
        }
    }

    /// Tells it to stop the cluster and end.
    pub fn stop(mut self) {
        self.child.stdin.take().expect("a pipe").write_all(b"stop\n").expect("it listens");
        self.says("helper: stopped");
        assert!(self.child.wait().expect("it ends").success());
    }

    /// Sends a signal to it (`-KILL`) or, with `--` before, to its group, and waits for its end.
    pub fn signal(mut self, signal: &str, group: bool) {
        let target = if group { format!("-{}", self.child.id()) } else { self.child.id().to_string() };
        assert!(Command::new("kill").args([signal, "--", &target]).status().expect("kill runs").success());
        assert!(!self.child.wait().expect("it ends").success());
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
#[ignore = "the other process, started by the tests"]
fn act() {
    let Some(data_dir) = std::env::var_os(DATA_DIR) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        match PrivateCluster::start(Path::new(&data_dir)).await {
            Err(error) => println!("\nhelper: error {error}"),
            Ok(cluster) => {
                println!("\nhelper: ready {}", if cluster.adopted() { "adopted" } else { "started" });
                let mut told = String::new();
                std::io::stdin().read_to_string(&mut told).expect("told or left");
                cluster.stop().await.expect("stopped");
                println!("\nhelper: stopped");
            }
        }
    });
}
