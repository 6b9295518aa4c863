//! The command line as its user types it: the built program, its output and its exit codes.

use crate::support::process::Process;
use permdex::clock::Clock;
use permdex::service::generate::demo;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// Runs `permdex` in `folder`, its data directory; on `input` when there is some.
fn permdex(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_permdex"))
        .args(arguments)
        .current_dir(folder)
        .env("PERMDEX__DATA_DIR", folder)
        .env("PERMDEX__AUTH__HS256_SECRET", crate::support::app::SECRET)
        .env_remove("PERMDEX_URL")
        .env_remove("PERMDEX_TOKEN")
        .output()
        .expect("it runs")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_at_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let lines: Vec<String> = demo(Clock::System.now()).collect();
    std::fs::write(folder.join("demo.ndjson"), lines.join("\n")).expect("written");
    let run = |arguments: &[&str]| permdex(folder, arguments);

    let nobody = run(&["check", "--user", "17", "--action", "doc:read"]);
    assert_eq!(code(&nobody), 3, "no server runs: {nobody:?}");
    let imported = run(&["import", "demo.ndjson"]);
    assert_eq!(code(&imported), 0, "{imported:?}");
    assert!(text(&imported).contains("temporaryGrant"), "{imported:?}");

    let server = Process::serve(folder, &[]).await;
    let check = ["check", "--user", "17", "--action", "doc:delete", "--resource"];
    let allowed = run(&[&check[..], &["acrn:app:1:doc/7"]].concat());
    assert_eq!((code(&allowed), text(&allowed).lines().next()), (0, Some("allowed")), "{allowed:?}");
    let denied = run(&[&check[..], &["acrn:app:1:doc/legal/7"]].concat());
    assert_eq!((code(&denied), text(&denied).lines().next()), (1, Some("denied")), "{denied:?}");
    let wrong = run(&[&check[..], &["acrn:app:1:doc-*"]].concat());
    assert_eq!(code(&wrong), 2, "{wrong:?}");
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("doc-*"), "{wrong:?}");

    let listed = run(&["list", "--user", "17", "--action", "invoice:*", "--json"]);
    let answer: Value = serde_json::from_str(&text(&listed)).expect("JSON for machines");
    assert_eq!(answer["allow"], Value::Bool(true));
    crate::support::app::within("who-has is answered", || async {
        code(&run(&["who-has", "--action", "doc:read"])) == 0
    })
    .await;
    let csv = run(&["who-has", "--action", "doc:read", "--resource", "acrn:app:1:doc/7", "--format", "csv"]);
    assert!(text(&csv).starts_with("id,customerId,email,uiLanguage"), "{csv:?}");

    let token = run(&["token", "--user", "17"]);
    assert_eq!(code(&token), 0, "{token:?}");
    let own = run(&["check", "--user", "17", "--action", "doc:read", "--token", text(&token).trim()]);
    assert_eq!(code(&own), 0, "oneself is always allowed to ask: {own:?}");
    let other = run(&["check", "--user", "18", "--action", "doc:read", "--token", text(&token).trim()]);
    assert_eq!(code(&other), 2, "{other:?}");

    let rebuilt = run(&["rebuild", "--wait"]);
    assert_eq!(code(&rebuilt), 0, "{rebuilt:?}");
    assert!(text(&run(&["jobs"])).contains("rebuild"));
    let second = run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(code(&second), 2, "one process a database: {second:?}");
    assert!(server.terminate().await, "SIGTERM ends it with 0");

    let exported = run(&["export"]);
    std::fs::write(folder.join("again.ndjson"), &exported.stdout).expect("written");
    assert_eq!(code(&run(&["import", "again.ndjson"])), 0);
    assert_eq!(run(&["export"]).stdout, exported.stdout, "import of an export is the identity");
}

#[test]
fn wrong_usage_and_wrong_input_are_told_apart_from_trouble() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| permdex(folder.path(), arguments);
    assert_eq!(code(&run(&["nonsense"])), 2);
    assert_eq!(code(&run(&["token"])), 2);
    assert_eq!(code(&run(&["token", "--service", "a", "--ttl", "1 month"])), 2);
    assert_eq!(code(&run(&["import", "nowhere.ndjson"])), 2);
    let config = text(&run(&["config"]));
    assert!(config.contains("[http]") && !config.contains(crate::support::app::SECRET), "{config}");
    let openapi: Value = serde_json::from_str(&text(&run(&["openapi"]))).expect("JSON");
    assert!(openapi["paths"]["/v2/permission"]["post"].is_object());
    let serve = run(&["serve", "--no-worker"]);
    assert_eq!(code(&serve), 2, "{serve:?}");
}
