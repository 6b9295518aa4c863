//! The hints: kept current by NOTIFY, whole again after a gap.

use super::waiting::{connected, listening};
use super::{LONG, add, claim_from, database, small};
use permdex::queue::{Ended, Lane, Pending, finish, finish_failed, retry};
use sqlx::PgPool;

/// Until `there` holds; each look follows a wake, or the next one a moment later.
async fn until(there: impl Fn() -> bool) {
    let wait = async {
        while !there() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, wait).await.expect("it never came to be");
}

async fn end_all(pool: &PgPool) {
    let claim = claim_from(pool, Lane::Small).await.expect("queued");
    finish(pool, &[Ended { token: claim.token, users: None }]).await.expect("finished");
}

#[tokio::test]
async fn other_processes_jobs_come_and_go() {
    let database = database().await;
    let before = add(&database.pool, &small(17, 1)).await;
    let (signals, _stop) = listening(&database);
    connected(&signals).await;
    assert_eq!(signals.pending.newest(|_, scope| scope["user"] == 17), Some(before), "loaded at the start");
    let after = add(&database.pool, &small(18, 1)).await;
    until(|| signals.pending.len() == 2).await;
    assert_eq!(signals.pending.newest(|customer, scope| customer == Some(1) && scope["user"] == 18), Some(after));
    end_all(&database.pool).await;
    until(|| signals.pending.is_empty()).await;
}

#[tokio::test]
async fn a_retried_job_is_pending_again() {
    let database = database().await;
    let (signals, _stop) = listening(&database);
    connected(&signals).await;
    let id = add(&database.pool, &small(17, 1)).await;
    let claim = claim_from(&database.pool, Lane::Small).await.expect("queued");
    finish_failed(&database.pool, claim.token, "no", None).await.expect("failed");
    until(|| signals.pending.is_empty()).await;
    retry(&database.pool, id).await.expect("retried");
    until(|| signals.pending.newest(|_, scope| scope["user"] == 17) == Some(id)).await;
}

#[tokio::test]
async fn hints_are_whole_again_after_a_lost_connection() {
    let database = database().await;
    let (signals, _stop) = listening(&database);
    connected(&signals).await;
    let gone = add(&database.pool, &small(17, 1)).await;
    until(|| signals.pending.len() == 1).await;
    // One transaction: the connection dies, and what happens then is told to nobody.
    let mut transaction = database.pool.begin().await.expect("begun");
    sqlx::query("update jobs set state = 'done', finished_at = now()").execute(&mut *transaction).await.expect("ended");
    sqlx::query(
        "insert into jobs (id, kind, scope, customer_id, actor, lane)
         values (gen_random_uuid(), 'refresh', '{\"user\": 18}', 1, 'service:test', 'small')",
    )
    .execute(&mut *transaction)
    .await
    .expect("added");
    transaction.commit().await.expect("committed");
    assert_eq!(signals.pending.newest(|_, _| true), Some(gone), "nobody was told");
    let kill = "select pg_terminate_backend(pid) from pg_stat_activity
                where application_name = 'permdex-listen' and datname = current_database()";
    sqlx::query(kill).execute(&database.pool).await.expect("ended the connection");
    connected(&signals).await;
    assert_eq!(signals.pending.newest(|_, scope| scope["user"] == 17), None);
    assert!(signals.pending.newest(|_, scope| scope["user"] == 18).is_some());
    // And it hears again.
    add(&database.pool, &small(19, 1)).await;
    until(|| signals.pending.len() == 2).await;
}

#[tokio::test]
async fn a_load_keeps_the_newest_and_counts_the_rest() {
    let database = database().await;
    super::add_many(&database.pool, 10_500, 1).await;
    let pending = Pending::default();
    pending.load(&database.pool).await.expect("loaded");
    assert_eq!((pending.len(), pending.left_out()), (10_000, 500));
}
