//! A real process on a real Elasticsearch, after a little of everything, and what it shows.

use crate::support::app::{Answer, answer, elastic_environment, elastic_settings, service_token, within};
use crate::support::database::TestDatabase;
use crate::support::process::Process;
use crate::support::shown::{Shown, shown_at};
use permdex::clock::Clock;
use permdex::service::generate::{LineReader, demo};
use permdex::service::import::import;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use sqlx::ConnectOptions;
use std::process::Stdio;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};

/// A process, and what it stands on.
pub struct Running {
    pub process: Process,
    pub database: TestDatabase,
    _folder: TempDir,
}

/// The environment of a permdex on `database`, which has an index of its own on the tests' Elasticsearch.
async fn environment(database: &TestDatabase) -> Vec<(&'static str, String)> {
    let settings = elastic_settings().await;
    let url = settings.urls[0].to_string();
    let elastic = elastic_environment(&url, &settings.name).map(|(key, value)| (key, value.to_owned()));
    let database = ("PERMDEX__DATABASE__URL", database.options.to_url_lossy().to_string());
    elastic.into_iter().chain([database]).collect()
}

fn borrowed<'a>(environment: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    environment.iter().map(|(key, value)| (*key, value.as_str())).collect()
}

async fn imported() -> TestDatabase {
    let database = TestDatabase::new().await;
    let lines = LineReader::new(demo(Clock::System.now()));
    import(&database.pool, lines, "cli:test", &Clock::System).await.expect("imported");
    database
}

impl Running {
    /// Starts one with the demo's organization, its log sent to `log`, and waits until who-has is answered.
    pub async fn start(log: Stdio, settings: &[(&'static str, &str)]) -> Self {
        let (folder, database) = (tempfile::tempdir().expect("a folder"), imported().await);
        let environment = environment(&database).await;
        let all = [&borrowed(&environment)[..], settings].concat();
        let process = Process::serve_logging(folder.path(), &all, log).await;
        let running = Self { process, database, _folder: folder };
        let who_has = json!({"action": "doc:read", "limit": 0});
        within("who-has is answered", || async {
            running.ask(Method::POST, "/v2/permission", who_has.clone()).await.status == StatusCode::OK
        })
        .await;
        running
    }

    /// Asks as a service.
    pub async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        self.ask_with(method, path, body, &[]).await
    }

    /// The same with headers.
    pub async fn ask_with(&self, method: Method, path: &str, body: Value, headers: &[(&str, &str)]) -> Answer {
        let client = Client::builder().no_proxy().build().expect("a client");
        let mut request = client.request(method, format!("{}{path}", self.process.url)).bearer_auth(service_token());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(if body.is_null() { request } else { request.json(&body) }).await
    }

    /// What `/metrics` shows.
    pub async fn metrics(&self) -> Shown {
        shown_at(&self.process.url).await
    }
}

/// One after a check, a list, a who-has, a change that was waited for, and a full rebuild.
pub async fn after_a_little_of_everything() -> Running {
    let running = Running::start(Stdio::inherit(), &[]).await;
    for body in [
        json!({"requesterId": 17, "action": "doc:read", "resource": "acrn:app:1:doc/7"}),
        json!({"requesterId": 17, "list": true}),
        json!({"action": "doc:read", "resource": "acrn:app:1:doc/7"}),
    ] {
        assert_eq!(running.ask(Method::POST, "/v2/permission", body).await.status, StatusCode::OK);
    }
    let assign = json!({"policyId": 7, "userId": 17, "waitForCompletion": true});
    let answer = running.ask(Method::POST, "/v2/permission/assignPolicy", assign).await;
    assert_eq!((answer.status, &answer.body["completed"]), (StatusCode::OK, &json!(true)), "{}", answer.body);
    let rebuild = running.ask(Method::POST, "/v2/permission/rebuild", json!({"waitForCompletion": true})).await;
    assert_eq!(rebuild.status, StatusCode::OK, "{}", rebuild.body);
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_what_is_shown() {
    let running = after_a_little_of_everything().await;
    let shown = running.metrics().await;
    let own = ("cluster", "default");
    let at_least = |name: &str, labels: &[(&str, &str)], least: f64| {
        let sum = shown.sum(name, &[labels, &[own]].concat());
        assert!(sum >= least, "{name} {labels:?}: {sum}, not {least}: {shown:#?}");
    };
    let exactly = |name: &str, labels: &[(&str, &str)], wanted: f64| {
        let sum = shown.sum(name, labels);
        assert!((sum - wanted).abs() < 0.5, "{name} {labels:?}: {sum}, not {wanted}: {shown:#?}");
    };
    let http = [("route", "/v2/permission/assignPolicy"), ("status", "200")];
    exactly("permdex_http_requests_total", &http, 1.0);
    at_least("permdex_index_call_seconds_count", &[("operation", "get"), ("outcome", "ok")], 2.0);
    at_least("permdex_index_call_seconds_count", &[("operation", "search"), ("outcome", "ok")], 1.0);
    at_least("permdex_elasticsearch_request_seconds_count", &[("operation", "bulk"), ("outcome", "ok")], 3.0);
    at_least("permdex_index_documents_total", &[("outcome", "written")], 3.0);
    at_least("permdex_jobs_finished_total", &[("kind", "rebuild"), ("state", "done")], 2.0);
    at_least("permdex_refresh_lag_seconds_count", &[("lane", "small")], 1.0);
    at_least("permdex_snapshot_seconds_count", &[], 3.0);
    at_least("permdex_dependency_up", &[("dependency", "index")], 1.0);
    at_least("permdex_dependency_up", &[("dependency", "database")], 1.0);
    assert!(shown.sum("process_resident_memory_bytes", &[]) > 1_000_000.0);
    // Nothing is counted that was not done.
    exactly("permdex_answers_from_database_total", &[("question", "check")], 0.0);
    exactly("permdex_jobs_finished_total", &[("state", "failed")], 0.0);
    within("the second generation is shown, and the connections", || async {
        let shown = running.metrics().await;
        let connections = |pool| shown.sum("permdex_database_connections_max", &[own, ("pool", pool)]);
        shown.sum("permdex_index_generation", &[own]) >= 2.0 && connections("api") > 0.0 && connections("workers") > 0.0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_shows_its_metrics_where_the_configuration_says() {
    let (folder, database) = (tempfile::tempdir().expect("a folder"), imported().await);
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_permdex"))
        .arg("worker")
        .current_dir(folder.path())
        .env("PERMDEX__DATA_DIR", folder.path())
        .env("PERMDEX__HTTP__METRICS_LISTEN", "127.0.0.1:0")
        .envs(environment(&database).await)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    let url = loop {
        let line = lines.next_line().await.expect("readable").expect("it says where its metrics are");
        if let Some((_, url)) = line.split_once("metrics are at ") {
            break url.trim_end_matches("/metrics").to_owned();
        }
    };
    // Else it can't say any more, and ends.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    within("it has built the index", || async {
        let shown = shown_at(&url).await;
        shown.sum("permdex_jobs_finished_total", &[("kind", "rebuild"), ("state", "done")]) >= 1.0
    })
    .await;
    child.kill().await.expect("killed");
}
