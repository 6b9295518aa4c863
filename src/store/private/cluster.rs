//! Start or adopt, use, stop.

use super::error::PrivateClusterError;
use super::home::Home;
use super::launch::Launch;
use super::postmaster::{self, Postmaster};
use super::probe::{self, Answer, DATABASE};
use super::programs::Programs;
use super::server::{self, Server};
use super::{initdb, socket};
use rustix::process::Pid;
use sqlx::postgres::PgConnectOptions;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a server may take to become ready; recovery after a crash is the long case.
const START_WAIT: Duration = Duration::from_mins(2);
/// How long a fast shutdown may take.
const STOP_WAIT: Duration = Duration::from_mins(1);
/// How long another permdex may take to start or stop the server.
const LOCK_WAIT: Duration = Duration::from_secs(130);
/// How long a pid file may stay empty before nobody is writing it.
const EMPTY_WAIT: Duration = Duration::from_millis(500);
/// Waiting for longer than this is worth a line in the log.
const TELL_AFTER: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(10);

/// Does what was committed survive a crash of the machine?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Yes: fsync is on.
    Full,
    /// No: for tests, whose data nobody misses.
    NoneForTests,
}

/// A running PostgreSQL server that belongs to one data directory. Several processes may use it; dropping
/// this without [`PrivateCluster::stop`] leaves the server running, and the next start adopts it.
#[derive(Debug)]
pub struct PrivateCluster {
    home: Home,
    socket: PathBuf,
    /// When we started it, so that its process can be waited for.
    server: Option<Server>,
    /// Our share of the lock that says who uses the server.
    users: File,
}

impl PrivateCluster {
    /// Starts the private server of `data_dir`, or adopts the one that runs: a killed permdex leaves it
    /// behind. The directory is made when missing. Works as root, too: the server then runs as `postgres`,
    /// else `nobody`. About a second the first time, a tenth later; at most four minutes, when another
    /// permdex starts it and it has to recover.
    ///
    /// # Errors
    /// When there are no server programs or of another version, the directory is not ours, or the server
    /// does not come up; each says what to do.
    pub async fn start(data_dir: &Path) -> Result<Self, PrivateClusterError> {
        Self::start_with(data_dir, Durability::Full).await
    }

    /// The same, for tests with [`Durability::NoneForTests`]. An adopted server keeps what it was started with.
    pub async fn start_with(data_dir: &Path, durability: Durability) -> Result<Self, PrivateClusterError> {
        let began = Instant::now();
        let home = Home::open(data_dir)?;
        let lock = home.lock(LOCK_WAIT).await?;
        let (socket, server) = Start { home: &home, durability, began: Instant::now() }.run().await?;
        let users = home.join()?;
        drop(lock);
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let how = if server.is_some() { "started" } else { "adopted" };
        tracing::info!(took_ms, data = %home.data.display(), "private PostgreSQL {how}");
        Ok(Self { home, socket, server, users })
    }

    /// How to connect: by the Unix socket, to the database `permdex`.
    #[must_use]
    pub fn options(&self) -> PgConnectOptions {
        probe::options(&self.socket, DATABASE)
    }

    /// Did the server run before we came?
    #[must_use]
    pub fn adopted(&self) -> bool {
        self.server.is_none()
    }

    /// Stops the server, started or adopted, unless another permdex still uses it: the last one stops it.
    /// Close the pools first: connections that are open are cut. At most about three minutes.
    ///
    /// # Errors
    /// When the server does not end in time; it goes on ending by itself.
    pub async fn stop(mut self) -> Result<(), PrivateClusterError> {
        let _lock = self.home.lock(LOCK_WAIT).await?;
        match self.users.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                tracing::info!("another permdex uses the private PostgreSQL: it goes on");
                return Ok(());
            }
            Err(TryLockError::Error(source)) => {
                return Err(PrivateClusterError::Io { action: "lock", path: self.home.path, source });
            }
        }
        let Postmaster::Running(pid) = postmaster::look(&self.home.data)? else { return Ok(()) };
        postmaster::stop_fast(pid);
        let began = Instant::now();
        while self.runs(pid)? {
            if began.elapsed() >= STOP_WAIT {
                return Err(PrivateClusterError::NotStopped { pid: pid.as_raw_nonzero().get(), waited: STOP_WAIT });
            }
            sleep(POLL).await;
        }
        tracing::info!("private PostgreSQL stopped");
        Ok(())
    }

    /// Asks for the process, not for its file: it removes that just before it ends.
    fn runs(&mut self, pid: Pid) -> Result<bool, PrivateClusterError> {
        match &mut self.server {
            Some(server) => Ok(server.ended()?.is_none()),
            None => Ok(postmaster::lives(pid, &self.home.data)),
        }
    }
}

