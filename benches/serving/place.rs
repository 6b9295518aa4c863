//! A running `permdex serve` on data of its own.

use super::support::app::service_token;
use super::support::process::Process;
use super::{cpu, load};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A server and where its data is.
pub struct Place {
    pub process: Process,
    pub address: String,
    pub token: String,
    pub id: u32,
    /// From the start of the process until who-has was answered.
    pub ready: Duration,
    folder: tempfile::TempDir,
}

/// What `permdex import` of the lines took, the database running.
pub struct Imported {
    pub folder: tempfile::TempDir,
    pub took: Duration,
}

/// Imports `lines` into a new private database.
pub fn import(lines: impl Iterator<Item = String>) -> Imported {
    let folder = tempfile::tempdir().expect("a folder");
    let file = written(folder.path(), lines);
    // Not the time of initdb: it is made once.
    permdex(folder.path(), &["migrate"]);
    let began = Instant::now();
    permdex(folder.path(), &["import", file.to_str().expect("a path")]);
    Imported { took: began.elapsed(), folder }
}

/// Imports `lines` into the database of a place that serves, beside whatever else is done there.
pub fn import_beside(place: &Place, lines: impl Iterator<Item = String>) -> JoinHandle<()> {
    let folder = place.folder.path().to_owned();
    let file = written(&folder, lines);
    std::thread::spawn(move || permdex(&folder, &["import", file.to_str().expect("a path")]))
}

/// A file of `lines`.
fn written(folder: &Path, lines: impl Iterator<Item = String>) -> PathBuf {
    let file = folder.join("lines.ndjson");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&file).expect("created"));
    lines.for_each(|line| writeln!(out, "{line}").expect("written"));
    out.into_inner().expect("written");
    file
}

fn permdex(folder: &Path, arguments: &[&str]) {
    let status = Command::new(env!("CARGO_BIN_EXE_permdex"))
        .args(arguments)
        .current_dir(folder)
        .env("PERMDEX__DATA_DIR", data_dir(folder))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("it runs");
    assert!(status.success(), "permdex {arguments:?}");
}

fn data_dir(folder: &Path) -> PathBuf {
    folder.join("data")
}

impl Place {
    /// Serves what was imported, and waits until who-has is answered.
    pub async fn serve(imported: Imported, settings: &[(&str, &str)]) -> Self {
        let began = Instant::now();
        let data = data_dir(imported.folder.path());
        let process = Process::serve(&data, settings).await;
        let address = process.url.strip_prefix("http://").expect("a URL").to_owned();
        let id = process.id();
        let place =
            Self { process, address, token: service_token(), id, ready: Duration::ZERO, folder: imported.folder };
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let body = json!({"action": "any:thing", "limit": 0});
        loop {
            let url = format!("http://{}/v2/permission", place.address);
            let answer = client.post(url).bearer_auth(&place.token).json(&body).send().await.expect("an answer");
            if answer.status().is_success() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Self { ready: began.elapsed(), ..place }
    }

    /// A question as it goes over the wire.
    pub fn question(&self, body: &Value) -> Vec<u8> {
        load::request("POST", &self.address, "/v2/permission", &self.token, &body.to_string())
    }

    /// An assignment or removal that waits.
    pub fn change(&self, give: bool, policy: i64, user: i64) -> Vec<u8> {
        let (method, path) = if give { ("POST", "assignPolicy") } else { ("DELETE", "removepolicy") };
        let body = json!({"policyId": policy, "userId": user, "waitForCompletion": true}).to_string();
        load::request(method, &self.address, &format!("/v2/permission/{path}"), &self.token, &body)
    }

    /// Resident memory in MiB.
    pub fn resident_mib(&self) -> f64 {
        cpu::resident_mib(self.id)
    }

    /// Ends it politely: its private database too.
    pub async fn stop(self) {
        assert!(self.process.terminate().await, "a clean end");
        drop(self.folder);
    }
}
