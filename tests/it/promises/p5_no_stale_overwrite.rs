//! P5: a worker that stalls between its snapshot and its write does not bring back what was taken away.

use crate::support::app::{App, Engine, within};
use crate::support::stalling::{Gate, Stalling};
use permdex::clock::Clock;
use permdex::service::generate::demo;
use reqwest::Method;
use serde_json::json;
use std::sync::Arc;

/// "Invoices, reading" of the demo.
const POLICY: i64 = 7;
const USER: i64 = 17;
const RESOURCE: &str = "acrn:app:1:invoice/1";

async fn late_writer_loses(engine: Engine) {
    let gate = Arc::new(Gate::default());
    let lines = demo(Clock::System.now()).collect();
    let behind = Arc::clone(&gate);
    let app = App::start_wrapped(engine, lines, |index| Arc::new(Stalling::new(index, behind))).await;
    app.assign(POLICY, USER).await;
    assert!(app.allows(USER, "invoice:read", RESOURCE).await, "the policy gives what is asked for");
    app.remove(POLICY, USER).await;
    for round in 1..=5 {
        gate.arm();
        let body = json!({"policyId": POLICY, "userId": USER});
        let given = app.ask(Method::POST, "/v2/permission/assignPolicy", body).await;
        assert!(given.status.is_success(), "{given:?}");
        within("a worker has read what was given and stalls", || async { gate.held() == round }).await;
        app.remove(POLICY, USER).await;
        gate.release();
        within("the late write came to its end", || async { gate.passed() == round }).await;
        app.drained().await;
        assert!(!app.allows(USER, "invoice:read", RESOURCE).await, "what was taken away came back, round {round}");
        assert!(!app.who_has("invoice:read", RESOURCE, 10_000).await.contains(&USER), "found again, round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_writer_loses_in_memory() {
    late_writer_loses(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_writer_loses_in_elasticsearch() {
    late_writer_loses(Engine::Elastic).await;
}