/// One start, under the lock: look, and wait, clear up or spawn, until the server answers.
struct Start<'a> {
    home: &'a Home,
    durability: Durability,
    began: Instant,
}

impl Start<'_> {
    async fn run(&self) -> Result<(PathBuf, Option<Server>), PrivateClusterError> {
        let mut server: Option<Server> = None;
        let mut empty_since: Option<Instant> = None;
        let mut told = false;
        loop {
            let socket = self.socket()?;
            let last = match probe::ask(&socket).await? {
                Answer::Ready => return Ok((socket, server)),
                Answer::NoDatabase => {
                    probe::create(&socket).await?;
                    return Ok((socket, server));
                }
                Answer::Busy(what) => what,
                Answer::Away => {
                    let last = self.revive(&mut server, &mut empty_since, &socket).await?;
                    last.unwrap_or_else(|| "not listening".to_owned())
                }
            };
            if self.began.elapsed() >= START_WAIT {
                return Err(self.not_ready(last));
            }
            if !told && self.began.elapsed() >= TELL_AFTER {
                told = true;
                tracing::info!(log = %self.home.log.display(), "waiting for the private PostgreSQL: {last}");
            }
            sleep(POLL).await;
        }
    }

    /// Where to ask: a running server says where its socket is, else it is where we would put it.
    fn socket(&self) -> Result<PathBuf, PrivateClusterError> {
        if matches!(postmaster::look(&self.home.data)?, Postmaster::Running(_))
            && let Some(folder) = postmaster::socket_folder(&self.home.data)?
        {
            return Ok(server::seen_from_here(self.home, folder));
        }
        socket::folder(&self.home.path, &self.home.account)
    }

    /// Nobody listens: is there a server that will, or do we start one? Answers with why the last one ended.
    async fn revive(
        &self,
        server: &mut Option<Server>,
        empty_since: &mut Option<Instant>,
        socket: &Path,
    ) -> Result<Option<String>, PrivateClusterError> {
        let mut said = None;
        if let Some(started) = server {
            let Some(last) = started.ended()? else { return Ok(None) };
            // A remnant or another server in its last moments: look again. Anything else stays as it is.
            if !is_about_a_lock(&last) {
                return Err(PrivateClusterError::Server { tail: last, log: self.home.log.clone() });
            }
            *server = None;
            said = Some(last);
            sleep(POLL * 10).await;
        }
        match postmaster::look(&self.home.data)? {
            Postmaster::Running(_) => return Ok(said),
            Postmaster::Empty if empty_since.get_or_insert_with(Instant::now).elapsed() < EMPTY_WAIT => {
                return Ok(said);
            }
            Postmaster::Empty => postmaster::remove_empty(&self.home.data)?,
            Postmaster::Gone => postmaster::disown(&self.home.data)?,
            Postmaster::None => {}
        }
        *empty_since = None;
        *server = Some(self.spawn(socket).await?);
        Ok(said)
    }

    async fn spawn(&self, socket: &Path) -> Result<Server, PrivateClusterError> {
        let version = initdb::version(&self.home.data)?;
        let programs = Programs::find(&self.home.data, version.as_deref())?;
        let launch = Launch::find(self.home)?;
        if version.is_none() {
            initdb::make(self.home, &launch, &programs, self.durability).await?;
        }
        socket::clear(socket);
        Server::spawn(self.home, &launch, &programs, socket, self.durability)
    }

    fn not_ready(&self, last: String) -> PrivateClusterError {
        let pid = match postmaster::look(&self.home.data) {
            Ok(Postmaster::Running(pid)) => pid.as_raw_nonzero().to_string(),
            _ => "unknown".to_owned(),
        };
        PrivateClusterError::NotReady { pid, last, waited: START_WAIT, log: self.home.log.clone() }
    }
}

/// Did the server end because another seems to have the cluster or the socket? Worth another look, until time
/// is up. Its messages are in English: `LC_ALL` is C.
fn is_about_a_lock(said: &str) -> bool {
    let lock_file = said.contains("lock file") && (said.contains("already exists") || said.contains("is empty"));
    lock_file || (said.contains("shared memory block") && said.contains("still in use"))
}
