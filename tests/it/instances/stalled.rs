//! P5 with whole processes: one stops in the middle of a walk for longer than its lease, and what it had on the way
//! arrives when another one has long written newer documents.

use super::{OTHER, POLICY, borrowed, environment, place, resource, statements, unfinished};
use crate::support::app::{answer, service_token, within};
use crate::support::converged::index_is_as_the_database;
use crate::support::process::Process;
use crate::support::way::{TcpPassage, Way};
use permdex::index::elastic::ElasticIndex;
use reqwest::{Client, Method, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

const USERS: i64 = 1_500;
/// From one end of a passage to the other, and into the index.
const ARRIVES: Duration = Duration::from_secs(1);

async fn serve(folder: &Path, settings: &[(&'static str, String)], log: &Path) -> Process {
    let short = [
        ("PERMDEX__REFRESH__LEASE", "1s"),
        ("PERMDEX__REFRESH__HEARTBEAT", "300ms"),
        ("PERMDEX__REFRESH__PAGE_SIZE", "50"),
        ("PERMDEX__LOG__FILTER", "info"),
    ];
    let log = Stdio::from(File::create(log).expect("a log"));
    Process::serve_logging(folder, &[&borrowed(settings)[..], &short].concat(), log).await
}

async fn ask(process: &Process, method: Method, path: &str, body: Value) -> Value {
    let client = Client::builder().no_proxy().build().expect("a client");
    let request = client.request(method, format!("{}{path}", process.url)).bearer_auth(service_token()).json(&body);
    let answer = answer(request).await;
    assert!(answer.status.is_success(), "{answer:?}");
    assert_ne!(answer.status, StatusCode::NO_CONTENT);
    answer.body
}

/// Gives the policy that everybody holds another resource.
async fn change(process: &Process, number: u64, wait: bool) -> String {
    let body = json!({"name": "everybody's", "statements": statements(number)});
    let path = format!("/v2/policy/{POLICY}?waitForCompletion={wait}");
    let written = ask(process, Method::PUT, &path, body).await;
    assert_eq!(written["completed"], json!(wait), "{written}");
    written["jobId"].as_str().expect("a job").to_owned()
}

async fn count(process: &Process, number: u64) -> Value {
    let body = json!({"action": "doc:read", "resource": resource(number), "limit": 0});
    ask(process, Method::POST, "/v2/permission", body).await["size"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_beyond_its_lease_does_no_harm() {
    let (database, settings) = place(USERS).await;
    let url = settings.urls[0].to_string();
    let elastic = settings.urls[0].socket_addrs(|| None).expect("an address")[0];
    let passage = TcpPassage::to(elastic).await;
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let log = folder.path().join("log");
    let through = environment(&database, &format!("http://{}", passage.address()), &settings.name);
    let stalls = serve(folder.path(), &through, &log).await;
    within("the index is filled", || async { unfinished(&database.pool).await == 0 }).await;
    ask(&stalls, Method::POST, "/v2/permission/assignPolicy", json!({"policyId": OTHER, "userId": 1})).await;
    within("no job is left", || async { unfinished(&database.pool).await == 0 }).await;

    // Slow enough to be met in the middle, with pages read from PostgreSQL and on their way to the index.
    passage.set(Way::Slow(Duration::from_millis(200)));
    let job = change(&stalls, 1, false).await;
    let processed = "select processed > 0 and state = 'running' from jobs where id = $1::uuid";
    within("the walk is under way", || async {
        sqlx::query_scalar(processed).bind(&job).fetch_one(&database.pool).await.expect("read")
    })
    .await;
    passage.set(Way::HeldUp);
    stalls.signal(Signal::STOP);

    let direct = environment(&database, &url, &settings.name);
    let goes_on = serve(other.path(), &direct, &other.path().join("log")).await;
    within("the other one finished the job", || async { unfinished(&database.pool).await == 0 }).await;
    change(&goes_on, 2, true).await;
    let ended = "select state, attempts, processed, finished_at::text from jobs where id = $1::uuid";
    let ended = sqlx::query_as::<_, (String, i32, i64, String)>(ended).bind(&job);
    let ended = ended.fetch_one(&database.pool).await.expect("read");
    assert_eq!((ended.0.as_str(), ended.1), ("done", 2), "claimed by the one and by the other");

    // Now what was on its way arrives, and the one that stalled goes on.
    passage.set(Way::Open);
    // Nothing tells when it has arrived. If it had not, the test would show less, and not fail.
    tokio::time::sleep(ARRIVES).await;
    stalls.signal(Signal::CONT);
    within("it has found out that the job is another's, or that its requests took too long", || async {
        let log = std::fs::read_to_string(&log).expect("a log");
        ["a claim was lost or cancelled", "jobs wait"].iter().any(|words| log.contains(words))
    })
    .await;
    let body = json!({"policyId": OTHER, "userId": 2, "waitForCompletion": true});
    ask(&stalls, Method::POST, "/v2/permission/assignPolicy", body).await;
    within("no job is left", || async { unfinished(&database.pool).await == 0 }).await;

    let again = sqlx::query_as::<_, (String, i32, i64, String)>(
        "select state, attempts, processed, finished_at::text from jobs where id = $1::uuid",
    );
    assert_eq!(again.bind(&job).fetch_one(&database.pool).await.expect("read"), ended, "its late words were refused");
    let index = ElasticIndex::new(&settings).expect("fine settings");
    assert_eq!(index_is_as_the_database(&database.pool, &index).await, Ok(usize::try_from(USERS).expect("few")));
    for process in [&stalls, &goes_on] {
        assert_eq!((count(process, 2).await, count(process, 1).await), (json!(USERS), json!(0)));
    }
    assert!(stalls.terminate().await && goes_on.terminate().await);
}
