//! Jobs and workers are a cluster's own.

use super::{ASK, DOC, two};
use crate::support::app::Engine;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_done_by_the_workers_of_its_cluster_and_seen_there_only() {
    for engine in [Engine::Embedded, Engine::Elastic] {
        let app = two(engine).await;
        let body = json!({"policyId": 5, "userId": 17, "waitForCompletion": true});
        let written = app.ask_on("eu", app.service(), Method::POST, "/v2/permission/assignPolicy", body).await;
        assert_eq!((written.status, &written.body["completed"]), (StatusCode::OK, &json!(true)), "{}", written.body);
        assert_eq!(app.who_on("eu", "invoice:pay").await, [17], "{engine:?}");
        assert_eq!(app.who_on("default", "invoice:pay").await, [0; 0], "{engine:?}");
        let job = written.body["jobId"].as_str().expect("a job").to_owned();
        let path = format!("/v2/permission/job/{job}");
        assert_eq!(app.ask_on("eu", app.service(), Method::GET, &path, Value::Null).await.body["state"], json!("done"));
        assert_eq!(app.ask(Method::GET, &path, Value::Null).await.status, StatusCode::NOT_FOUND);
        let after = json!({"requesterId": 17, "action": "doc:read", "resource": DOC, "afterJobId": job});
        assert_eq!(app.ask_on("eu", app.service(), Method::POST, ASK, after.clone()).await.status, StatusCode::OK);
        assert_eq!(app.ask(Method::POST, ASK, after).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_is_of_one_cluster() {
    let app = two(Engine::Embedded).await;
    let serving = async || {
        let of = async |cluster: &permdex::service::Cluster| cluster.index.serving().await.expect("it answers");
        (of(&app.assembly.cluster).await, of(&app.eu().assembly.cluster).await)
    };
    let before = serving().await;
    let body = json!({"waitForCompletion": true});
    let rebuilt = app.ask_on("eu", app.service(), Method::POST, "/v2/permission/rebuild", body).await;
    assert_eq!(rebuilt.body["completed"], json!(true), "{}", rebuilt.body);
    let after = serving().await;
    assert!(before.0 == after.0 && before.1 != after.1, "{before:?} {after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_of_a_cluster_tells_of_itself_only() {
    let app = two(Engine::Embedded).await;
    let body = json!({"policyId": 5, "userId": 19, "waitForCompletion": true});
    app.ask_on("eu", app.service(), Method::POST, "/v2/permission/assignPolicy", body).await;
    let rows = async |cluster: &str| {
        let path = "/v2/audit?actor=service:test";
        let answer = app.ask_on(cluster, app.service(), Method::GET, path, Value::Null).await;
        answer.body["items"].as_array().expect("rows").len()
    };
    assert_eq!((rows("default").await, rows("eu").await), (0, 1));
}
