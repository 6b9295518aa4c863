//! What metrics show of the queue, against a real one.

use crate::support::database::TestDatabase;
use permdex::queue::{BuildOverview, COUNTED, Overview, overview};
use sqlx::{AssertSqlSafe, PgPool};
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);

async fn run(pool: &PgPool, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.expect("done");
}

/// Adds jobs: state, lane, customer, how many, how old.
async fn add(pool: &PgPool, state: &str, lane: &str, customer: i64, count: i64, age: &str) {
    let (claim, lease) = if state == "running" { ("gen_random_uuid()", "now()") } else { ("null", "null") };
    let finished = if state == "failed" { "now()" } else { "null" };
    run(
        pool,
        &format!(
            "insert into jobs (id, kind, scope, customer_id, actor, lane, state, claim, lease_until, finished_at,
                 created_at, not_before)
             select gen_random_uuid(), 'refresh', '{{\"user\": 1}}', {customer}, 'x', '{lane}', '{state}', {claim}, {lease},
                 {finished}, now() - interval '{age}', now() - interval '{age}'
             from generate_series(1, {count})"
        ),
    )
    .await;
}

async fn look(pool: &PgPool) -> Overview {
    overview(pool).await.expect("looked at")
}

#[tokio::test]
async fn an_empty_queue_is_all_zeros() {
    let database = TestDatabase::new().await;
    assert_eq!(look(&database.pool).await, Overview::default());
}

#[tokio::test]
async fn jobs_are_counted_by_lane_and_state_and_the_oldest_that_waits_is_found() {
    let database = TestDatabase::new().await;
    let pool = &database.pool;
    add(pool, "queued", "small", 1, 3, "1 minute").await;
    add(pool, "queued", "small", 7, 1, "2 hours").await;
    add(pool, "running", "small", 1, 2, "5 hours").await;
    add(pool, "queued", "large", 1, 1, "1 minute").await;
    add(pool, "failed", "large", 1, 4, "5 hours").await;
    let Overview { small, large, .. } = look(pool).await;
    assert_eq!((small.queued, small.running, small.failed), (4, 2, 0));
    assert_eq!((large.queued, large.running, large.failed), (1, 0, 4));
    assert!(small.oldest >= 2 * HOUR && small.oldest < 3 * HOUR, "{small:?}");
    assert!(large.oldest >= Duration::from_mins(1) && large.oldest < HOUR, "{large:?}");
}

#[tokio::test]
async fn an_old_job_that_was_given_back_is_still_the_oldest() {
    let database = TestDatabase::new().await;
    add(&database.pool, "queued", "small", 1, 1, "3 hours").await;
    run(&database.pool, "update jobs set not_before = now() + interval '1 minute'").await;
    add(&database.pool, "queued", "small", 1, 5, "1 minute").await;
    assert!(look(&database.pool).await.small.oldest >= 3 * HOUR);
}

#[tokio::test]
async fn counting_ends_but_a_tenant_behind_the_end_that_waits_is_still_seen() {
    let database = TestDatabase::new().await;
    add(&database.pool, "queued", "small", 1, COUNTED + 5_000, "1 minute").await;
    add(&database.pool, "queued", "small", 2, 1, "4 hours").await;
    let Overview { small, large, .. } = look(&database.pool).await;
    assert_eq!((small.queued, large.queued), (COUNTED, 0));
    assert!(small.oldest >= 4 * HOUR, "{small:?}");
}

#[tokio::test]
async fn the_build_under_way_and_the_generation_that_serves_are_shown() {
    let database = TestDatabase::new().await;
    let pool = &database.pool;
    run(
        pool,
        "insert into index_generations (name, schema_version, state) values
             ('a', 1, 'retired'), ('b', 1, 'serving'), ('c', 1, 'building');
         insert into jobs (id, kind, scope, actor, lane, processed, total) values
             (gen_random_uuid(), 'rebuild', '{\"everyone\": true}', 'x', 'large', 40, 100);",
    )
    .await;
    let serving: i64 =
        sqlx::query_scalar("select id from index_generations where name = 'b'").fetch_one(pool).await.expect("read");
    assert_eq!((look(pool).await.build, look(pool).await.generation), (None, Some(serving)));
    run(pool, "update jobs set state = 'running', claim = gen_random_uuid(), lease_until = now()").await;
    assert_eq!(look(pool).await.build, Some(BuildOverview { done: 40, total: 100 }));
    // A part of it is no build of a generation.
    run(pool, "update jobs set scope = '{\"customer\": 1}'").await;
    assert_eq!(look(pool).await.build, None);
}
