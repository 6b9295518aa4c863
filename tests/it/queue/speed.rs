//! That a claim stays cheap however much is queued: by what it reads, not by how long it takes.

use super::{add_many, claim_from, database};
use permdex::queue::{Ended, Lane, finish, tuned};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

/// Sequential scans of `jobs`, and rows read from it, by any scan, in this database so far.
async fn read(pool: &PgPool) -> (i64, i64) {
    // A connection tells its counters now and then: now.
    sqlx::query("select pg_stat_force_next_flush()").execute(pool).await.expect("flushed");
    sqlx::query_as("select seq_scan, seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relname = 'jobs'")
        .fetch_one(pool)
        .await
        .expect("read")
}

#[tokio::test]
async fn a_claim_reads_about_what_it_takes_however_much_is_queued() {
    let database = database().await;
    // Of one connection, so that its counters are all there are.
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(tuned(database.options.clone()));
    // Plans made while there is next to nothing are kept.
    for _ in 0..10 {
        add_many(&pool, 1, 5).await;
        claim_and_finish(&pool).await;
    }
    add_many(&pool, 100_000, 5).await;
    add_many(&pool, 10, 7).await;
    for analyzed in [false, true] {
        if analyzed {
            sqlx::query("analyze jobs").execute(&pool).await.expect("analyzed");
        }
        let (scans, rows) = read(&pool).await;
        let claimed = claim_and_finish(&pool).await;
        assert!((256..=512).contains(&claimed));
        let (scans_after, rows_after) = read(&pool).await;
        assert_eq!(scans_after, scans, "the table was scanned");
        let read = rows_after - rows;
        assert!((256..4_000).contains(&read), "for {claimed} rows {read} were read");
    }
}

async fn claim_and_finish(pool: &PgPool) -> usize {
    let claim = claim_from(pool, Lane::Small).await.expect("queued");
    finish(pool, &[Ended { token: claim.token, users: None }]).await.expect("finished").ids.len()
}
