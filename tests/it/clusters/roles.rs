//! The role API goes where the path's organization is.

use super::two;
use crate::support::app::{App, Engine};
use reqwest::Method;
use serde_json::{Value, json};

async fn role(app: &App, cluster: Option<&str>, organization: &str, name: &str) -> (u16, Value) {
    let body = json!({"role_name": name, "description": "For something.", "frontend_view": "client",
        "permission_grants": [{"permission_name": "Doc:Read", "conditions": {}}]});
    let path = format!("/v1/{organization}/role");
    let answer = match cluster {
        Some(cluster) => app.ask_on(cluster, app.service(), Method::POST, &path, body).await,
        None => app.ask(Method::POST, &path, body).await,
    };
    (answer.status.as_u16(), answer.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_made_where_its_organization_is() {
    let app = two(Engine::Embedded).await;
    assert_eq!(role(&app, None, "globex", "reader").await.0, 201);
    assert_eq!(role(&app, None, "acme", "reader").await.0, 201);
    assert_eq!(role(&app, Some("eu"), "globex", "reader").await.0, 409, "it is there already");
    assert_eq!(role(&app, Some("eu"), "acme", "reader").await.0, 404, "acme is not in eu");
    assert_eq!(role(&app, Some("default"), "globex", "reader").await.0, 404, "globex is not in default");
    let (status, problem) = role(&app, Some("us"), "globex", "other").await;
    assert!(status == 422 && problem["detail"].as_str().unwrap().contains("`us`"), "{problem}");
    // 17 of globex gets it, 17 of acme doesn't.
    let assigned = app.ask(Method::POST, "/v1/globex/role/reader/assign", json!({"user_id": "17"})).await;
    assert_eq!((assigned.status.as_u16(), &assigned.headers["x-job-completed"]), (200, &"true".parse().unwrap()));
    assert_eq!(app.checks(Some("eu"), app.service(), 17, "Doc:Read").await, (200, Some(true)));
    assert_eq!(app.checks(Some("default"), app.service(), 17, "Doc:Read").await, (200, Some(false)));
    // Whoever is of another cluster's organization is nobody here, wherever he says he comes from.
    let token = app.token_of(17, "acme");
    let stranger = app.ask_as(&token, Method::GET, "/v1/globex/role", Value::Null).await;
    assert_eq!(stranger.status, 401, "{}", stranger.body);
}
