//! The server process: its settings and its log.
//!
//! Spawned directly, not with `pg_ctl`: that would have to stay beside us until the server is up, forgets the
//! server's exit code, and reads an untrustworthy `postmaster.pid` with less care than we do.

use super::cluster::Durability;
use super::error::{IoContext, PrivateClusterError};
use super::home::Home;
use super::initdb::tail;
use super::launch::{DESCRIPTOR, Launch};
use super::programs::Programs;
use super::socket::PORT;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Child;

/// The log is set aside at a start when it is longer, in bytes; one old one is kept.
const LOG_BYTES: u64 = 4 << 20;
/// Of a failed start, at most so many bytes of log are read.
const TAIL_BYTES: u64 = 16 << 10;

/// A server that we started.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    log: PathBuf,
    /// Where its part of the log begins.
    begin: u64,
}

impl Server {
    /// Starts the server; it is not ready yet.
    pub(super) fn spawn(
        home: &Home,
        launch: &Launch,
        programs: &Programs,
        socket: &Path,
        durability: Durability,
    ) -> Result<Self, PrivateClusterError> {
        let (log, begin) = open_log(&home.log)?;
        let errors = log.try_clone().on("open", &home.log)?;
        let postgres = programs.bin.join("postgres");
        let mut command = launch.command(&postgres)?;
        command.arg("-D").arg(launch.folder().join("data"));
        for setting in settings(&seen_from_server(home, launch, socket), durability) {
            command.arg("-c").arg(setting);
        }
        let child = command.stdout(log).stderr(errors).spawn().on("run", &postgres)?;
        Ok(Self { child, log: home.log.clone(), begin })
    }

    /// Has it ended? Then what it said last. Also takes its process off the system's list.
    pub(super) fn ended(&mut self) -> Result<Option<String>, PrivateClusterError> {
        match self.child.try_wait().on("wait for the server of", &self.log)? {
            None => Ok(None),
            Some(_) => Ok(Some(self.said().unwrap_or_default())),
        }
    }

    fn said(&self) -> std::io::Result<String> {
        let mut file = File::open(&self.log)?;
        let end = file.metadata()?.len();
        file.seek(SeekFrom::Start(self.begin.max(end.saturating_sub(TAIL_BYTES))))?;
        let mut said = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut said)?;
        Ok(tail(&said))
    }
}

fn open_log(path: &Path) -> Result<(File, u64), PrivateClusterError> {
    if std::fs::metadata(path).is_ok_and(|log| log.len() > LOG_BYTES) {
        std::fs::rename(path, path.with_extension("log.1")).on("rename", path)?;
    }
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path).on("open", path)?;
    let begin = file.metadata().on("read", path)?.len();
    Ok((file, begin))
}

/// The socket's folder as the server names it.
fn seen_from_server(home: &Home, launch: &Launch, socket: &Path) -> PathBuf {
    if socket == home.path { launch.folder() } else { socket.to_owned() }
}

/// A running server's name for its socket's folder, as we name it.
pub(super) fn seen_from_here(home: &Home, socket: PathBuf) -> PathBuf {
    if socket == Path::new(DESCRIPTOR) { home.path.clone() } else { socket }
}

/// On the command line, where they win over what a file of the cluster says.
fn settings(socket: &Path, durability: Durability) -> Vec<OsString> {
    let on = if durability == Durability::Full { "on" } else { "off" };
    let mut all: Vec<OsString> = [
        "listen_addresses=".to_owned(),
        format!("port={PORT}"),
        "unix_socket_permissions=0700".to_owned(),
        format!("fsync={on}"),
        format!("synchronous_commit={on}"),
        format!("full_page_writes={on}"),
        "timezone=UTC".to_owned(),
        "log_timezone=UTC".to_owned(),
        "lc_messages=C".to_owned(),
        // permdex logs what its statements answer; here it would only fill the disk, with users' data.
        "log_min_messages=log".to_owned(),
        "log_checkpoints=off".to_owned(),
        "log_destination=stderr".to_owned(),
        "logging_collector=off".to_owned(),
    ]
    .map(OsString::from)
    .into();
    // A list of quoted names, in which a quote is doubled: the path may hold commas and spaces.
    let mut folders = OsString::from("unix_socket_directories=\"");
    for (position, part) in socket.to_string_lossy().split('"').enumerate() {
        if position > 0 {
            folders.push("\"\"");
        }
        folders.push(part);
    }
    folders.push("\"");
    all.push(folders);
    all
}
