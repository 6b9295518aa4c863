//! The three questions, answered as the contract says.

use super::app::{ASK, DOC, TestApp, service, user};
use axum::http::Request;
use serde_json::{Value, json};

#[tokio::test]
async fn a_check_says_whether_by_which_policies_and_where_they_come_from() {
    let app = TestApp::acme().await;
    let answer = app.ask(json!({"action": "doc:read", "requesterId": 17, "resource": [DOC, "acrn:app:1:doc/9"]})).await;
    let wanted = json!({"action": "doc:read", "allow": false, "requesterId": 17, "resource": [DOC, "acrn:app:1:doc/9"],
    "permissions": [
        {"action": "doc:read", "allow": true, "resource": [DOC], "usedPolicies": [3], "origins": ["securityGroup:5"]},
        {"action": "doc:read", "allow": false, "resource": ["acrn:app:1:doc/9"], "usedPolicies": [4], "origins": ["customer:1"]},
    ]});
    assert!(!answer.headers.contains_key("permdex-source"));
    assert_eq!(answer.ok(), wanted);
}

#[tokio::test]
async fn anywhere_names_the_patterns_that_decided_and_no_resource() {
    let app = TestApp::acme().await;
    let answer = app.ask(json!({"action": "doc:read", "requesterId": 17})).await.ok();
    let wanted = json!({"action": "doc:read", "allow": true, "requesterId": 17, "permissions": [
        {"action": "doc:read", "allow": true, "resource": ["acrn:app:1:doc/*"], "usedPolicies": [3], "origins": ["securityGroup:5"]}]});
    assert_eq!(answer, wanted);
    let nothing = app.ask(json!({"action": "app:burn", "requesterId": 17})).await.ok();
    let entry = json!({"action": "app:burn", "allow": false, "resource": [], "usedPolicies": [], "origins": []});
    assert_eq!(nothing["permissions"], json!([entry]));
}

#[tokio::test]
async fn attributes_decide_where_a_condition_asks_for_them() {
    let app = TestApp::acme().await;
    let allow = async |attributes: Value| {
        let body = json!({"action": "doc:edit", "requesterId": 17, "resource": DOC, "attributes": attributes});
        app.ask(body).await.ok()["allow"].as_bool().unwrap()
    };
    assert!(allow(json!({"color": "red"})).await);
    assert!(!allow(json!({"color": "blue"})).await);
    assert!(!allow(json!({})).await);
    // 2027 has come.
    app.clock.set(1_798_761_600_000_000);
    let late = app
        .ask(json!({"action": "doc:edit", "requesterId": 17, "resource": DOC, "attributes": {"color": "red"}}))
        .await;
    late.problem(401);
}

#[tokio::test]
async fn a_list_has_conditions_and_the_end_of_what_ends() {
    let app = TestApp::acme().await;
    let list =
        app.ask(json!({"requesterId": 17, "list": true, "action": "doc:*", "resource": "acrn:app:1:doc/7"})).await.ok();
    let wanted = json!({"allow": true, "requesterId": 17, "action": "doc:*", "resource": ["acrn:app:1:doc/7"], "permissions": [
        {"action": "doc:edit", "allow": true, "resource": ["acrn:app:1:doc/*"], "usedPolicies": [6], "origins": ["user:17"],
         "conditions": {"color": {"type": "Equals", "value": "red"}}, "until": "2027-01-01T00:00:00Z"},
        {"action": "doc:read", "allow": true, "resource": ["acrn:app:1:doc/*"], "usedPolicies": [3], "origins": ["securityGroup:5"]},
    ]});
    assert_eq!(list, wanted);
}

#[tokio::test]
async fn who_has_counts_exactly_and_pages() {
    let app = TestApp::acme().await;
    let body = json!({"action": "doc:read", "resource": [DOC], "limit": 1});
    let first = app.ask(body.clone()).await.ok();
    let seventeen = json!({"id": 17, "customerId": 1, "email": "=17@example.com", "uiLanguage": "en"});
    assert_eq!((&first["size"], &first["users"], &first["resource"]), (&json!(2), &json!([seventeen]), &json!([DOC])));
    let mut next = body.clone();
    next["cursor"] = first["nextCursor"].clone();
    let second = app.ask(next.clone()).await.ok();
    assert_eq!((&second["size"], &second["users"][0]["id"], second.get("nextCursor")), (&json!(2), &json!(30), None));
    next["action"] = json!("doc:edit");
    assert_eq!(app.ask(next).await.pointers(), ["/cursor"]);
    app.ask(json!({"action": "doc:read", "cursor": "none of ours"})).await.problem(400);
    let count = app.ask(json!({"action": "doc:read", "resource": DOC, "limit": 0})).await.ok();
    assert_eq!((&count["size"], &count["users"]), (&json!(2), &json!([])));
}

async fn stream(app: &TestApp, accept: &str) -> super::app::Answer {
    // A stream leaves an audit row first, which needs a database: what is seen here is that it is asked for as one.
    let request = Request::post(ASK).header("authorization", format!("Bearer {}", service()));
    let request = request.header("content-type", "application/json").header("accept", accept);
    app.send(request.body(json!({"action": "doc:read", "resource": DOC}).to_string().into()).unwrap()).await
}

#[tokio::test]
async fn a_stream_is_asked_for_by_accept_and_is_refused_when_it_cannot_be_audited() {
    let app = TestApp::acme().await;
    for accept in ["application/x-ndjson", "text/csv", "text/csv, */*;q=0.1"] {
        stream(&app, accept).await.problem(503);
    }
    for accept in ["*/*", "application/json", "text/html"] {
        assert_eq!(stream(&app, accept).await.ok()["size"], 2);
    }
}

#[tokio::test]
async fn unknown_and_inactive_users_may_nothing() {
    let app = TestApp::acme().await;
    let answer = app.ask(json!({"action": "doc:read", "requesterId": 19, "resource": DOC})).await.ok();
    assert_eq!(answer["allow"], false);
    let list = app.ask(json!({"requesterId": 19, "list": true})).await.ok();
    assert_eq!(list, json!({"allow": false, "requesterId": 19, "permissions": []}));
}

#[tokio::test]
async fn a_user_asks_about_himself_and_about_others_with_the_permission() {
    let app = TestApp::acme().await;
    let about = async |caller: &str, requester: i64| {
        let body = json!({"action": "doc:read", "requesterId": requester, "resource": DOC});
        app.post(ASK, caller, &body.to_string()).await
    };
    assert_eq!(about(&user(17, "acme"), 17).await.ok()["allow"], true);
    assert_eq!(about(&user(18, "acme"), 17).await.ok()["allow"], true);
    about(&user(17, "acme"), 18).await.problem(404);
    about(&user(18, "acme"), 30).await.problem(404);
    let who = json!({"action": "doc:read", "resource": DOC}).to_string();
    assert_eq!(app.post(ASK, &user(18, "acme"), &who).await.ok()["size"], 1);
    let forbidden = app.post(ASK, &user(17, "acme"), &who).await.problem(403);
    assert!(forbidden["detail"].as_str().unwrap().contains("`permdex:permission:search`"));
}

#[tokio::test]
async fn debug_changes_no_answer() {
    let app = TestApp::acme().await;
    for mut body in [
        json!({"action": "doc:read", "requesterId": 17, "resource": DOC}),
        json!({"requesterId": 17, "list": true}),
        json!({"action": "doc:read", "resource": DOC}),
    ] {
        let plain = app.ask(body.clone()).await.ok();
        body["debug"] = json!(true);
        assert_eq!(app.ask(body).await.ok(), plain);
    }
}
