//! The command line as its user types it: the built program, its output and its exit codes.

use crate::support::process::{Process, code, permdex, text};
use permdex::clock::Clock;
use permdex::service::generate::demo;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn a_day_at_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let lines: Vec<String> = demo(Clock::System.now()).collect();
    std::fs::write(folder.join("demo.ndjson"), lines.join("\n")).expect("written");
    let run = |arguments: &[&str]| permdex(folder, arguments, &[]);

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

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_temporary_grants_at_the_command_line_and_across_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let lines = r#"{"kind":"customer","id":1,"organization":"acme","name":"Acme"}
{"kind":"user","id":17,"customerId":1,"email":"u17@example.org"}"#;
    std::fs::write(folder.join("two.ndjson"), lines).expect("written");
    let run = |arguments: &[&str]| permdex(folder, arguments, &[]);
    assert_eq!(code(&run(&["import", "two.ndjson"])), 0);
    let server = Process::serve(folder, &[]).await;
    let acme = ["--organization", "acme"];

    let conditional = r#"{"permission_name":"Doc:Edit","conditions":{"color":{"type":"Equals","value":"red"}}}"#;
    let create = ["role", "create", "head of/all?", "--description", "Heads.", "--grant", "Doc:Read", "--grant"];
    let created = run(&[&create[..], &[conditional], &acme].concat());
    assert!(text(&created).starts_with("role `head of/all?` has the id "), "{created:?}");
    let again = run(&[&create[..], &[conditional], &acme].concat());
    assert!(code(&again) == 2 && String::from_utf8_lossy(&again.stderr).contains("409"), "{again:?}");
    let listed = run(&[&["role", "list", "--grants"][..], &acme].concat());
    assert!(text(&listed).contains("head of/all?") && text(&listed).contains("Doc:Edit where {"), "{listed:?}");
    let assigned = run(&[&["role", "assign", "head of/all?", "--user", "17"][..], &acme].concat());
    assert!(text(&assigned).starts_with("user 17 has the role `head of/all?`"), "{assigned:?}");
    let check = |action: &'static str| {
        code(&run(&[
            "check",
            "--user",
            "17",
            "--resource",
            "acrn:app:1:doc/7",
            "--attribute",
            "color=red",
            "--action",
            action,
        ]))
    };
    assert_eq!([check("Doc:Read"), check("Doc:Edit"), check("Doc:Print")], [0, 0, 1]);

    let grant =
        ["grant", "create", "--user", "17", "--because", "on call tonight", "--tag", "ticket=4711", "--tag", "night"];
    let wrong = run(&[&grant[..], &["--permission", "Doc:Print", "--for", "soon"], &acme].concat());
    assert_eq!(code(&wrong), 2, "{wrong:?}");
    let given =
        run(&[&grant[..], &["--permission", "Doc:Print", "--for", "8s", "--where", "color=red"], &acme].concat());
    assert!(text(&given).starts_with("user 17 may `Doc:Print` until "), "{given:?}");
    for _ in 0..12 {
        let day = run(&[&grant[..], &["--permission", "Doc:Sign", "--for", "P1D"], &acme].concat());
        assert_eq!(code(&day), 0, "{day:?}");
    }
    let all = run(&[&["grant", "list", "--sort", "-expires_at", "--tag", "night:", "--json"][..], &acme].concat());
    let all: Value = serde_json::from_str(&text(&all)).expect("JSON for machines");
    assert_eq!(all["temporary_permission_grants"].as_array().map(Vec::len), Some(13), "over two pages");
    let few = run(&[&["grant", "list", "--limit", "11", "--permission", "Doc:Sign"][..], &acme].concat());
    assert_eq!((text(&few).lines().count(), few.stderr.is_empty()), (12, false), "{few:?}");

    assert!(server.terminate().await, "SIGTERM ends it with 0");
    let server = Process::serve(folder, &[]).await;
    let until: jiff::Timestamp =
        all["temporary_permission_grants"][12]["expires_at"].as_str().expect("a time").parse().expect("a time");
    let before = check("Doc:Print");
    // Started in time, it still gives; from its instant on, nothing.
    assert!(before == 0 || Clock::System.now() >= until, "denied before {until}");
    crate::support::app::within("it has expired", || async { check("Doc:Print") == 1 }).await;
    assert!(Clock::System.now() >= until);
    assert_eq!([check("Doc:Read"), check("Doc:Sign")], [0, 0]);
    assert!(server.terminate().await, "SIGTERM ends it with 0");
}

#[test]
fn wrong_usage_and_wrong_input_are_told_apart_from_trouble() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| permdex(folder.path(), arguments, &[]);
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
