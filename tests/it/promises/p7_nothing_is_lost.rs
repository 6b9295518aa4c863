//! P7: nothing accepted is lost, however the process ends. A real one is killed at random points, twenty times.

use crate::support::app::{elastic_environment, elastic_settings, service_token, within};
use crate::support::converged::index_is_as_the_database;
use crate::support::process::Process;
use permdex::clock::Clock;
use permdex::index::elastic::ElasticIndex;
use permdex::service::generate::{LineReader, demo};
use permdex::service::import::import;
use permdex::store::migrate::migrate;
use permdex::store::pool::{PoolSettings, connect};
use permdex::store::private::PrivateCluster;
use reqwest::{Client, Method};
use serde_json::json;
use sqlx::PgPool;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

const KILLS: u64 = 20;
const WRITERS: i64 = 4;
const USERS: i64 = 1_000;
/// Of the demo: shared policies, so they fit every user.
const POLICIES: [i64; 4] = [7, 8, 11, 15];

/// The last answer about each (user, policy): given or taken. One without an answer is unknown: it may be either.
type Known = Arc<Mutex<HashMap<(i64, i64), Option<bool>>>>;

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_lose_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let data_dir = folder.path();
    let settings = elastic_settings().await;
    let url = settings.urls[0].to_string();
    // Short enough that the jobs of the killed come back within the test.
    let short = [("PERMDEX__REFRESH__LEASE", "2s"), ("PERMDEX__REFRESH__HEARTBEAT", "500ms")];
    let environment = [&elastic_environment(&url, &settings.name)[..], &short].concat();
    let private = PrivateCluster::start(data_dir).await.expect("a private server");
    let pool = connect(private.options(), &PoolSettings::default());
    migrate(&pool).await.expect("migrated");
    import(&pool, LineReader::new(demo(Clock::System.now())), "cli:test", &Clock::System).await.expect("imported");

    let known = Known::default();
    let seed: u64 = std::env::var("PERMDEX_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
    println!("seed {seed}");
    let mut random = seed;
    for kill in 0..KILLS {
        let process = Process::serve(data_dir, &environment).await;
        let writers: Vec<_> =
            (0..WRITERS).map(|writer| tokio::spawn(write(process.url.clone(), writer, Arc::clone(&known)))).collect();
        if kill == 0 {
            // However slow the machine is: the other kills come at random points, perhaps before the first answer.
            within("the writers wrote", || async { known.lock().await.len() > 50 }).await;
        }
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        tokio::time::sleep(Duration::from_millis(20 + (random >> 33) % 600)).await;
        process.kill().await;
        for writer in writers {
            writer.await.expect("no panic");
        }
    }
    let process = Process::serve(data_dir, &environment).await;
    within("the jobs of all who were killed are done", || async { unfinished(&pool).await == 0 }).await;
    acknowledged_is_kept(&pool, &known).await;
    let index = ElasticIndex::new(&settings).expect("fine settings");
    assert_eq!(index_is_as_the_database(&pool, &index).await, Ok(usize::try_from(USERS).expect("few")));
    assert!(process.terminate().await, "a polite end is a clean one");
    pool.close().await;
    private.stop().await.expect("stopped");
}

/// Gives and takes until the server is gone. Each writer has users of its own, so the last answer is the truth.
async fn write(url: String, writer: i64, known: Known) {
    let (client, token) = (Client::builder().no_proxy().build().expect("a client"), service_token());
    for step in 0.. {
        let user = 1 + (writer + WRITERS * (step * 17 % (USERS / WRITERS))) % USERS;
        let policy = POLICIES[usize::try_from(step % 4).expect("small")];
        let before = known.lock().await.insert((user, policy), None);
        let give = before != Some(Some(true));
        let (method, path) = if give { (Method::POST, "assignPolicy") } else { (Method::DELETE, "removepolicy") };
        let body = json!({"policyId": policy, "userId": user});
        let request = client.request(method, format!("{url}/v2/permission/{path}")).bearer_auth(&token).json(&body);
        match request.send().await {
            Ok(answer) if answer.status().is_success() => {
                known.lock().await.insert((user, policy), Some(give));
            }
            Ok(answer) => panic!("{}", answer.status()),
            Err(_) => return,
        }
    }
}

async fn unfinished(pool: &PgPool) -> i64 {
    let count = "select count(*) from jobs where state in ('queued', 'running')";
    sqlx::query_scalar(count).fetch_one(pool).await.expect("counted")
}

async fn acknowledged_is_kept(pool: &PgPool, known: &Known) {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "select user_id, policy_id from assignments where user_id is not null and scope_customer_id is null",
    )
    .fetch_all(pool)
    .await
    .expect("read");
    for (pair, given) in known.lock().await.iter() {
        if let Some(given) = given {
            assert_eq!(rows.contains(pair), *given, "what was acknowledged of {pair:?} is lost");
        }
    }
}
