//! A PostgreSQL server of a test's own, which can be killed, stopped and started again on its data.

use super::guarded::Guarded;
use super::signals::{Stopped, children, kill};
use permdex::store::private::PrivateCluster;
use sqlx::postgres::PgConnectOptions;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The server; ended when dropped.
pub struct Postgres {
    folder: Guarded,
    cluster: PrivateCluster,
}

impl Postgres {
    /// As permdex starts its own: what is committed survives.
    pub async fn start() -> Result<Self, String> {
        let folder = Guarded::new();
        let cluster = PrivateCluster::start(folder.path()).await.map_err(|error| error.to_string())?;
        Ok(Self { folder, cluster })
    }

    /// How to connect without a passage.
    pub fn options(&self) -> PgConnectOptions {
        self.cluster.options()
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.path().join("postgres/data/postmaster.pid")
    }

    fn postmaster(&self) -> Result<u32, String> {
        let text = std::fs::read_to_string(self.pid_file()).map_err(|error| format!("no PostgreSQL: {error}"))?;
        text.lines().next().and_then(|line| line.parse().ok()).ok_or_else(|| "no process id of PostgreSQL".to_owned())
    }

    /// Kills the postmaster: its other processes end as soon as they notice.
    pub fn kill(&self) -> Result<(), String> {
        kill(self.postmaster()?)
    }

    /// Starts a new one, which recovers.
    pub async fn restart(&mut self) -> Result<(), String> {
        self.cluster = PrivateCluster::start(self.folder.path()).await.map_err(|error| error.to_string())?;
        Ok(())
    }

    /// Kills it, and starts another one on a copy of its files, as a standby that had everything takes over.
    pub async fn fail_over(self) -> Result<Self, String> {
        let postmaster = self.postmaster()?;
        let all = children(postmaster);
        kill(postmaster)?;
        // They end when they notice, and may write until then.
        while all.iter().any(|id| Path::new(&format!("/proc/{id}")).exists()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let folder = Guarded::new();
        let (from, to) = (self.folder.path().join("postgres"), folder.path().join("postgres"));
        let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().map_err(|error| error.to_string())?;
        if !copied.success() {
            return Err(format!("its files can't be copied: {copied}"));
        }
        let cluster = PrivateCluster::start(folder.path()).await.map_err(|error| error.to_string())?;
        Ok(Self { folder, cluster })
    }

    /// Kills one process of the server that is not the postmaster: it throws all clients out and recovers.
    pub fn kill_one(&self, choice: u64) -> Result<(), String> {
        let all = children(self.postmaster()?);
        let count = u64::try_from(all.len()).map_err(|error| error.to_string())?;
        let one = choice.checked_rem(count).and_then(|one| all.get(usize::try_from(one).ok()?));
        // None: it is recovering from something else this moment.
        one.map_or(Ok(()), |one| kill(*one))
    }

    /// Stops all its processes until the value is dropped.
    pub fn stop(&self) -> Result<Stopped, String> {
        let postmaster = self.postmaster()?;
        // First, or it would start others behind our back.
        let mut stopped = Stopped::new(postmaster)?;
        for child in children(postmaster) {
            stopped.also(child);
        }
        Ok(stopped)
    }
}
