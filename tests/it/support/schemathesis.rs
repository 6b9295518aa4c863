//! Schemathesis: asks a server whatever its OpenAPI document allows, and more, and holds each answer against it.

use super::cache::cache;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// All but this one: that whatever the schema allows is accepted. A schema can't say which cursor or slug is one.
const NOT_CHECKED: &str = "positive_data_acceptance";
/// The same requests each time, as far as the answers are the same.
const SEED: &str = "20270101";
/// A run that takes longer hangs: it takes about a minute.
const PATIENCE: Duration = Duration::from_mins(8);

/// What a run found.
#[derive(Debug)]
pub struct Outcome {
    /// Whether every answer was as documented.
    pub conforms: bool,
    /// What it printed: the findings, each with a request that shows it.
    pub text: String,
    /// Answers that were successes, by operation (`GET /v2/user`).
    pub accepted: BTreeMap<String, u64>,
}

/// Asks the server at `url` as the holder of `token`, at most `examples` random requests an operation beside those that
/// the document's examples, bounds and links make.
pub async fn run(url: &str, token: &str, examples: u32) -> Outcome {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report.json");
    let mut command = Command::new(python());
    command
        .args(["-m", "schemathesis.cli", "run", &format!("{url}/openapi.json")])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--checks", "all", "--exclude-checks", NOT_CHECKED])
        .args(["--seed", SEED, "--max-examples", &examples.to_string()])
        .args(["--continue-on-failure", "--generation-database", "none", "--no-color", "--request-timeout", "60"])
        .args(["--report", "json", "--report-json-path"])
        .arg(&report)
        // Whatever it keeps for a next run goes here, and no settings of a developer are found.
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, command.output()).await.expect("schemathesis ends");
    let output = ended.expect("schemathesis runs");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Outcome { conforms: output.status.success(), accepted: accepted(&report, &text), text }
}

/// Of the environment that `scripts/schemathesis` makes, in the version that it would install.
fn python() -> PathBuf {
    let lock = include_str!("../../../scripts/schemathesis.txt");
    let version = lock.lines().find_map(|line| line.strip_prefix("schemathesis==")?.split_whitespace().next());
    let home = cache().join(format!("schemathesis-{}", version.expect("the version that is installed")));
    let python = home.join("bin/python");
    assert!(
        python.exists(),
        "no Schemathesis in `{}`: `make test` or `scripts/schemathesis` installs it",
        home.display()
    );
    python
}

fn accepted(report: &Path, text: &str) -> BTreeMap<String, u64> {
    let report = std::fs::read(report).unwrap_or_else(|error| panic!("no report ({error}):\n{text}"));
    let report: Value = serde_json::from_slice(&report).expect("a report in JSON");
    let rates = report["valid_rates"].as_object().expect("rates by operation");
    let accepted = |phases: &Value| {
        let phases = phases.as_object().expect("phases").values();
        phases.map(|phase| phase["accepted"].as_u64().unwrap_or(0)).sum()
    };
    rates.iter().map(|(operation, phases)| (operation.clone(), accepted(phases))).collect()
}
