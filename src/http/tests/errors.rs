//! The rows of the table of errors, from outside (api.md section 2), and hostile input.

use super::app::{ASK, DOC, TestApp, service};
use axum::body::Body;
use axum::http::Request;
use serde_json::json;

#[tokio::test]
async fn what_is_no_json_or_no_utf_8_is_400() {
    let app = TestApp::acme().await;
    for body in ["", "{", "nonsense", r#"{"action":"\ud800"}"#, "{\"action\":1e999}"] {
        app.post(ASK, &service(), body).await.problem(400);
    }
    let request = Request::post(ASK).header("authorization", format!("Bearer {}", service()));
    let request = request.header("content-type", "application/json").body(Body::from(&b"{\"action\":\"\xff\"}"[..]));
    app.send(request.unwrap()).await.problem(400);
    let cluster = Request::post(ASK).header("authorization", format!("Bearer {}", service()));
    let cluster = cluster.header("x-mongo-cluster-name", "a").header("x-mongo-cluster-name", "b").body(Body::empty());
    app.send(cluster.unwrap()).await.problem(400);
    app.get("/v2/permission/job?state=%ff", Some(&service())).await.problem(400);
    app.get("/v2/permission/job/%ff", Some(&service())).await.problem(400);
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let app = TestApp::acme().await;
    for path in
        ["/", "/v2", "/v2/permissions", "/v2/permission/", "/v2/permission/job/", "/%00", "/v2/permission/list/doc"]
    {
        app.get(path, Some(&service())).await.problem(404);
    }
    for id in ["7", "01890A5DAC96774BBCCEB302099A8057", "%00", "x".repeat(5_000).as_str()] {
        let problem = app.get(&format!("/v2/permission/job/{id}"), Some(&service())).await.problem(404);
        assert!(problem["detail"].as_str().unwrap().len() < 300);
    }
}

