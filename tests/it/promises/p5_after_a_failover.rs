//! P5: a database server that comes back without the sequence's last values, as after a failover, leaves no older
//! document in place, though nothing in the index tells that it went back. A real process, a real server started again.

use super::p9_database_comes_back::ask;
use crate::support::app::{elastic_environment, elastic_settings, service_token, within};
use crate::support::process::Process;
use permdex::clock::Clock;
use permdex::service::generate::{LineReader, demo};
use permdex::service::import::import;
use permdex::store::migrate::migrate;
use permdex::store::pool::{PoolSettings, connect};
use permdex::store::private::PrivateCluster;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::ConnectOptions;

/// "Invoices, reading" of the demo, and whom it is given to.
const POLICY: i64 = 7;
const USER: i64 = 17;

async fn allows(process: &Process) -> Value {
    let body = json!({"requesterId": USER, "action": "invoice:read", "resource": "acrn:app:1:invoice/1"});
    ask(process, &service_token(), Method::POST, "/v2/permission", body).await.1["allow"].clone()
}

async fn changes(process: &Process, method: Method, path: &str) {
    let body = json!({"policyId": POLICY, "userId": USER, "waitForCompletion": true});
    let path = format!("/v2/permission/{path}");
    within("a change is carried to the index", || async {
        let (status, answer) = ask(process, &service_token(), method.clone(), &path, body.clone()).await;
        (status, &answer["completed"]) == (StatusCode::OK, &json!(true))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lost_the_last_version_leaves_nothing_stale() {
    let (folder, data_dir) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let private = PrivateCluster::start(folder.path()).await.expect("a private server");
    let pool = connect(private.options(), &PoolSettings::default());
    migrate(&pool).await.expect("migrated");
    import(&pool, LineReader::new(demo(Clock::System.now())), "cli:test", &Clock::System).await.expect("imported");
    let database = private.options().to_url_lossy().to_string();
    let settings = elastic_settings().await;
    let url = settings.urls[0].to_string();
    let environment =
        [&elastic_environment(&url, &settings.name)[..], &[("PERMDEX__DATABASE__URL", database.as_str())]].concat();
    let process = Process::serve(data_dir.path(), &environment).await;
    let who_has = json!({"action": "doc:read", "limit": 0});
    within("the index is filled", || async {
        ask(&process, &service_token(), Method::POST, "/v2/permission", who_has.clone()).await.0 == StatusCode::OK
    })
    .await;
    changes(&process, Method::POST, "assignPolicy").await;
    changes(&process, Method::DELETE, "removepolicy").await;
    within("the index has it", || async { allows(&process).await == json!(false) }).await;

    // The next version is once more the one that his document has.
    sqlx::query("select setval('index_version', last_value - 1) from index_version").execute(&pool).await.expect("set");
    pool.close().await;
    private.stop().await.expect("stopped");
    let private = PrivateCluster::start(folder.path()).await.expect("started again");
    changes(&process, Method::POST, "assignPolicy").await;
    assert_eq!(allows(&process).await, json!(true), "what was given is in no document");
    assert!(process.terminate().await);
    private.stop().await.expect("stopped");
}
