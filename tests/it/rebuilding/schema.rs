//! A release with a new schema of the index rolls out while the one before still reads: the steps of
//! docs/OPERATIONS.md ("A new schema of the index").

use super::{POLICY, RESOURCE, becomes, beside, demo_database, rebuild, register, serving, small_pages};
use crate::support::app::{App, Engine, within};
use permdex::cli::runtime::Assembly;
use permdex::domain::UserId;
use permdex::index::{Document, Generation};
use permdex::refresh;
use serde_json::json;
use std::sync::Arc;

fn next_schema() -> refresh::Settings {
    refresh::Settings { schema_version: 2, ..small_pages() }
}

async fn of_next(next: &Assembly) -> Option<Generation> {
    next.cluster.index.serving().await.expect("it answers")
}

async fn found(next: &Assembly, user: i64) -> Arc<Document> {
    next.cluster.index.get(UserId(user)).await.expect("it answers").expect("it is there")
}

/// An instance of this release that serves, and one of the next beside it whose index is built.
async fn two_releases() -> (App, Assembly) {
    let app = App::launch_on(Engine::Elastic, demo_database().await, small_pages(), |index| index).await;
    app.ready().await;
    let next = beside(&app, next_schema(), |index| index).await;
    // Step 1: the new instance builds its own; until then it answers from PostgreSQL.
    within("the new schema serves", || async { of_next(&next).await.is_some() }).await;
    app.drained().await;
    (app, next)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_schema_is_built_beside_the_one_that_is_read() {
    let (mut app, mut next) = two_releases().await;
    let old = serving(&app).await;
    assert!(old.0.contains("-v1-") && of_next(&next).await.expect("it serves").0.contains("-v2-"));
    // Both releases serve, and a change of either shows in both: only workers that know both schemas claim.
    let before = found(&next, 17).await.permissions.statements.len();
    app.assign(POLICY, 17).await;
    assert!(app.allows(17, "invoice:read", RESOURCE).await);
    assert!(app.who_has("invoice:read", RESOURCE, 10_000).await.contains(&17));
    assert!(found(&next, 17).await.permissions.statements.len() > before);

    // Step 2: the old instances stop. Step 3: a rebuild by the new ones retires the old schema.
    app.assembly.stop().await;
    assert_eq!(serving(&app).await, old, "who is late still reads");
    let path = rebuild(&app).await;
    becomes(&app, &path, "done").await;
    within("the old schema's index is deleted", || async {
        register(&app).await.iter().any(|(name, state)| **name == *old.0 && state == "dropped")
    })
    .await;
    let states = register(&app).await;
    assert_eq!(states.iter().filter(|(_, state)| state == "serving").count(), 1, "{states:?}");
    next.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_taken_back_without_losing_a_change() {
    let (app, mut next) = two_releases().await;
    let body = json!({"policyId": POLICY, "userId": 17});
    next.stop().await;
    // Nobody who knows the new schema is left: jobs wait.
    let waiting = app.ask(reqwest::Method::POST, "/v2/permission/assignPolicy", body).await;
    assert!(waiting.status.is_success(), "{}", waiting.body);
    tokio::time::sleep(small_pages().poll * 2).await;
    let job = format!("/v2/permission/job/{}", waiting.body["jobId"].as_str().expect("a job"));
    assert_eq!(super::job(&app, &job).await["state"], json!("queued"));
    // As docs/OPERATIONS.md says.
    let sql = "update index_generations set state = 'retired', retired_at = now()
               where schema_version = 2 and state in ('building', 'serving')";
    sqlx::query(sql).execute(&app.database.pool).await.expect("taken back");
    becomes(&app, &job, "done").await;
    assert!(app.who_has("invoice:read", RESOURCE, 10_000).await.contains(&17));
}
