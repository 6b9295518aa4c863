//! Filling an index takes no more work than it needs: nobody is read twice, and nobody waits for what is done already.

use crate::support::app::{App, Engine, within};
use crate::support::stalling::{Gate, Stalling};
use permdex::clock::Clock;
use permdex::service::generate::demo;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

/// "Invoices, reading" of the demo.
const POLICY: i64 = 7;
const USER: i64 = 17;
const RESOURCE: &str = "acrn:app:1:invoice/1";

/// What the gate counts, and the app behind it whose index serves.
async fn filled(engine: Engine) -> (App, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let behind = Arc::clone(&gate);
    let lines = demo(Clock::System.now()).collect();
    (App::start_wrapped(engine, lines, |index| Arc::new(Stalling::new(index, behind))).await, gate)
}

async fn users(app: &App) -> usize {
    let count: i64 =
        sqlx::query_scalar("select count(*) from users").fetch_one(&app.database.pool).await.expect("counted");
    usize::try_from(count).expect("not negative")
}

async fn one_write_a_user(engine: Engine) {
    let (app, gate) = filled(engine).await;
    // The import's own job came first, when there was no generation to write to.
    assert_eq!(gate.documents(), users(&app).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_fill_in_memory_writes_everybody_once() {
    one_write_a_user(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_fill_of_elasticsearch_writes_everybody_once() {
    one_write_a_user(Engine::Elastic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_serves_is_done_without_another_refresh() {
    let (app, gate) = filled(Engine::Elastic).await;
    let before = (gate.documents(), gate.refreshes());
    let begun = app.ask(Method::POST, "/v2/permission/rebuild", json!({})).await;
    let path = format!("/v2/permission/job/{}", begun.body["jobId"].as_str().expect("a job"));
    within("the rebuild is done", || async {
        app.ask(Method::GET, &path, Value::Null).await.body["state"] == json!("done")
    })
    .await;
    assert_eq!((gate.documents() - before.0, gate.refreshes() - before.1), (users(&app).await, 1));
}

/// A change while the first generation is being filled is in it, though the fill had read him before.
async fn early_change(engine: Engine) {
    let gate = Arc::new(Gate::default());
    gate.arm();
    let behind = Arc::clone(&gate);
    let lines = demo(Clock::System.now()).collect();
    // The first write of the build stalls, after its page was read.
    let app = App::launch(engine, lines, |index| Arc::new(Stalling::new(index, behind))).await;
    within("the build has read its first page", || async { gate.held() == 1 }).await;
    let had = app.allows(USER, "invoice:read", RESOURCE).await;
    if had {
        app.remove(POLICY, USER).await;
    } else {
        app.assign(POLICY, USER).await;
    }
    assert_ne!(app.allows(USER, "invoice:read", RESOURCE).await, had, "answered from the database");
    gate.release();
    app.ready().await;
    assert_ne!(app.allows(USER, "invoice:read", RESOURCE).await, had, "answered from what was built");
    assert_ne!(app.who_has("invoice:read", RESOURCE, 10_000).await.contains(&USER), had);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_during_the_first_fill_in_memory_is_kept() {
    early_change(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_during_the_first_fill_of_elasticsearch_is_kept() {
    early_change(Engine::Elastic).await;
}
