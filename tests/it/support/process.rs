//! The built program as a process of its own, which can really be killed.

use super::app::SECRET;
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::process::{Output, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Runs `permdex` in `folder`, its data directory, to its end.
pub fn permdex(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_permdex"))
        .args(arguments)
        .current_dir(folder)
        .env("PERMDEX__DATA_DIR", folder)
        .env("PERMDEX__AUTH__HS256_SECRET", SECRET)
        .env_remove("PERMDEX_URL")
        .env_remove("PERMDEX_TOKEN")
        .envs(settings.iter().copied())
        .output()
        .expect("it runs")
}

/// What it printed.
pub fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// Its exit code.
pub fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

/// A running `permdex serve`, killed when it is dropped.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub url: String,
}

impl Process {
    /// Starts one on `data_dir` and waits until it says where it listens.
    pub async fn serve(data_dir: &Path, settings: &[(&str, &str)]) -> Self {
        Self::serve_logging(data_dir, settings, Stdio::inherit()).await
    }

    /// The same with its log sent to `log`; what it logs is set by `settings`.
    pub async fn serve_logging(data_dir: &Path, settings: &[(&str, &str)], log: Stdio) -> Self {
        let served = Self::try_serve(data_dir, "127.0.0.1:0", settings, log).await;
        served.expect("it says where it listens")
    }

    /// The same on an address; `None` when it ended without serving.
    pub async fn try_serve(data_dir: &Path, listen: &str, settings: &[(&str, &str)], log: Stdio) -> Option<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_permdex"))
            .args(["serve", "--listen", listen])
            .current_dir(data_dir)
            .env("PERMDEX__DATA_DIR", data_dir)
            .env("PERMDEX__AUTH__HS256_SECRET", SECRET)
            .env("PERMDEX__LOG__FILTER", "error")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let line = lines.next_line().await.expect("readable")?;
        let url = line.strip_prefix("permdex listening on ").expect("the promised line").to_owned();
        Some(Self { child, url })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Kills it with SIGKILL, wherever it is.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("killed");
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).expect("an id");
        kill_process(Pid::from_raw(id).expect("an id"), signal).expect("told");
    }

    /// Asks it to stop with SIGTERM; whether it ended with 0.
    pub async fn terminate(mut self) -> bool {
        self.signal(Signal::TERM);
        self.child.wait().await.expect("it ends").success()
    }
}
