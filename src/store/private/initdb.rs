//! Making the cluster: beside its place, then renamed, so that it is whole or not there.

use super::cluster::Durability;
use super::error::{IoContext, PrivateClusterError};
use super::home::Home;
use super::launch::Launch;
use super::programs::Programs;
use std::fs::File;
use std::path::Path;

/// The superuser of the cluster, and our user.
pub(super) const USER: &str = "permdex";
/// Folders that a killed initdb left begin so.
const PREFIX: &str = "initdb-";

/// What `PG_VERSION` says; nothing when there is no cluster yet.
pub(super) fn version(data: &Path) -> Result<Option<String>, PrivateClusterError> {
    if !data.try_exists().on("read", data)? {
        return Ok(None);
    }
    match std::fs::read_to_string(data.join("PG_VERSION")) {
        Ok(version) => Ok(Some(version.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(PrivateClusterError::NotACluster { data: data.to_owned() })
        }
        Err(error) => Err(error).on("read", data),
    }
}

/// Makes the cluster. The caller holds the lock. About half a second.
pub(super) async fn make(
    home: &Home,
    launch: &Launch,
    programs: &Programs,
    durability: Durability,
) -> Result<(), PrivateClusterError> {
    sweep(&home.path);
    let name = format!("{PREFIX}{}", uuid::Uuid::new_v4().simple());
    let mut command = launch.command(&programs.bin.join("initdb"))?;
    command.arg("--pgdata").arg(launch.folder().join(&name)).args(["--username", USER]);
    // Who gets into the socket's folder (0700) is the server's user or root: a password would protect nothing.
    command.args(["--auth-local=trust", "--auth-host=reject"]);
    // The same order of text and the same bytes on every machine and version.
    command.args(["--encoding=UTF8", "--locale=C", "--data-checksums", "--no-instructions"]);
    if durability == Durability::NoneForTests {
        command.arg("--no-sync");
    }
    let output = tokio::process::Command::from(command).output().await.on("run initdb for", &home.path)?;
    if !output.status.success() {
        return Err(PrivateClusterError::Initdb { output: tail(&output.stderr) });
    }
    let made = home.path.join(name);
    std::fs::rename(&made, &home.data).on("rename", &made)?;
    // The rename must not be lost while what is written below it survives.
    File::open(&home.path).and_then(|folder| folder.sync_all()).on("sync", &home.path)
}

/// Removes what killed runs left. An orphaned initdb may still be writing into one: then the next start does it.
fn sweep(home: &Path) {
    let Ok(entries) = std::fs::read_dir(home) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        if let Err(error) = std::fs::remove_dir_all(entry.path()) {
            tracing::debug!(%error, path = %entry.path().display(), "an unfinished cluster stays for now");
        }
    }
}

/// The last lines of what a program said, in one line for a message.
pub(super) fn tail(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let mut lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).rev().take(5).collect();
    lines.reverse();
    if lines.is_empty() { "it said nothing".to_owned() } else { lines.join("; ") }
}
