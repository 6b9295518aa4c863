//! The largest list of members that there may be, written whole.

use super::service;
use crate::support::app::{App, Engine};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Instant;

const USERS: i64 = 100_000;
/// Ids as long as they get, so that the list is longer than other bodies may be.
const FIRST: i64 = 4_000_000_000_000_000_000;
const PATH: &str = "/v2/securityGroup/1/member";

fn lines() -> Vec<String> {
    let statements = json!([{"effect": "allow", "actions": ["doc:read"], "resources": ["acrn:app:1:doc/*"]}]);
    let fixed = [
        json!({"kind": "customer", "id": 1, "organization": "acme", "name": "Acme"}),
        json!({"kind": "securityGroup", "id": 1, "customerId": 1, "name": "Everybody"}),
        json!({"kind": "policy", "id": 1, "name": "readers", "statements": statements}),
        json!({"kind": "assignment", "policyId": 1, "securityGroupId": 1}),
    ];
    // One more than fits.
    let users = (0..=USERS)
        .map(|at| json!({"kind": "user", "id": FIRST + at, "customerId": 1, "email": format!("u{at}@acme.example")}));
    fixed.into_iter().chain(users).map(|line| line.to_string()).collect()
}

fn list(count: i64) -> Value {
    json!({"userIds": (FIRST..FIRST + count).collect::<Vec<_>>()})
}

async fn readers(app: &App) -> i64 {
    let count = app.question(json!({"action": "doc:read", "resource": "acrn:app:1:doc/7", "limit": 0})).await;
    count["size"].as_i64().expect("a size")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_members_are_written_at_once_and_not_one_more() {
    let app = App::start(Engine::Embedded, lines()).await;
    let root = service(&app);
    let more = root.send(Method::PUT, PATH, list(USERS + 1)).await;
    assert_eq!(more.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", more.body);
    assert!(more.body["detail"].as_str().expect("a detail").contains("100001 ids"), "{}", more.body);
    let padded = json!({"userIds": [FIRST], "x".repeat(4 << 20): 1});
    assert_eq!(root.send(Method::PUT, PATH, padded).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(readers(&app).await, 0);

    let begun = Instant::now();
    let written = root.send(Method::PUT, PATH, list(USERS)).await;
    let committed = begun.elapsed();
    assert_eq!((written.status, &written.body["added"]), (StatusCode::ACCEPTED, &json!(USERS)), "{}", written.body);
    app.drained().await;
    println!("{USERS} members: committed in {committed:?}, visible in {:?} (development build)", begun.elapsed());
    assert_eq!(readers(&app).await, USERS);

    let again = root.send(Method::PUT, PATH, list(USERS)).await;
    assert_eq!((again.status, &again.body["changed"]), (StatusCode::OK, &json!(false)), "{}", again.body);
    let one = root.send(Method::PUT, PATH, list(1)).await;
    assert_eq!((&one.body["added"], &one.body["removed"]), (&json!(0), &json!(USERS - 1)), "{}", one.body);
    app.drained().await;
    assert_eq!(readers(&app).await, 1, "who was cut off has nothing");
}
