//! A new generation is compared before it serves.

use super::{POLICY, RESOURCE, USERS, becomes, demo_database, is_kept, rebuild, serving, small_pages};
use crate::support::app::{App, Engine, within};
use crate::support::losing::Losing;
use crate::support::stalling::{Gate, Stalling};
use parking_lot::Mutex;
use reqwest::Method;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

type Left = Arc<Mutex<HashMap<i64, usize>>>;

async fn losing(engine: Engine, left: &[(i64, usize)]) -> (App, Left, Arc<Gate>) {
    let left: Left = Arc::new(Mutex::new(left.iter().copied().collect()));
    let gate = Arc::new(Gate::default());
    let (of_index, behind) = (Arc::clone(&left), Arc::clone(&gate));
    let wrap = |index| Arc::new(Stalling::new(Arc::new(Losing::new(index, of_index)), behind)) as _;
    let app = App::launch_on(engine, demo_database().await, small_pages(), wrap).await;
    app.ready().await;
    (app, left, gate)
}

async fn what_got_lost_is_written_again(engine: Engine) {
    let (app, left, _) = losing(engine, &[(1, 1), (17, 2), (USERS, 1)]).await;
    assert!(left.lock().values().all(|left| *left == 0), "they were lost");
    for user in [1, 17, USERS] {
        assert!(is_kept(&app, user).await, "user {user} is not in the index that serves");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_got_lost_on_the_way_to_memory_is_written_again() {
    what_got_lost_is_written_again(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_got_lost_on_the_way_to_elasticsearch_is_written_again() {
    what_got_lost_is_written_again(Engine::Elastic).await;
}

async fn what_stays_incomplete_does_not_serve(engine: Engine) {
    let (app, left, _) = losing(engine, &[]).await;
    let before = serving(&app).await;
    left.lock().insert(17, 1_000);
    let failed = becomes(&app, &rebuild(&app).await, "failed").await;
    assert!(failed["error"].as_str().expect("why").contains("user `17`"), "{failed}");
    assert_eq!(serving(&app).await, before);
    assert!(is_kept(&app, 17).await);
    left.lock().clear();
    becomes(&app, &rebuild(&app).await, "done").await;
    assert_ne!(serving(&app).await, before);
    assert!(is_kept(&app, 17).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_incomplete_does_not_serve_from_memory() {
    what_stays_incomplete_does_not_serve(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_incomplete_does_not_serve_from_elasticsearch() {
    what_stays_incomplete_does_not_serve(Engine::Elastic).await;
}

/// A change that was written to the serving generation only is in the next one too.
async fn what_was_overtaken_is_written_again(engine: Engine) {
    let (app, left, gate) = losing(engine, &[]).await;
    app.remove(POLICY, 17).await;
    assert!(!app.allows(17, "invoice:read", RESOURCE).await, "he had it otherwise");
    gate.arm_for(USERS);
    let path = rebuild(&app).await;
    within("everybody but the last page is filled", || async { gate.held() == 1 }).await;
    left.lock().insert(17, 1);
    // As `completed` tells, it is in every generation: here one of them lies.
    let body = json!({"policyId": POLICY, "userId": 17, "waitForCompletion": true});
    let given = app.ask(Method::POST, "/v2/permission/assignPolicy", body).await;
    assert_eq!(given.body["completed"], json!(true), "{}", given.body);
    assert_eq!(left.lock().get(&17), Some(&0), "it was lost");
    gate.release();
    becomes(&app, &path, "done").await;
    assert!(app.allows(17, "invoice:read", RESOURCE).await, "the new generation has an older document");
    assert!(app.who_has("invoice:read", RESOURCE, 10_000).await.contains(&17));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_overtaken_in_memory_is_written_again() {
    what_was_overtaken_is_written_again(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_overtaken_in_elasticsearch_is_written_again() {
    what_was_overtaken_is_written_again(Engine::Elastic).await;
}

/// What stays of a deleted user, so that no late writer brings him back, goes with the next generation.
async fn traces_of_the_deleted_are_purged(engine: Engine) {
    let (app, _, _) = losing(engine, &[]).await;
    let deleted =
        app.ask(Method::DELETE, "/v2/user/40?waitForCompletion=true&cascade=true", serde_json::Value::Null).await;
    assert_eq!(deleted.body["completed"], json!(true), "{}", deleted.body);
    assert!(is_kept(&app, 40).await, "his empty document guards against late writers");
    becomes(&app, &rebuild(&app).await, "done").await;
    assert!(!is_kept(&app, 40).await);
    assert!(is_kept(&app, 41).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_of_the_deleted_are_purged_from_memory() {
    traces_of_the_deleted_are_purged(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_of_the_deleted_are_purged_from_elasticsearch() {
    traces_of_the_deleted_are_purged(Engine::Elastic).await;
}
