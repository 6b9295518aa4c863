//! P10: no token, no answer; every endpoint has its permission; a tenant's data never shows in another's answers.

use crate::support::app::{App, Engine, answer};
use permdex::clock::Clock;
use permdex::service::generate::demo;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// What is open by contract (api.md section 5): operations.
const OPEN: [&str; 4] = ["/livez", "/readyz", "/metrics", "/openapi.json"];
/// Nobody in particular at acme and at globex; an acme user whom the tests let ask who has what.
const ACME: i64 = 650;
const GLOBEX: i64 = 950;
/// "Asking who may what", "Giving policies" of the demo.
const ASK: i64 = 24;
const GIVE: i64 = 25;

async fn app() -> App {
    App::start(Engine::Embedded, demo(Clock::System.now()).collect()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_nothing_is_answered() {
    let app = app().await;
    let spec = serde_json::to_value(permdex::http::openapi()).expect("a document");
    let mut tried = 0;
    for (path, operations) in spec["paths"].as_object().expect("paths") {
        for method in operations
            .as_object()
            .expect("operations")
            .keys()
            .filter(|key| !OPEN.contains(&path.as_str()) && *key != "parameters")
        {
            let path = path.replace("{jobId}", "01a210e0-6d07-7ef9-b78b-9b368817c3e0");
            let method: Method = method.to_uppercase().parse().expect("a method");
            for authorization in [None, Some("Bearer x.y.z"), Some("Basic YTpi"), Some("Bearer ")] {
                let request = Client::new().request(method.clone(), format!("{}{path}", app.url)).json(&json!({}));
                let request =
                    authorization.into_iter().fold(request, |request, value| request.header("authorization", value));
                let refused = answer(request).await;
                assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{method} {path}: {}", refused.body);
                assert!(refused.headers.contains_key("www-authenticate"));
            }
            tried += 1;
        }
    }
    assert!(tried >= 9, "only {tried} operations were tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_permission_nothing_is_told_or_changed() {
    let app = app().await;
    let stranger = app.token_of(ACME, "acme");
    let refused = async |method: Method, path: &str, body: Value, statuses: &[StatusCode]| {
        let answer = app.ask_as(&stranger, method, &format!("/v2/permission{path}"), body).await;
        assert!(statuses.contains(&answer.status), "{path}: {} {}", answer.status, answer.body);
        answer.body
    };
    let (forbidden, missing) = ([StatusCode::FORBIDDEN], [StatusCode::NOT_FOUND]);
    refused(Method::POST, "", json!({"action": "doc:read"}), &forbidden).await;
    refused(Method::POST, "", json!({"requesterId": 17, "action": "doc:read"}), &missing).await;
    refused(Method::POST, "", json!({"requesterId": 999_999, "action": "doc:read"}), &missing).await;
    let told = refused(Method::POST, "/assignPolicy", json!({"policyId": 27, "userId": ACME}), &forbidden).await;
    assert!(told["detail"].as_str().unwrap().contains("permdex:permission:assign"), "{told}");
    refused(Method::DELETE, "/removepolicy", json!({"policyId": 1, "customerId": 1}), &forbidden).await;
    refused(Method::POST, "/rebuild", json!({}), &forbidden).await;
    // Oneself is always allowed.
    let own = json!({"requesterId": ACME, "action": "doc:read", "resource": "acrn:app:1:doc/7"});
    assert_eq!(app.ask_as(&stranger, Method::POST, "/v2/permission", own).await.body["allow"], json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_never_sees_another() {
    let app = app().await;
    app.assign(ASK, ACME).await;
    app.assign(GIVE, ACME).await;
    let token = app.token_of(ACME, "acme");
    let post =
        async |path: &str, body: Value| app.ask_as(&token, Method::POST, &format!("/v2/permission{path}"), body).await;
    let all = app.question(json!({"action": "doc:read", "limit": 10_000})).await;
    let customers = |answer: &Value| -> Vec<i64> {
        answer["users"].as_array().unwrap().iter().map(|user| user["customerId"].as_i64().unwrap()).collect()
    };
    assert!(customers(&all).contains(&2), "the service sees both");
    let seen = post("", json!({"action": "doc:read", "limit": 10_000})).await.body;
    assert!(customers(&seen).iter().all(|customer| *customer == 1), "only acme's");
    assert_eq!(seen["size"], json!(customers(&seen).len()), "the size counts only acme's");
    for body in [
        json!({"action": "doc:read", "customerId": 2}),
        json!({"requesterId": GLOBEX, "action": "doc:read"}),
        json!({"requesterId": GLOBEX, "list": true}),
    ] {
        let answer = post("", body).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.body);
    }
    for body in [
        json!({"policyId": 1, "userId": GLOBEX}),
        json!({"policyId": 1, "customerId": 2}),
        json!({"policyId": 22, "userId": ACME}),
    ] {
        let answer = post("/assignPolicy", body).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.body);
    }
    // He may give, but only what he has.
    let raise = post("/assignPolicy", json!({"policyId": 27, "userId": ACME})).await;
    assert_eq!(raise.status, StatusCode::FORBIDDEN, "{}", raise.body);
    // A token of one tenant for a user of another.
    let forged = app.token_of(GLOBEX, "acme");
    let answer =
        app.ask_as(&forged, Method::POST, "/v2/permission", json!({"requesterId": GLOBEX, "action": "doc:read"})).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}
