//! One cluster's PostgreSQL is away: the others do not notice.

use super::{ASK, DOC, apart};
use crate::support::app::{App, within};
use crate::support::way::Way;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn assign(app: &App, cluster: &str, user: i64) -> crate::support::app::Answer {
    let body = json!({"policyId": 5, "userId": user, "waitForCompletion": true});
    app.ask_on(cluster, app.service(), Method::POST, "/v2/permission/assignPolicy", body).await
}

/// Everything that `default` does, to its end.
async fn all_goes_on(app: &App) {
    let acme = app.token_of(17, "acme");
    for token in [&acme, app.service()] {
        assert_eq!(app.checks(None, token, 17, "doc:read").await, (200, Some(true)));
        let list = app.ask_as(token, Method::POST, ASK, json!({"requesterId": 17, "list": true})).await;
        assert_eq!(list.status, StatusCode::OK, "{}", list.body);
    }
    assert_eq!(app.who_on("default", "doc:read").await, [17, 18]);
    let written = app.assign(5, 18).await;
    assert_eq!(written["changed"], json!(true));
    assert!(app.allows(18, "invoice:pay", "acrn:app:1:invoice/1").await);
    app.remove(5, 18).await;
    let user = json!({"customerId": 1, "email": "new@acme.example"});
    let made = app.ask(Method::PUT, "/v2/user/99?waitForCompletion=true", user).await;
    assert!(made.status.is_success(), "{}", made.body);
    assert_eq!(app.checks(None, &app.token_of(99, "acme"), 99, "doc:read").await, (200, Some(false)));
    let deleted = app.ask(Method::DELETE, "/v2/user/99?cascade=true&waitForCompletion=true", Value::Null).await;
    assert!(deleted.status.is_success(), "{}", deleted.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_and_writes_of_one_cluster_do_not_wait_for_another_s_database() {
    let (app, passage) = apart().await;
    passage.set(Way::HeldUp);
    // It waits for its own database for as long as that is away: whatever waited for it would end after it.
    let mut waiting = std::pin::pin!(assign(&app, "eu", 19));
    tokio::select! {
        early = &mut waiting => panic!("{}", early.body),
        () = all_goes_on(&app) => {}
    }
    passage.set(Way::Cut);
    assert_eq!(waiting.await.status, StatusCode::SERVICE_UNAVAILABLE);
    all_goes_on(&app).await;
    assert_eq!(assign(&app, "eu", 19).await.status, StatusCode::SERVICE_UNAVAILABLE);
    passage.set(Way::Open);
    within("it is back", || async { assign(&app, "eu", 19).await.status == StatusCode::OK }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_away_is_told_by_readyz_and_does_not_end_the_instance() {
    let (app, passage) = apart().await;
    within("all is well", || async { app.readiness().await.1["status"] == json!("ready") }).await;
    let (_, ready) = app.readiness().await;
    let all = json!([{"name": "default", "status": "ready"}, {"name": "eu", "status": "ready"}]);
    assert_eq!(ready["clusters"], all, "{ready}");
    passage.set(Way::Cut);
    within("it is noticed, index and all", || async {
        app.readiness().await.1["clusters"][1]["status"] == json!("down")
    })
    .await;
    let (status, degraded) = app.readiness().await;
    assert_eq!((status, &degraded["status"]), (200, &json!("degraded")), "{degraded}");
    assert_eq!(degraded["clusters"][0]["status"], json!("ready"), "{degraded}");
    let away = degraded["degraded"].as_array().expect("what is away");
    assert!(!away.is_empty() && away.iter().all(|one| one["cluster"] == json!("eu")), "{degraded}");
    let question = json!({"requesterId": 17, "action": "doc:write", "resource": DOC});
    let gone = app.ask_on("eu", app.service(), Method::POST, ASK, question).await;
    assert_eq!(gone.status, StatusCode::SERVICE_UNAVAILABLE, "{}", gone.body);
    passage.set(Way::Open);
    within("it is back", || async { app.readiness().await.1["status"] == json!("ready") }).await;
    within("its index is filled again", || async {
        app.checks(Some("eu"), app.service(), 17, "doc:write").await == (200, Some(true))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_organization_nobody_knows_is_not_refused_while_a_cluster_may_have_it() {
    let (app, passage) = apart().await;
    within("its organizations are known", || async { app.eu().assembly.cluster.directory.is_loaded() }).await;
    passage.set(Way::Cut);
    let stranger = app.token_of(17, "nowhere");
    within("it is asked in vain", || async { app.checks(None, &stranger, 17, "doc:read").await.0 == 503 }).await;
    // A service is not refused for it: there it is `default`'s, as when all are there.
    assert_eq!(app.checks(None, &app.service_of("nowhere"), 17, "doc:read").await, (200, Some(true)));
    // What is known stays known: it is the other cluster's to say that it can't answer.
    within("it says so", || async { app.checks(None, &app.service_of("globex"), 17, "doc:read").await.0 == 503 }).await;
    passage.set(Way::Open);
    within("all have said no", || async { app.checks(None, &stranger, 17, "doc:read").await.0 == 401 }).await;
}
