//! Endpoints whose answers need the database too: assignments, jobs, the catalogue, streams, and what is answered while
//! the index is not there. What needs no database is tested in `src/http/tests`.

use crate::support::app::{App, Engine, answer, within};
use crate::support::stalling::{Gate, Stalling};
use permdex::clock::Clock;
use permdex::service::generate::demo;
use permdex::service::{Limited, Settings};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;

/// "Invoices, reading" of the demo, and somebody who lacks it.
const POLICY: i64 = 7;
const USER: i64 = 17;
const RESOURCE: &str = "acrn:app:1:invoice/1";

async fn app() -> App {
    App::start(Engine::Embedded, demo(Clock::System.now()).collect()).await
}

async fn post(app: &App, path: &str, body: Value) -> (StatusCode, Value) {
    let answer = app.ask(Method::POST, &format!("/v2/permission{path}"), body).await;
    (answer.status, answer.body)
}

async fn get(app: &App, path: &str) -> (StatusCode, Value) {
    let answer = app.ask(Method::GET, path, Value::Null).await;
    (answer.status, answer.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn assigning_twice_and_removing_nothing_are_successes() {
    let app = app().await;
    let first = app.assign(POLICY, USER).await;
    assert_eq!((&first["changed"], &first["policyId"], &first["userId"]), (&json!(true), &json!(POLICY), &json!(USER)));
    let again = app.assign(POLICY, USER).await;
    assert_eq!((&again["changed"], &again["jobId"]), (&json!(false), &Value::Null));
    assert_eq!(app.remove(POLICY, USER).await["changed"], json!(true));
    assert_eq!(app.remove(POLICY, USER).await["changed"], json!(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_nobody_waits_for_is_accepted_with_its_job() {
    let app = app().await;
    let (status, written) = post(&app, "/usertopolicy", json!({"policyId": POLICY, "userId": USER})).await;
    assert_eq!((status, &written["completed"]), (StatusCode::ACCEPTED, &json!(false)));
    app.drained().await;
    let path = format!("/v2/permission/job/{}", written["jobId"].as_str().unwrap());
    let (status, job) = get(&app, &path).await;
    assert_eq!((status, &job["state"], &job["kind"]), (StatusCode::OK, &json!("done"), &json!("refresh")), "{job}");
    assert_eq!((&job["scope"], &job["processed"]), (&json!({"user": USER}), &json!(1)), "{job}");
    let (_, jobs) = get(&app, "/v2/permission/job?state=done&limit=1").await;
    assert_eq!((&jobs["items"][0]["id"], jobs["items"].as_array().unwrap().len()), (&written["jobId"], 1), "{jobs}");
    assert!(app.allows(USER, "invoice:read", RESOURCE).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_takes_a_body_or_a_query_and_not_both() {
    let app = app().await;
    for path in ["removepolicy", "usertopolicy"] {
        app.assign(POLICY, USER).await;
        let path = format!("/v2/permission/{path}?policyId={POLICY}&userId={USER}&waitForCompletion=true");
        let both = app.ask(Method::DELETE, &path, json!({"policyId": POLICY, "userId": USER})).await;
        assert_eq!(both.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", both.body);
        let query = app.ask(Method::DELETE, &path, Value::Null).await;
        assert_eq!((query.status, &query.body["changed"]), (StatusCode::OK, &json!(true)), "{}", query.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_assigned_is_named() {
    let app = app().await;
    for (body, status, mentions) in [
        (json!({"policyId": 999, "userId": USER}), 404, "`999`"),
        (json!({"policyId": POLICY, "userId": 999_999}), 404, "`999999`"),
        (json!({"policyId": POLICY, "securityGroupId": 999}), 404, "`999`"),
        (json!({"policyId": POLICY, "customerId": 999}), 404, "`999`"),
        (json!({"policyId": POLICY}), 422, "userId"),
        (json!({"policyId": POLICY, "userId": USER, "securityGroupId": 1}), 422, "securityGroupId"),
        (json!({"policyId": "7", "userId": USER}), 422, "policyId"),
        (json!({"policyId": POLICY, "userId": USER, "extra": 1}), 422, "extra"),
        // Globex's own policy does not go to acme.
        (json!({"policyId": 22, "userId": USER}), 422, "22"),
    ] {
        let (found, problem) = post(&app, "/assignPolicy", body.clone()).await;
        assert_eq!(found.as_u16(), status, "{body}: {problem}");
        assert!(problem.to_string().contains(mentions), "{body}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_job_is_no_job_to_wait_for() {
    let app = app().await;
    let unknown = "01a210e0-6d07-7ef9-b78b-9b368817c3e0";
    let question = json!({"requesterId": USER, "action": "doc:read", "afterJobId": unknown});
    let (status, problem) = post(&app, "", question).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("/afterJobId")));
    assert_eq!(get(&app, &format!("/v2/permission/job/{unknown}")).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_says_what_the_caller_has_anywhere() {
    let app = app().await;
    let own = app.ask_as(&app.token_of(USER, "acme"), Method::GET, "/v2/permission/list?model=doc", Value::Null).await;
    let allow = |action: &str| {
        let all = own.body.as_array().expect("an array").iter();
        all.clone().find(|entry| entry["action"] == json!(action)).expect("listed")["allow"].clone()
    };
    assert_eq!((allow("doc:read"), allow("doc:share")), (json!(true), json!(true)), "{}", own.body);
    let (status, problem) = get(&app, "/v2/permission/list?model=nothing").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(problem["detail"].as_str().unwrap().contains("invoice"), "the known ones are named: {problem}");
    assert_eq!(get(&app, "/v2/permission/list").await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_everybody_and_says_that_it_is_whole() {
    let app = app().await;
    let question = json!({"action": "doc:read", "resource": "acrn:app:1:doc/7"});
    let paged = app.who_has("doc:read", "acrn:app:1:doc/7", 100).await;
    let stream = async |accept: &str| {
        let request = Client::new().post(format!("{}/v2/permission", app.url)).header("accept", accept);
        answer(request.bearer_auth(app.service()).json(&question)).await.body.as_str().expect("text").to_owned()
    };
    let lines: Vec<Value> =
        stream("application/x-ndjson").await.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let (last, users) = lines.split_last().expect("a last line");
    assert_eq!(last, &json!({"size": paged.len(), "complete": true}));
    assert_eq!(users.iter().map(|user| user["id"].as_i64().unwrap()).collect::<Vec<_>>(), paged);
    let csv = stream("text/csv").await;
    assert_eq!(csv.lines().next(), Some("id,customerId,email,uiLanguage"));
    assert_eq!(csv.lines().count(), paged.len() + 1);
    let left = "select count(*) from audit where action like '%stream%' or action like '%search%'";
    let audited: i64 = sqlx::query_scalar(left).fetch_one(&app.database.pool).await.unwrap();
    assert_eq!(audited, 2, "every stream leaves its row");
}

#[tokio::test(flavor = "multi_thread")]
async fn until_the_index_is_filled_the_database_answers() {
    let gate = Arc::new(Gate::default());
    gate.arm();
    let behind = Arc::clone(&gate);
    let lines = demo(Clock::System.now()).collect();
    let app = App::launch(Engine::Embedded, lines, |index| Arc::new(Stalling::new(index, behind))).await;
    within("the fill stalls", || async { gate.held() == 1 }).await;
    let check = json!({"requesterId": USER, "action": "doc:read", "resource": "acrn:app:1:doc/7"});
    let from_database = app.ask(Method::POST, "/v2/permission", check.clone()).await;
    assert_eq!((from_database.status, &from_database.body["allow"]), (StatusCode::OK, &json!(true)));
    assert_eq!(from_database.headers["permdex-source"], "database");
    let who = app.ask(Method::POST, "/v2/permission", json!({"action": "doc:read"})).await;
    assert_eq!(who.status, StatusCode::SERVICE_UNAVAILABLE, "{}", who.body);
    assert!(who.headers.contains_key("retry-after"));
    let (status, readiness) = get(&app, "/readyz").await;
    assert_eq!(status, StatusCode::OK, "checks can be answered: {readiness}");
    gate.release();
    app.ready().await;
    within("the index answers", || async {
        let answer = app.ask(Method::POST, "/v2/permission", check.clone()).await;
        answer.status == StatusCode::OK && !answer.headers.contains_key("permdex-source")
    })
    .await;
    assert!(app.who_has("doc:read", "acrn:app:1:doc/7", 1_000).await.contains(&USER));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_serves_a_new_generation_and_changes_no_answer() {
    for engine in [Engine::Embedded, Engine::Elastic] {
        let app = App::start(engine, demo(Clock::System.now()).collect()).await;
        let before = app.who_has("doc:read", "acrn:app:1:doc/7", 1_000).await;
        let served = app.assembly.cluster.index.serving().await.unwrap();
        let (status, begun) = post(&app, "/rebuild", json!({"waitForCompletion": true})).await;
        assert_eq!((status, &begun["completed"]), (StatusCode::OK, &json!(true)), "{begun}");
        assert_ne!(app.assembly.cluster.index.serving().await.unwrap(), served);
        assert_eq!(app.who_has("doc:read", "acrn:app:1:doc/7", 1_000).await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_limit_the_answer_says_when_to_come_again_and_then_it_is_given() {
    let limits = Settings { search_concurrency: 1, stream_concurrency: 1, ..Settings::default() };
    let lines = demo(Clock::System.now()).collect();
    let app = App::launch_limited(Engine::Embedded, lines, limits, |index| index).await;
    app.ready().await;
    let client = Client::builder().no_proxy().build().unwrap();
    let ask = async |accept: &str| {
        let request = client.post(format!("{}/v2/permission", app.url)).bearer_auth(app.service());
        let body = json!({"action": "invoice:read", "resource": RESOURCE});
        answer(request.header("Accept", accept).json(&body)).await
    };
    for (what, accept) in [(Limited::WhoHas, "application/json"), (Limited::Stream, "application/x-ndjson")] {
        let others = app.assembly.cluster.turn(what).expect("nobody else asks");
        let refused = ask(accept).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{}", refused.body);
        assert_eq!(refused.headers["content-type"], "application/problem+json");
        assert_eq!(refused.body["type"], json!("urn:permdex:problem:too-many"));
        assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
        // A check needs no turn.
        assert!(!app.allows(USER, "invoice:read", RESOURCE).await);
        drop(others);
        assert_eq!(ask(accept).await.status, StatusCode::OK);
    }
}
