//! An instance that starts while another one swaps generations, or after one that was killed in the middle of it: what
//! serves goes on serving, and nothing is built anew.

use super::{add, place, unfinished, worker};
use crate::support::app::within;
use crate::support::database::TestDatabase;
use permdex::cli::runtime::Assembly;
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

/// That index and register agree, and that nothing was built beside them.
async fn is_settled(database: &TestDatabase, second: &Assembly, states: [&str; 2]) {
    let all = register(&database.pool).await;
    assert!(all.iter().map(|(_, state)| state.as_str()).eq(states), "{all:?}");
    let serves = second.cluster.index.serving().await.expect("answered").expect("it serves");
    assert!(all.iter().any(|(name, state)| **name == *serves.0 && state == "serving"), "{serves} of {all:?}");
    let rebuilds = sqlx::query_scalar::<_, i64>("select count(*) from jobs where kind = 'rebuild'");
    assert_eq!(rebuilds.fetch_one(&database.pool).await.expect("counted"), 2, "none is queued");
}

/// Who built it is gone, and his job too: the alias goes back to what is registered, which was written all the while.
#[tokio::test(flavor = "multi_thread")]
async fn a_swap_that_ended_halfway_is_settled() {
    let (database, settings) = halfway().await;
    let mut second = worker(&database, &settings, &Arc::default());
    within("the second one has looked at it", || async {
        register(&database.pool).await.iter().all(|(_, state)| state != "building")
    })
    .await;
    second.stop().await;
    is_settled(&database, &second, ["serving", "retired"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_that_is_under_way_is_left_alone() {
    let (database, settings) = halfway().await;
    let mut swap = database.pool.begin().await.expect("begun");
    run(&mut *swap, "update index_generations set state = 'retired', retired_at = now() where state = 'serving'").await;
    run(&mut *swap, "update index_generations set state = 'serving' where state = 'building'").await;
    let mut second = worker(&database, &settings, &Arc::default());
    add(&database, Kind::Refresh, json!({"user": 1}), Lane::Small).await;
    within("the second one works", || async { unfinished(&database.pool).await == 0 }).await;
    swap.commit().await.expect("committed");
    add(&database, Kind::Refresh, json!({"user": 1}), Lane::Small).await;
    within("it goes on", || async { unfinished(&database.pool).await == 0 }).await;
    second.stop().await;
    is_settled(&database, &second, ["retired", "serving"]).await;
}
