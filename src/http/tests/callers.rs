//! How callers present themselves (api.md section 1), and everybody who must stay outside.

use super::app::{ASK, Answer, DOC, NOW, SECRET, TestApp, service, token, user};
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

async fn with(app: &TestApp, header: &str, value: &str) -> Answer {
    let request = Request::post(ASK).header("content-type", "application/json").header(header, value);
    let body = json!({"action": "doc:read", "requesterId": 17, "resource": DOC}).to_string();
    app.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn a_token_comes_as_bearer_as_basic_or_as_a_protocol() {
    let app = TestApp::acme().await;
    let (user, service) = (user(17, "acme"), service());
    let basic = |text: String| format!("Basic {}", STANDARD.encode(text));
    with(&app, "authorization", &format!("Bearer {service}")).await.ok();
    with(&app, "authorization", &format!("bearer {user}")).await.ok();
    with(&app, "authorization", &basic(format!("acme_17:{user}"))).await.ok();
    with(&app, "sec-websocket-protocol", &format!("chat, bearer.{user}")).await.ok();
    for refused in
        [basic(format!("acme_18:{user}")), basic(format!("globex_17:{user}")), basic(format!("acme_17:{service}"))]
    {
        with(&app, "authorization", &refused).await.problem(401);
    }
}

#[tokio::test]
async fn a_forged_token_of_each_kind_is_refused() {
    let app = TestApp::acme().await;
    let claims = json!({"sub": "service:test", "exp": NOW + 60});
    let hs = |algorithm, secret: &str| {
        encode(&Header::new(algorithm), &claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    };
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let none = format!("{}.{}.", part(&json!({"alg": "none", "typ": "JWT"})), part(&claims));
    let mut altered = token(&claims);
    altered.replace_range(altered.len() - 4.., "AAAA");
    let forged = [
        "",
        "x",
        "a.b.c",
        &none,
        &altered,
        &hs(Algorithm::HS256, "another-secret-of-more-than-32-bytes"),
        &hs(Algorithm::HS512, SECRET),
        &token(&json!({"sub": "service:test", "exp": NOW - 31})),
        &token(&json!({"sub": "service:test"})),
        &token(&json!({"sub": "service:test", "exp": NOW + 60, "nbf": NOW + 31})),
        &token(&json!({"exp": NOW + 60})),
        &token(&json!({"sub": "17", "exp": NOW + 60})),
        &token(&json!({"sub": "017", "org": "acme", "exp": NOW + 60})),
        &token(&json!({"sub": "root", "exp": NOW + 60})),
        &token(&json!({"sub": 17, "org": "acme", "exp": NOW + 60})),
        &"x".repeat(9_000),
    ];
    for token in forged {
        let answer = with(&app, "authorization", &format!("Bearer {token}")).await;
        answer.problem(401);
        assert!(token.len() < 8 || !answer.text.contains(token), "{}", answer.text);
        assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer "));
    }
}

#[tokio::test]
async fn somebody_of_another_organization_and_somebody_inactive_is_nobody_here() {
    let app = TestApp::acme().await;
    // That nobody created him meanwhile can only be said with a database: without one it is 503, never yes.
    for nobody in [user(17, "globex"), user(19, "acme"), user(999, "acme")] {
        let answer = with(&app, "authorization", &format!("Bearer {nobody}")).await;
        assert!([401, 503].contains(&answer.status.as_u16()), "{}", answer.text);
    }
}

#[tokio::test]
async fn two_sets_of_credentials_are_refused() {
    let app = TestApp::acme().await;
    let request = Request::post(ASK).header("content-type", "application/json");
    let request = request.header("authorization", format!("Bearer {}", service()));
    let request = request.header("authorization", format!("Bearer {}", user(17, "acme")));
    app.send(request.body("{}".into()).unwrap()).await.problem(401);
}

#[tokio::test]
async fn a_scope_narrows_a_service() {
    let app = TestApp::acme().await;
    let narrow = token(&json!({"sub": "service:test", "scope": "permdex:permission:search", "exp": NOW + 60}));
    let who = json!({"action": "doc:read", "resource": DOC}).to_string();
    app.post(ASK, &narrow, &who).await.ok();
    let check = json!({"action": "doc:read", "requesterId": 17}).to_string();
    let status = app.post(ASK, &narrow, &check).await.status.as_u16();
    assert!([403, 404].contains(&status), "{status}");
}
