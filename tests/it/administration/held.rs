//! A policy that thousands hold is changed: everybody sees it when the answer says so, and questions go on meanwhile.

use super::service;
use crate::support::app::{App, Engine};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

const USERS: i64 = 10_000;

fn lines() -> Vec<String> {
    let mut lines = vec![json!({"kind": "customer", "id": 1, "organization": "acme", "name": "Acme"})];
    lines.extend(
        (1..=USERS).map(|id| json!({"kind": "user", "id": id, "customerId": 1, "email": format!("u{id}@x.example")})),
    );
    lines.push(json!({"kind": "policy", "id": 1, "name": "all", "statements": statements("doc:read")}));
    lines.push(json!({"kind": "policy", "id": 2, "name": "steady", "statements": statements("doc:list")}));
    lines.push(json!({"kind": "assignment", "policyId": 1, "customerId": 1}));
    lines.push(json!({"kind": "assignment", "policyId": 2, "customerId": 1}));
    lines.iter().map(Value::to_string).collect()
}

fn statements(action: &str) -> Value {
    json!([{"effect": "allow", "actions": [action], "resources": ["acrn:app:1:doc/*"]}])
}

async fn changed(engine: Engine) {
    let app = App::start(engine, lines()).await;
    let root = service(&app);
    let (done, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let doc = "acrn:app:1:doc/7";
    // What the change does not touch is answered all the while, and right.
    let readers = async {
        while !done.load(Ordering::Relaxed) {
            assert!(
                app.allows(1 + i64::try_from(asked.load(Ordering::Relaxed)).unwrap() % USERS, "doc:list", doc).await
            );
            let count = app.question(json!({"action": "doc:list", "resource": doc, "limit": 0})).await;
            assert_eq!(count["size"], json!(USERS));
            asked.fetch_add(1, Ordering::Relaxed);
        }
    };
    let change = async {
        let begun = Instant::now();
        let body = json!({"name": "all", "statements": statements("doc:edit")});
        root.write(Method::PUT, "/v2/policy/1", body).await;
        let took = begun.elapsed();
        for (action, size) in [("doc:edit", USERS), ("doc:read", 0)] {
            let count = app.question(json!({"action": action, "resource": doc, "limit": 0})).await;
            assert_eq!(count["size"], json!(size), "{action}");
        }
        done.store(true, Ordering::Relaxed);
        took
    };
    let (took, ()) = tokio::join!(change, readers);
    let asked = asked.load(Ordering::Relaxed);
    println!(
        "{engine:?}: a policy of {USERS} users changed and visible in {took:?}, {asked} checks and counts meanwhile"
    );
    assert!(asked > 0, "nobody asked meanwhile");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_of_ten_thousand_is_changed_on_the_embedded_engine() {
    changed(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_of_ten_thousand_is_changed_on_elasticsearch() {
    changed(Engine::Elastic).await;
}
