//! A rebuild that is cancelled, and the one that waits behind another.

use super::{USERS, becomes, beside, job, rebuild, register, serving, small_pages, stalling};
use crate::support::app::{Engine, within};
use permdex::domain::UserId;
use permdex::index::{Generation, IndexError, UserRange};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn a_cancelled_rebuild_leaves_nothing_behind(engine: Engine) {
    let (app, gate) = stalling(engine).await;
    let before = serving(&app).await;
    gate.arm_for(USERS);
    let path = rebuild(&app).await;
    within("it has filled all but the last page", || async { gate.held() == 1 }).await;
    let running = job(&app, &path).await;
    assert_eq!((&running["state"], &running["processed"]), (&json!("running"), &json!(USERS - 100)), "{running}");
    assert!(running["usersPerSecond"].as_f64().is_some_and(|rate| rate > 0.0), "{running}");
    assert!(running["secondsLeft"].as_f64().is_some_and(|left| left >= 0.0), "{running}");

    let cancelled = app.ask(Method::POST, &format!("{path}/cancel"), Value::Null).await;
    assert_eq!(
        (cancelled.status, &cancelled.body["state"]),
        (StatusCode::OK, &json!("cancelled")),
        "{}",
        cancelled.body
    );
    let again = app.ask(Method::POST, &format!("{path}/cancel"), Value::Null).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.body);
    gate.release();
    within("what was built is deleted", || async {
        register(&app).await.last().is_some_and(|(_, state)| state == "dropped")
    })
    .await;
    let (name, _) = register(&app).await.pop().expect("it was registered");
    let gone = app.assembly.cluster.index.versions(&Generation(name.into()), UserRange::default(), 1).await;
    assert!(matches!(gone, Err(IndexError::NotReady)), "{gone:?}");
    assert_eq!((serving(&app).await, job(&app, &path).await["state"].clone()), (before.clone(), json!("cancelled")));

    // The next one begins at the beginning.
    let done = becomes(&app, &rebuild(&app).await, "done").await;
    assert_eq!((&done["processed"], &done["total"]), (&json!(USERS), &json!(USERS)), "{done}");
    assert_ne!(serving(&app).await, before);
    let index = &app.assembly.cluster.index;
    let versions = index.versions(&serving(&app).await, UserRange::default(), 10_000).await.expect("it answers");
    assert_eq!(versions.iter().map(|(user, _)| *user).collect::<Vec<_>>(), (1..=USERS).map(UserId).collect::<Vec<_>>());

    let written = app.assign(super::POLICY, 17).await;
    let refresh = format!("/v2/permission/job/{}/cancel", written["jobId"].as_str().expect("a job"));
    let refused = app.ask(Method::POST, &refresh, Value::Null).await;
    assert!(
        refused.status == StatusCode::CONFLICT && refused.body["detail"].as_str().unwrap().contains("only rebuilds"),
        "{}",
        refused.body
    );
    let unknown = app.ask(Method::POST, "/v2/permission/job/01890a5d-ac96-774b-bcce-b302099a8057/cancel", Value::Null);
    assert_eq!(unknown.await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_rebuild_leaves_nothing_behind_in_memory() {
    a_cancelled_rebuild_leaves_nothing_behind(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_rebuild_leaves_nothing_behind_in_elasticsearch() {
    a_cancelled_rebuild_leaves_nothing_behind(Engine::Elastic).await;
}

/// Behind a running rebuild exactly one waits, however many ask and however many instances could do it.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_waits_for_the_one_that_runs() {
    let (app, gate) = stalling(Engine::Elastic).await;
    let mut other = beside(&app, small_pages(), |index| index).await;
    gate.arm_for(USERS);
    // Until it is this instance that has it: the other one's writes pass no gate.
    let mut first = rebuild(&app).await;
    while gate.held() == 0 {
        if job(&app, &first).await["state"] == "done" {
            first = rebuild(&app).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let second = rebuild(&app).await;
    assert_ne!(first, second);
    assert_eq!(rebuild(&app).await, second, "a third request joins the second");
    let registered = register(&app).await;
    // Longer than the other instance needs to look for work, twice.
    tokio::time::sleep(small_pages().poll * 2).await;
    assert_eq!(job(&app, &second).await["state"], json!("queued"));
    assert_eq!(register(&app).await, registered);
    gate.release();
    becomes(&app, &first, "done").await;
    becomes(&app, &second, "done").await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_is_retried_and_another_is_not() {
    let (app, _) = stalling(Engine::Embedded).await;
    let path = rebuild(&app).await;
    becomes(&app, &path, "done").await;
    let refused = app.ask(Method::POST, &format!("{path}/retry"), Value::Null).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    // As after a worker was lost too often.
    let id = path.rsplit('/').next().expect("an id");
    sqlx::query("update jobs set state = 'failed', error = 'lost' where id = $1::uuid")
        .bind(id)
        .execute(&app.database.pool)
        .await
        .expect("noted");
    let before = serving(&app).await;
    let retried = app.ask(Method::POST, &format!("{path}/retry"), Value::Null).await;
    assert_eq!(retried.status, StatusCode::OK, "{}", retried.body);
    becomes(&app, &path, "done").await;
    assert_ne!(serving(&app).await, before);
}