#[tokio::test]
async fn another_method_is_405() {
    let app = TestApp::acme().await;
    for (method, path, allow) in [
        ("GET", ASK, "POST"),
        ("HEAD", ASK, "POST"),
        ("OPTIONS", ASK, "POST"),
        ("GET", "/v2/permission/usertopolicy", "POST,DELETE"),
        ("POST", "/v2/permission/removepolicy", "DELETE"),
        ("POST", "/livez", "GET,HEAD"),
        ("BREW", "/v2/permission/list", "GET,HEAD"),
    ] {
        let answer = app.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await;
        if method != "HEAD" {
            answer.problem(405);
        }
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["allow"]),
            (405, &allow.parse().unwrap()),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn a_body_of_two_mebibytes_is_413() {
    let app = TestApp::acme().await;
    let large = format!("{{\"action\":\"{}\"}}", "a".repeat(2 << 20));
    app.post(ASK, &service(), &large).await.problem(413);
    // Whoever waits for the word to go on is told at once.
    let request = Request::post(ASK).header("authorization", format!("Bearer {}", service()));
    let request = request.header("content-type", "application/json").header("expect", "100-continue");
    app.send(request.body(Body::from(large)).unwrap()).await.problem(413);
}

#[tokio::test]
async fn another_media_type_is_415() {
    let app = TestApp::acme().await;
    for kind in [Some("text/plain"), Some("application/json; charset=utf-16"), None] {
        let mut request = Request::post(ASK).header("authorization", format!("Bearer {}", service()));
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        app.send(request.body(Body::from("{}")).unwrap()).await.problem(415);
    }
}

#[tokio::test]
async fn what_is_understood_but_invalid_is_422_with_all_of_it() {
    let app = TestApp::acme().await;
    let check = |resource: serde_json::Value| json!({"action": "doc:read", "requesterId": 17, "resource": resource});
    for (body, pointers) in [
        (
            check(json!(["acrn:app:1:doc/*", "acrn:app:1:doc-*", "acrn:app:1:doc/\0", DOC])),
            &["/resource/0", "/resource/1", "/resource/2"][..],
        ),
        (check(json!(vec![DOC; 101])), &["/resource"]),
        (json!({"action": "doc:*", "requesterId": 17, "limit": 1}), &["/limit", "/action"]),
        (json!({"requestorId": 17, "action": null}), &["/action", "/requestorId"]),
    ] {
        let mut found = app.ask(body).await.pointers();
        found.sort_unstable();
        let mut wanted = pointers.to_vec();
        wanted.sort_unstable();
        assert_eq!(found, wanted);
    }
    let twice = r#"{"action":"doc:read","requesterId":17,"requesterId":18,"attributes":{"a":1,"a":2}}"#;
    assert_eq!(app.post(ASK, &service(), twice).await.pointers(), ["/requesterId", "/attributes/a"]);
}

#[tokio::test]
async fn an_unknown_parameter_is_422_on_every_endpoint() {
    let app = TestApp::acme().await;
    let body = json!({"action": "doc:read", "requesterId": 17}).to_string();
    assert_eq!(app.post("/v2/permission?debug=true", &service(), &body).await.pointers(), ["/debug"]);
    for path in [
        "/livez?a=1",
        "/readyz?a=1",
        "/metrics?a=1",
        "/openapi.json?a=1",
        "/v2/permission/job?a=1",
        "/v2/permission/list?model=doc&a=1",
        "/v2/permission/job/7?a=1",
    ] {
        assert_eq!(app.get(path, Some(&service())).await.pointers(), ["/a"], "{path}");
    }
}

#[tokio::test]
async fn an_unknown_storage_cluster_is_422_and_default_is_known() {
    let app = TestApp::acme().await;
    let on = async |cluster: &str| {
        let request = Request::post(ASK).header("authorization", format!("Bearer {}", service()));
        let request = request.header("content-type", "application/json").header("x-mongo-cluster-name", cluster);
        app.send(request.body(json!({"action": "doc:read", "requesterId": 17}).to_string().into()).unwrap()).await
    };
    on("default").await.ok();
    on("elsewhere").await.problem(422);
}

#[tokio::test]
async fn a_delete_takes_a_body_or_a_query_but_not_both() {
    let app = TestApp::acme().await;
    let delete = async |path: &str, body: &'static str| {
        let request = Request::delete(path).header("authorization", format!("Bearer {}", service()));
        app.send(request.header("content-type", "application/json").body(Body::from(body)).unwrap()).await
    };
    for path in ["/v2/permission/removepolicy", "/v2/permission/usertopolicy"] {
        let query = format!("{path}?policyId=3&userId=17&waitForCompletion=true");
        delete(&query, r#"{"policyId":3,"userId":17}"#).await.problem(422);
        delete(path, "").await.problem(422);
        // Understood; there is no database here.
        delete(&query, "").await.problem(503);
        delete(path, r#"{"policyId":3,"userId":17}"#).await.problem(503);
        assert_eq!(delete(&format!("{path}?policyId=3&userId=x"), "").await.pointers(), ["/userId"]);
    }
}

#[tokio::test]
async fn what_cannot_be_reached_is_503_and_tells_no_host() {
    let app = TestApp::acme().await;
    for (path, body) in [
        ("assignPolicy", json!({"policyId": 3, "userId": 17})),
        ("rebuild", json!({})),
        ("usertopolicy", json!({"policyId": 3, "userId": 17})),
    ] {
        let answer = app.post(&format!("/v2/permission/{path}"), &service(), &body.to_string()).await;
        answer.problem(503);
        assert!(!answer.text.contains("127.0.0.1") && !answer.text.contains("sqlx"), "{}", answer.text);
    }
    let nothing = TestApp::down();
    nothing.ask(json!({"action": "doc:read", "requesterId": 17})).await.problem(503);
    nothing.ask(json!({"action": "doc:read"})).await.problem(503);
}

#[tokio::test]
async fn every_endpoint_but_the_operators_needs_a_token() {
    let app = TestApp::acme().await;
    let document = crate::http::openapi();
    let mut seen = 0;
    for (path, item) in &document.paths.paths {
        let operations = [("GET", &item.get), ("POST", &item.post), ("DELETE", &item.delete), ("PUT", &item.put)];
        for (method, operation) in operations {
            let Some(operation) = operation else { continue };
            let open = operation.security.is_some();
            let path = path.replace("{jobId}", "01890a5d-ac96-774b-bcce-b302099a8057");
            let answer = app.send(Request::builder().method(method).uri(&path).body(Body::empty()).unwrap()).await;
            if open {
                assert_ne!(answer.status, 401, "{path}");
            } else {
                answer.problem(401);
            }
            seen += 1;
        }
    }
    assert!(seen >= 12, "{seen}");
}
