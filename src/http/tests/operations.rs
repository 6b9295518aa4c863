//! What operators ask, without a token.

use super::app::TestApp;
use serde_json::json;

#[tokio::test]
async fn the_process_lives() {
    let answer = TestApp::down().get("/livez", None).await;
    assert_eq!((answer.status.as_u16(), &*answer.text), (200, "ok"));
}

#[tokio::test]
async fn it_is_ready_while_checks_can_be_answered() {
    let app = TestApp::acme().await;
    let ready = app.get("/readyz", None).await.ok();
    assert_eq!((&ready["status"], &ready["degraded"][0]["what"]), (&json!("degraded"), &json!("database")));
    assert_eq!(ready["degraded"][0]["since"], "2026-11-01T00:00:00Z");
    TestApp::down().get("/readyz", None).await.problem(503);
}

#[tokio::test]
async fn who_is_going_away_is_not_ready_but_answers() {
    let app = TestApp::acme().await;
    app.app.drain();
    app.get("/readyz", None).await.problem(503);
    app.ask(json!({"action": "doc:read", "requesterId": 17})).await.ok();
}

#[tokio::test]
async fn metrics_are_elsewhere_when_nobody_keeps_them_here() {
    TestApp::acme().await.get("/metrics", None).await.problem(404);
}

#[tokio::test]
async fn the_document_and_its_pages_are_served_from_here() {
    let app = TestApp::acme().await;
    let document = app.get("/openapi.json", None).await.ok();
    assert_eq!(document["openapi"].as_str().map(|version| &version[..2]), Some("3."));
    assert!(document["paths"]["/v2/permission"]["post"].is_object());
    let moved = app.get("/docs", None).await;
    assert_eq!(moved.headers["location"], "/docs/");
    let page = app.get("/docs/", None).await;
    assert!(page.status == 200 && page.text.contains("swagger-ui") && !page.text.contains("https://"), "{}", page.text);
    let script = app.get("/docs/swagger-initializer.js", None).await;
    assert!(script.text.contains("/openapi.json"), "{}", script.text);
    app.get("/docs/nothing", None).await.problem(404);
}
