//! Three workers and thousands of jobs: nobody does what another does.

use super::{add, place, unfinished, worker};
use crate::support::app::within;
use crate::support::stalling::Gate;
use permdex::queue::{Kind, Lane};
use serde_json::json;
use std::sync::Arc;

const USERS: i64 = 6_000;

#[tokio::test(flavor = "multi_thread")]
async fn three_workers_write_every_page_once() {
    let (database, settings) = place(USERS).await;
    let mut first = worker(&database, &settings, &Arc::default());
    within("the index is filled", || async {
        matches!(first.cluster.index.serving().await, Ok(Some(_))) && unfinished(&database.pool).await == 0
    })
    .await;
    first.stop().await;

    for user in 1..=USERS {
        add(&database, Kind::Refresh, json!({"user": user}), Lane::Small).await;
    }
    // Equal ones are merged; one of another scope is a walk of its own.
    for _ in 0..3 {
        add(&database, Kind::Refresh, json!({"customer": 1}), Lane::Large).await;
    }
    let gates: [Arc<Gate>; 3] = Default::default();
    let mut workers = gates.each_ref().map(|gate| worker(&database, &settings, gate));
    within("the jobs are done", || async { unfinished(&database.pool).await == 0 }).await;
    for worker in &mut workers {
        worker.stop().await;
    }

    let written = gates.map(|gate| gate.documents());
    println!("documents written by each of the workers: {written:?}");
    let users = usize::try_from(USERS).expect("few");
    assert_eq!(written.iter().sum::<usize>(), 2 * users, "each user once for his own job and once for the walk");
    assert!(written.iter().filter(|count| **count > 0).count() > 1, "they share the work: {written:?}");
    let ended = "select state || ' ' || attempts, count(*) from jobs where actor = 'service:test' group by 1";
    let ended: Vec<(String, i64)> = sqlx::query_as(ended).fetch_all(&database.pool).await.expect("read");
    assert_eq!(ended, [("done 1".to_owned(), USERS + 3)]);
}
