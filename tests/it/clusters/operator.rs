//! Storage clusters as an operator has them: configured, started with one of them away, asked at the command line.

use crate::support::app::{service_token, within};
use crate::support::guarded::Guarded;
use crate::support::process::{Process, code, permdex, text};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// `eu` has everything of its own below the data directory; nobody listens where `us` should be.
const CLUSTERS: [(&str, &str); 3] = [
    ("PERMDEX__CLUSTERS__EU__INDEX__ENGINE", "embedded"),
    ("PERMDEX__CLUSTERS__US__DATABASE__URL", "postgres://nobody@127.0.0.1:1/nothing"),
    ("PERMDEX__CLUSTERS__US__DATABASE__ACQUIRE_TIMEOUT", "100ms"),
];

fn file(folder: &Path, organization: &str, action: &str) -> String {
    let name = format!("{organization}.ndjson");
    let lines = super::lines(organization, action, &[17, 18]);
    std::fs::write(folder.join(&name), lines.join("\n")).expect("written");
    name
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_with_three_clusters_one_of_which_is_away() {
    let guarded = Guarded::new();
    let folder = guarded.path();
    let run = |arguments: &[&str]| permdex(folder, arguments, &CLUSTERS);
    let (acme, globex) = (file(folder, "acme", "doc:read"), file(folder, "globex", "doc:write"));
    assert_eq!(code(&run(&["import", &acme])), 0);
    let server = Process::serve(folder, &CLUSTERS).await;

    let imported = run(&["import", &globex, "--cluster", "eu"]);
    assert_eq!(code(&imported), 0, "{imported:?}");
    let check = |cluster: &[&str], action: &str| {
        code(&run(&[&["check", "--user", "17", "--resource", super::DOC, "--action", action], cluster].concat()))
    };
    let eu = &["--cluster", "eu"][..];
    within("a running server sees what was imported", || async { check(eu, "doc:write") == 0 }).await;
    assert_eq!((check(&[], "doc:read"), check(&[], "doc:write"), check(eu, "doc:read")), (0, 1, 1));
    assert_eq!((check(&["--cluster", "us"], "doc:read"), check(&["--cluster", "x"], "doc:read")), (3, 2));

    let token = run(&["token", "--user", "17", "--cluster", "eu"]);
    let own = text(&token);
    let as_user = &["--token", own.trim()][..];
    assert_eq!((check(as_user, "doc:write"), check(as_user, "doc:read")), (0, 1), "{token:?}");
    assert_eq!(code(&run(&["token", "--user", "17", "--cluster", "us", "--org", "a"])), 2, "one of the two");
    assert_eq!(code(&run(&["rebuild", "--wait", "--cluster", "eu"])), 0);
    assert!(text(&run(&["export", "--cluster", "eu"])).contains("globex"));
    assert!(text(&run(&["export"])).contains("acme"));
    assert_eq!(code(&run(&["migrate", "--cluster", "eu"])), 0);
    let unknown = run(&["import", &globex, "--cluster", "x"]);
    assert!(code(&unknown) == 2 && String::from_utf8_lossy(&unknown.stderr).contains("`eu`, `us`"), "{unknown:?}");

    let customer = r#"{"kind":"customer","id":9,"organization":"globex","name":"Globex"}"#;
    std::fs::write(folder.join("twice.ndjson"), customer).expect("written");
    let twice = run(&["import", "twice.ndjson"]);
    let words = String::from_utf8_lossy(&twice.stderr).into_owned();
    assert!(
        code(&twice) == 2 && words.contains("line 1") && words.contains("`globex`") && words.contains("`eu`"),
        "{words}"
    );
    assert!(words.contains("`us` can't be asked"), "{words}");

    // A machine that stood still for seconds costs an embedded index its lock: it is filled again then, and says so.
    within("two clusters are ready and one is down", || async {
        let ready = get(&server.url, "/readyz").await;
        let clusters = ready["clusters"].as_array().expect("clusters");
        clusters.iter().map(|one| &one["status"]).eq(["ready", "ready", "down"])
    })
    .await;
    let metrics = get(&server.url, "/metrics").await;
    let metrics = metrics.as_str().expect("text");
    assert!(metrics.contains("permdex_dependency_up{cluster=\"us\",dependency=\"database\"} 0"), "{metrics}");
    assert!(metrics.contains("permdex_dependency_up{cluster=\"eu\",dependency=\"database\"} 1"), "{metrics}");

    assert!(server.terminate().await, "SIGTERM ends it with 0, and all its databases");
    for data in ["postgres/data", "clusters/eu/postgres/data"] {
        assert!(folder.join(data).join("PG_VERSION").exists(), "{data}");
        assert!(!folder.join(data).join("postmaster.pid").exists(), "{data} has a server left");
    }
}

async fn get(url: &str, path: &str) -> Value {
    let answer =
        Client::new().get(format!("{url}{path}")).bearer_auth(service_token()).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    let text = answer.text().await.expect("text");
    serde_json::from_str(&text).unwrap_or(json!(text))
}

#[test]
fn an_instance_without_workers_needs_an_index_that_others_fill_in_every_cluster() {
    let folder = tempfile::tempdir().expect("a folder");
    for command in [&["serve", "--no-worker"][..], &["worker"]] {
        let refused = Command::new(env!("CARGO_BIN_EXE_permdex"))
            .args(command)
            .current_dir(folder.path())
            .env("PERMDEX__INDEX__ENGINE", "elasticsearch")
            .env("PERMDEX__INDEX__URL", "http://127.0.0.1:1")
            .env("PERMDEX__CLUSTERS__EU__INDEX__ENGINE", "embedded")
            .output()
            .expect("it runs");
        let words = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(code(&refused) == 2 && words.contains("`clusters.eu.index.engine`"), "{words}");
    }
}
