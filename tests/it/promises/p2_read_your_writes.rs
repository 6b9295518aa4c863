//! P2: after `completed: true` every answer includes the write, whoever else writes.

use crate::support::app::{App, Engine};
use permdex::clock::Clock;
use permdex::service::generate::demo;
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// How many writes are read; `PERMDEX_TEST_WRITES` names another number, for a long run.
const WRITES: usize = 300;
const OTHER_WRITERS: i64 = 8;
/// "Invoices, reading" of the demo: nobody outside Finance has it.
const POLICY: i64 = 7;
const RESOURCE: &str = "acrn:app:1:invoice/1";
const USER: i64 = 17;

async fn writes_are_read(engine: Engine) {
    let app = Arc::new(App::start(engine, demo(Clock::System.now()).collect()).await);
    let stop = CancellationToken::new();
    let others: Vec<_> =
        (1..=OTHER_WRITERS).map(|other| tokio::spawn(write(Arc::clone(&app), USER + other, stop.clone()))).collect();
    let had = app.allows(USER, "invoice:read", RESOURCE).await;
    let writes = std::env::var("PERMDEX_TEST_WRITES").ok().and_then(|number| number.parse().ok()).unwrap_or(WRITES);
    for round in 0..writes {
        let give = (round % 2 == 0) != had;
        if give {
            app.assign(POLICY, USER).await
        } else {
            app.remove(POLICY, USER).await
        };
        assert_eq!(app.allows(USER, "invoice:read", RESOURCE).await, give, "check, round {round}");
        let listed = app.who_has("invoice:read", RESOURCE, 10_000).await.contains(&USER);
        assert_eq!(listed, give, "who has, round {round}");
    }
    stop.cancel();
    for other in others {
        assert!(other.await.expect("no panic") > 0, "the others wrote");
    }
}

/// Writes without waiting until `stop`; says how often.
async fn write(app: Arc<App>, user: i64, stop: CancellationToken) -> usize {
    let mut writes = 0;
    while !stop.is_cancelled() {
        let (method, path) =
            if writes % 2 == 0 { (Method::POST, "assignPolicy") } else { (Method::DELETE, "removepolicy") };
        let body = json!({"policyId": POLICY, "userId": user});
        let answer = app.ask(method, &format!("/v2/permission/{path}"), body).await;
        assert!(matches!(answer.status, StatusCode::ACCEPTED | StatusCode::OK), "{answer:?}");
        writes += 1;
    }
    writes
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_beside_others_are_read_at_once_from_memory() {
    writes_are_read(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_beside_others_are_read_at_once_from_elasticsearch() {
    writes_are_read(Engine::Elastic).await;
}

/// `afterJobId` includes a write that nobody waited for, in check and in who-has.
async fn after_a_job(engine: Engine) {
    let app = App::start(engine, demo(Clock::System.now()).collect()).await;
    for round in 0..20 {
        let give = round % 2 == 0;
        let (method, path) = if give { (Method::POST, "assignPolicy") } else { (Method::DELETE, "removepolicy") };
        let written =
            app.ask(method, &format!("/v2/permission/{path}"), json!({"policyId": POLICY, "userId": USER})).await;
        let job = written.body["jobId"].clone();
        let check = json!({"requesterId": USER, "action": "invoice:read", "resource": RESOURCE, "afterJobId": job});
        assert_eq!(app.question(check).await["allow"], json!(give), "check, round {round}");
        let who = json!({"action": "invoice:read", "resource": RESOURCE, "afterJobId": job, "limit": 10_000});
        let answer = app.question(who).await;
        let listed = answer["users"].as_array().expect("users").iter().any(|user| user["id"] == json!(USER));
        assert_eq!(listed, give, "who has, round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_after_a_job_includes_it_from_memory() {
    after_a_job(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_after_a_job_includes_it_from_elasticsearch() {
    after_a_job(Engine::Elastic).await;
}
