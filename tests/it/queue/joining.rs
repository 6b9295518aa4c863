//! Rebuilds: joined while queued, one behind a running one, cancelled.

use super::{add, claim_from, database, job, small, state};
use permdex::queue::{
    Cancelled, Fenced, JobId, Joined, Kind, Lane, NewJob, State, cancel, heartbeat, join_or_enqueue, release,
};
use serde_json::json;
use sqlx::PgPool;
use std::collections::HashSet;
use std::time::Duration;

fn rebuild() -> NewJob {
    NewJob { kind: Kind::Rebuild, ..job(json!({"everyone": true}), None, Lane::Large) }
}

async fn ask(pool: &PgPool) -> Joined {
    let mut connection = pool.acquire().await.expect("a connection");
    join_or_enqueue(&mut connection, &rebuild()).await.expect("joined")
}

async fn queued(pool: &PgPool) -> i64 {
    let count = sqlx::query_scalar("select count(*) from jobs where state = 'queued'");
    count.fetch_one(pool).await.expect("counted")
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_make_one_job() {
    let database = database().await;
    let asked: Vec<_> = (0..32)
        .map(|_| {
            let pool = database.pool.clone();
            tokio::spawn(async move { ask(&pool).await })
        })
        .collect();
    let (mut ids, mut fresh) = (HashSet::new(), 0);
    for one in asked {
        let joined = one.await.expect("no panic");
        ids.insert(joined.id);
        fresh += usize::from(joined.fresh);
    }
    assert_eq!((ids.len(), fresh, queued(&database.pool).await), (1, 1, 1));
}

#[tokio::test]
async fn behind_a_running_one_exactly_one_is_queued() {
    let database = database().await;
    let first = ask(&database.pool).await;
    let running = claim_from(&database.pool, Lane::Large).await.expect("queued");
    let behind = ask(&database.pool).await;
    assert!(behind.fresh && behind.id != first.id);
    assert_eq!(ask(&database.pool).await, Joined { fresh: false, ..behind });
    // Given back, it is queued too, but its walk may have begun: it is not joined.
    let _ = release(&database.pool, running.token, Duration::ZERO).await.expect("released");
    assert_eq!(ask(&database.pool).await, Joined { fresh: false, ..behind });
    assert_eq!(queued(&database.pool).await, 2);
}

#[tokio::test]
async fn a_join_that_is_not_committed_keeps_the_job_from_being_claimed() {
    let database = database().await;
    let first = ask(&database.pool).await;
    let mut transaction = database.pool.begin().await.expect("begun");
    let waited = NewJob { waited: true, ..rebuild() };
    let joined = join_or_enqueue(&mut transaction, &waited).await.expect("joined");
    assert_eq!(joined, Joined { id: first.id, fresh: false });
    assert!(claim_from(&database.pool, Lane::Large).await.is_none());
    transaction.commit().await.expect("committed");
    assert!(claim_from(&database.pool, Lane::Large).await.expect("queued").waited());
}

async fn cancelled(pool: &PgPool, id: JobId) -> Cancelled {
    cancel(pool, id).await.expect("asked")
}

#[tokio::test]
async fn a_queued_rebuild_is_cancelled_at_once() {
    let database = database().await;
    let job = ask(&database.pool).await;
    assert_eq!(cancelled(&database.pool, job.id).await, Cancelled::Yes);
    assert_eq!(state(&database.pool, job.id).await, State::Cancelled);
    assert!(claim_from(&database.pool, Lane::Large).await.is_none());
    assert!(ask(&database.pool).await.fresh, "a cancelled one is not joined");
    assert_eq!(cancelled(&database.pool, job.id).await, Cancelled::Not(Kind::Rebuild, State::Cancelled));
}

#[tokio::test]
async fn the_walker_of_a_cancelled_rebuild_is_refused() {
    let database = database().await;
    let job = ask(&database.pool).await;
    let claim = claim_from(&database.pool, Lane::Large).await.expect("queued");
    assert_eq!(cancelled(&database.pool, job.id).await, Cancelled::Yes);
    let beat = heartbeat(&database.pool, claim.token, Duration::from_secs(1)).await.expect("asked");
    assert_eq!(beat, Fenced::Refused);
}

#[tokio::test]
async fn only_rebuilds_are_cancelled() {
    let database = database().await;
    let refresh = add(&database.pool, &small(17, 1)).await;
    assert_eq!(cancelled(&database.pool, refresh).await, Cancelled::Not(Kind::Refresh, State::Queued));
    assert_eq!(cancelled(&database.pool, rebuild().id).await, Cancelled::Unknown);
}
