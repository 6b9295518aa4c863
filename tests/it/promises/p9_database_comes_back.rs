//! P9: on Elasticsearch a process starts while PostgreSQL is away, answers what the index knows, and has everything again
//! when PostgreSQL is back, without a restart. Real processes, a real PostgreSQL that is stopped and started.

use crate::support::app::{answer, elastic_environment, elastic_settings, service_token, user_token, within};
use crate::support::process::Process;
use permdex::clock::Clock;
use permdex::service::generate::{LineReader, demo};
use permdex::service::import::import;
use permdex::store::migrate::migrate;
use permdex::store::pool::{PoolSettings, connect};
use permdex::store::private::PrivateCluster;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use sqlx::ConnectOptions;

/// A user of acme who has something, and a policy that every user may have.
const USER: i64 = 17;
const POLICY: i64 = 7;

pub(super) async fn ask(
    process: &Process,
    token: &str,
    method: Method,
    path: &str,
    body: Value,
) -> (StatusCode, Value) {
    let client = Client::builder().no_proxy().build().expect("a client");
    let request = client.request(method, format!("{}{path}", process.url)).bearer_auth(token).json(&body);
    let answer = answer(request).await;
    (answer.status, answer.body)
}

/// May [`USER`] read documents, as the holder of `token` is told?
async fn check(process: &Process, token: &str) -> StatusCode {
    let body = json!({"requesterId": USER, "action": "doc:read", "resource": "acrn:app:1:doc/7"});
    ask(process, token, Method::POST, "/v2/permission", body).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_known_again_when_the_database_is_back() {
    let (folder, data_dir) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let private = PrivateCluster::start(folder.path()).await.expect("a private server");
    let pool = connect(private.options(), &PoolSettings::default());
    migrate(&pool).await.expect("migrated");
    import(&pool, LineReader::new(demo(Clock::System.now())), "cli:test", &Clock::System).await.expect("imported");
    pool.close().await;
    let database = private.options().to_url_lossy().to_string();
    let settings = elastic_settings().await;
    let url = settings.urls[0].to_string();
    let more = [("PERMDEX__DATABASE__URL", database.as_str()), ("PERMDEX__DATABASE__CONNECT_TIMEOUT", "1s")];
    let environment = [&elastic_environment(&url, &settings.name)[..], &more].concat();
    let (service, user) = (service_token(), user_token(USER, "acme"));

    let first = Process::serve(data_dir.path(), &environment).await;
    let who_has = json!({"action": "doc:read", "limit": 0});
    within("the index is filled", || async {
        ask(&first, &service, Method::POST, "/v2/permission", who_has.clone()).await.0 == StatusCode::OK
    })
    .await;
    assert_eq!(check(&first, &user).await, StatusCode::OK);
    assert!(first.terminate().await);
    private.stop().await.expect("stopped");

    let second = Process::serve(data_dir.path(), &environment).await;
    assert_eq!(check(&second, &service).await, StatusCode::OK, "the index answers");
    // His reports depend on whose they are, which nobody can tell now.
    let report = json!({"requesterId": USER, "action": "report:read", "resource": "acrn:app:1:report/public/1"});
    let (status, _) = ask(&second, &service, Method::POST, "/v2/permission", report).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    // Whose organization nobody can tell may be anybody.
    assert_eq!(check(&second, &user).await, StatusCode::SERVICE_UNAVAILABLE);

    let private = PrivateCluster::start(folder.path()).await.expect("started again");
    assert_eq!(private.options().to_url_lossy().to_string(), database, "where it was");
    within("the user is known", || async { check(&second, &user).await == StatusCode::OK }).await;
    let body = json!({"policyId": POLICY, "userId": USER, "waitForCompletion": true});
    within("writes are carried to the index", || async {
        let (status, body) = ask(&second, &service, Method::POST, "/v2/permission/assignPolicy", body.clone()).await;
        (status, &body["completed"]) == (StatusCode::OK, &json!(true))
    })
    .await;
    assert!(second.terminate().await);
    private.stop().await.expect("stopped");
}
