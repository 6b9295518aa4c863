//! An instance that starts while another one swaps generations, or after one that was killed in the middle of it: what
//! serves goes on serving, and nothing is built anew.

use super::{add, place, unfinished, worker};
use crate::support::app::within;
use crate::support::database::TestDatabase;
use permdex::index::elastic::ElasticSettings;
use permdex::queue::{Kind, Lane};
use serde_json::json;
use sqlx::{PgExecutor, PgPool};
use std::sync::Arc;

async fn register(pool: &PgPool) -> Vec<(String, String)> {
    let all = "select name, state from index_generations order by id";
    sqlx::query_as(all).fetch_all(pool).await.expect("read")
}

async fn run(db: impl PgExecutor<'_>, sql: &'static str) {
    sqlx::query(sql).execute(db).await.expect("done");
}

/// A place whose index serves its second generation, but the register is as it was before: halfway in a swap.
async fn halfway() -> (TestDatabase, ElasticSettings) {
    let (database, settings) = place(100).await;
    let pool = &database.pool;
    let mut first = worker(&database, &settings, &Arc::default());
    let is_idle =
        || async { unfinished(pool).await == 0 && register(pool).await.iter().any(|(_, state)| state == "serving") };
    within("the index is filled", is_idle).await;
    add(&database, Kind::Rebuild, json!({"everyone": true}), Lane::Large).await;
    within("it is filled anew", is_idle).await;
    first.stop().await;
    run(pool, "update index_generations set state = 'building' where state = 'serving'").await;
    run(pool, "update index_generations set state = 'serving', retired_at = null where state = 'retired'").await;
    (database, settings)
}

/// That the swap is whole, and that nothing was built beside it.
async fn is_swapped(database: &TestDatabase, serves: Option<permdex::index::Generation>) {
    let all = register(&database.pool).await;
    let states: Vec<_> = all.iter().map(|(_, state)| state.as_str()).collect();
    assert_eq!(states, ["retired", "serving"], "what the index serves is whole, so it is registered");
    assert_eq!(serves.as_ref().map(|generation| &*generation.0), Some(all[1].0.as_str()));
    let rebuilds = sqlx::query_scalar::<_, i64>("select count(*) from jobs where kind = 'rebuild'");
    assert_eq!(rebuilds.fetch_one(&database.pool).await.expect("counted"), 2, "none is queued");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_that_ended_halfway_is_completed() {
    let (database, settings) = halfway().await;
    let mut second = worker(&database, &settings, &Arc::default());
    within("the second one has looked at it", || async {
        register(&database.pool).await.iter().all(|(_, state)| state != "building")
    })
    .await;
    second.stop().await;
    is_swapped(&database, second.cluster.index.serving().await.expect("answered")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_that_is_under_way_is_waited_for() {
    let (database, settings) = halfway().await;
    let mut swap = database.pool.begin().await.expect("begun");
    run(&mut *swap, "update index_generations set state = 'retired', retired_at = now() where state = 'serving'").await;
    run(&mut *swap, "update index_generations set state = 'serving' where state = 'building'").await;
    let mut second = worker(&database, &settings, &Arc::default());
    within("the second one waits", || async {
        let waits =
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
        sqlx::query_scalar::<_, i64>(waits).fetch_one(&database.pool).await.expect("read") > 0
    })
    .await;
    swap.commit().await.expect("committed");
    add(&database, Kind::Refresh, json!({"user": 1}), Lane::Small).await;
    within("the second one works", || async { unfinished(&database.pool).await == 0 }).await;
    second.stop().await;
    is_swapped(&database, second.cluster.index.serving().await.expect("answered")).await;
}
