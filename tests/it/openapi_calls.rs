//! The OpenAPI document against the API that it describes: Schemathesis calls every operation, with what the document
//! allows and with what it doesn't, and finds no answer that is not documented.

use crate::support::app::{App, Engine};
use crate::support::schemathesis;
use permdex::clock::Clock;
use permdex::service::generate::demo;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Random requests an operation, beside the examples, the bounds and the links between operations.
const EXAMPLES: u32 = 40;
/// Administers acme, the demo's customer 1.
const USER: i64 = 2_001;

/// The demo, and a user who may do everything in acme but take that away from himself: who has nothing left only ever
/// hears 401.
fn lines() -> Vec<String> {
    let allow = |action: &str, resource: &str| json!({"effect": "allow", "actions": [action], "resources": [resource]});
    let himself = json!({"effect": "deny",
        "actions": ["permdex:user:update", "permdex:user:delete", "permdex:policy:update", "permdex:policy:delete",
            "permdex:permission:remove", "permdex:customer:delete"],
        "resources": [format!("acrn:permdex:1:user/{USER}"), "acrn:permdex:1:policy/901", "acrn:permdex:1:customer/1"]});
    let statements = json!([allow("permdex:*", "acrn:permdex:1:*"), allow("*", "acrn:app:1:*"), himself]);
    let more = [
        json!({"kind": "user", "id": USER, "customerId": 1, "email": "tester@acme.example"}),
        json!({"kind": "policy", "id": 901, "customerId": 1, "name": "tester", "statements": statements}),
        json!({"kind": "assignment", "policyId": 901, "userId": USER}),
    ];
    demo(Clock::System.now()).chain(more.iter().map(Value::to_string)).collect()
}

/// Operations of which a run may have seen no success.
const NEVER: [&str; 3] = [
    // No metrics are kept in a test.
    "GET /metrics",
    // They need a rebuild that is still under way, and a job that failed: `rebuilding::cancelling` has both.
    "POST /v2/permission/job/{jobId}/cancel",
    "POST /v2/permission/job/{jobId}/retry",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_service_gets_no_answer_that_is_not_documented() {
    let app = App::start(Engine::Embedded, lines()).await;
    let outcome = schemathesis::run(&app.url, app.service(), EXAMPLES).await;
    assert!(outcome.conforms, "{}", outcome.text);
    // An answer that is never given is never held against the document.
    let never = outcome.accepted.iter().filter(|(_, count)| **count == 0).map(|(operation, _)| operation.as_str());
    let unexpected: Vec<_> = never.filter(|operation| !NEVER.contains(operation)).collect();
    assert!(unexpected.is_empty(), "{unexpected:?} never succeeded: {}", outcome.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_gets_no_answer_that_is_not_documented() {
    let app = App::start(Engine::Embedded, lines()).await;
    let token = app.token_of(USER, "acme");
    let outcome = schemathesis::run(&app.url, &token, EXAMPLES).await;
    assert!(outcome.conforms, "{}", outcome.text);
    let last = app.ask_as(&token, Method::GET, "/v2/permission/list?model=doc", Value::Null).await;
    assert_eq!(last.status, StatusCode::OK, "he was heard to the end: {}", last.body);
}

/// What the document shows can be pasted: on the demo each example is a success.
#[tokio::test(flavor = "multi_thread")]
async fn every_example_is_a_success() {
    let app = App::start(Engine::Embedded, lines()).await;
    let document = app.ask(Method::GET, "/openapi.json", Value::Null).await.body;
    let mut calls = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let method: Method = method.to_uppercase().parse().expect("a method");
            let path = pasted(path, operation);
            let body = &operation["requestBody"]["content"]["application/json"];
            let several = body["examples"].as_object().into_iter().flatten().map(|(_, one)| one["value"].clone());
            let bodies: Vec<_> = several.chain(body.get("example").cloned()).collect();
            let bodies = if bodies.is_empty() { vec![Value::Null] } else { bodies };
            calls.extend(bodies.into_iter().map(|body| (method.clone(), path.clone(), body)));
        }
    }
    // What takes away comes last; from the inside out, so members before groups.
    calls.sort_by_key(|(method, path, _)| (*method == Method::DELETE, std::cmp::Reverse(path.len())));
    for (method, path, body) in calls {
        let answer = app.ask(method.clone(), &path, body.clone()).await;
        let status = answer.status;
        // A job's id is nobody's tomorrow, a thing in use stays, and the demo has the action of the example already.
        let excused = match status {
            StatusCode::NOT_FOUND => path == "/metrics" || path.starts_with("/v2/permission/job/"),
            StatusCode::CONFLICT => method == Method::DELETE || path == "/v2/action",
            _ => false,
        };
        assert!(status.is_success() || excused, "{method} {path} {body}: {status} {}", answer.body);
    }
}

/// The path with the examples of what it needs.
fn pasted(path: &str, operation: &Value) -> String {
    let mut path = path.to_owned();
    let mut query = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let (name, example) = (parameter["name"].as_str().expect("a name"), &parameter["example"]);
        let example = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        match parameter["in"].as_str() {
            Some("path") => path = path.replace(&format!("{{{name}}}"), &example),
            Some("query") if parameter["required"] == true => query.push(format!("{name}={example}")),
            _ => {}
        }
    }
    if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
}
