//! `postmaster.pid`: which server has the cluster, and whether it still lives.
//!
//! PostgreSQL judges a process id by `kill(pid, 0)` alone. After a reboot or in a container, where ids are
//! small and come again, the id in the file may be some other process of the same user, and the server would
//! never start again. Where /proc exists we look closer.

use super::error::{IoContext, PrivateClusterError};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Above every id that Linux or a BSD gives to a process.
const NOBODYS_PID: i32 = i32::MAX;

/// What `postmaster.pid` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Postmaster {
    /// No file: nobody has the cluster.
    None,
    /// A file with nothing in it: a server writes it this moment, or died doing so.
    Empty,
    /// The server of this id has the cluster, whatever it is doing.
    Running(Pid),
    /// The server is gone, its file is left.
    Gone,
}

fn file(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}

/// The file's content; nothing when it isn't there.
fn read(data: &Path) -> Result<Option<String>, PrivateClusterError> {
    match std::fs::read_to_string(file(data)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).on("read", &file(data)),
    }
}

/// Who has the cluster.
pub(super) fn look(data: &Path) -> Result<Postmaster, PrivateClusterError> {
    let Some(text) = read(data)? else { return Ok(Postmaster::None) };
    // Negative: somebody repairs the cluster with `postgres --single`.
    let number = text.lines().next().and_then(|line| line.trim().parse::<i32>().ok()).and_then(i32::checked_abs);
    let Some(pid) = number.and_then(Pid::from_raw) else { return Ok(Postmaster::Empty) };
    Ok(if lives(pid, data) { Postmaster::Running(pid) } else { Postmaster::Gone })
}

/// The folder of the running server's socket, from the file's fifth line.
pub(super) fn socket_folder(data: &Path) -> Result<Option<PathBuf>, PrivateClusterError> {
    let text = read(data)?.unwrap_or_default();
    Ok(text.lines().nth(4).filter(|line| line.starts_with('/')).map(PathBuf::from))
}

/// Is `pid` the server of the cluster in `data`? In doubt yes: two servers on one cluster would destroy it.
pub(super) fn lives(pid: Pid, data: &Path) -> bool {
    // Not ours to signal, so not our server: PostgreSQL takes it so too.
    if test_kill_process(pid).is_err() {
        return false;
    }
    let process = PathBuf::from(format!("/proc/{}", pid.as_raw_nonzero()));
    // No /proc here: in doubt yes.
    let Ok(stat) = std::fs::read_to_string(process.join("stat")) else { return !Path::new("/proc/self/stat").exists() };
    // `pid (command) state …`, and the command may hold anything.
    let Some((command, rest)) = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')) else { return true };
    if matches!(rest.trim_start().chars().next(), Some('Z' | 'X')) {
        return false;
    }
    // A server's working directory is its cluster, from before it writes the file until it ends.
    match (std::fs::metadata(process.join("cwd")), std::fs::metadata(data)) {
        (Ok(cwd), Ok(data)) => (cwd.dev(), cwd.ino()) == (data.dev(), data.ino()),
        // Root in a container may not look at other users' processes.
        _ => command == "postgres" || command == "postmaster",
    }
}

/// Makes a dead server's file name a process that can't exist. Not removed: the server checks by the rest of
/// it that no orphaned back end still writes into the cluster. The caller holds the lock.
pub(super) fn disown(data: &Path) -> Result<(), PrivateClusterError> {
    let Some(text) = read(data)? else { return Ok(()) };
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    write(data, &format!("{NOBODYS_PID}\n{rest}"))
}

fn write(data: &Path, text: &str) -> Result<(), PrivateClusterError> {
    // The folder is the server's user's; as root we must not follow what he may have put there.
    let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let mut options = OpenOptions::new();
    let opened = options.write(true).truncate(true).custom_flags(flags).open(file(data));
    opened.and_then(|mut file| file.write_all(text.as_bytes())).on("write", &file(data))
}

/// Removes an empty file, which tells the server nothing but stops it from starting.
pub(super) fn remove_empty(data: &Path) -> Result<(), PrivateClusterError> {
    std::fs::remove_file(file(data)).on("remove", &file(data))
}

/// Asks for a fast shutdown: connections are closed, nothing is lost.
pub(super) fn stop_fast(pid: Pid) {
    if let Err(error) = kill_process(pid, Signal::INT) {
        tracing::debug!(%error, pid = %pid.as_raw_nonzero(), "the server was gone already");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(pid_file: &str) -> tempfile::TempDir {
        let data = tempfile::tempdir().expect("a directory");
        std::fs::write(file(data.path()), pid_file).expect("written");
        data
    }

    #[test]
    fn a_living_process_elsewhere_is_not_the_server() {
        let data = cluster(&format!("{}\n/somewhere\n", std::process::id()));
        assert_eq!(look(data.path()).expect("read"), Postmaster::Gone);
    }

    #[test]
    fn a_process_that_works_in_the_cluster_is_the_server() {
        let data = cluster("");
        let mut child = std::process::Command::new("cat")
            .current_dir(data.path())
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("cat runs");
        std::fs::write(file(data.path()), format!("{}\n", child.id())).expect("written");
        let pid = Pid::from_child(&child);
        assert_eq!(look(data.path()).expect("read"), Postmaster::Running(pid));
        child.kill().expect("killed");
        // A zombie until it is waited for.
        while look(data.path()).expect("read") != Postmaster::Gone {
            std::thread::yield_now();
        }
        child.wait().expect("waited");
    }

    #[test]
    fn an_empty_file_is_told_from_none() {
        assert_eq!(look(cluster("").path()).expect("read"), Postmaster::Empty);
        let data = tempfile::tempdir().expect("a directory");
        assert_eq!(look(data.path()).expect("read"), Postmaster::None);
    }

    #[test]
    fn disowning_keeps_all_but_the_process() {
        let data = cluster(&format!("{}\n/data\n1\n5432\n/socket\n", std::process::id()));
        disown(data.path()).expect("written");
        let text = read(data.path()).expect("read").expect("is there");
        assert_eq!(text, format!("{NOBODYS_PID}\n/data\n1\n5432\n/socket\n"));
        assert_eq!(look(data.path()).expect("read"), Postmaster::Gone);
        assert_eq!(socket_folder(data.path()).expect("read"), Some(PathBuf::from("/socket")));
    }
}
