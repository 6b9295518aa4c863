//! Waiting for the end of a job: told in process, by NOTIFY, and looked up.

use super::{LONG, add, claim_from, database, job, small};
use crate::support::database::TestDatabase;
use permdex::queue::{
    Desk, Ended, Lane, NewJob, Signals, State, cancel, enqueue, finish, finish_failed, join_or_enqueue, listen,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

/// A process that listens.
pub(super) fn listening(database: &TestDatabase) -> (Signals, CancellationToken) {
    let (signals, stop) = (Signals::default(), CancellationToken::new());
    tokio::spawn(listen(database.pool.clone(), signals.clone(), stop.clone()));
    (signals, stop)
}

/// Until the process listens: only then does it wake the large lane, where these tests have nothing.
pub(super) async fn connected(signals: &Signals) {
    signals.wake.wait(Desk::Large, LONG).await;
}

#[tokio::test]
async fn the_worker_of_the_same_process_wakes_who_waits() {
    let database = database().await;
    let (signals, job) = (Signals::default(), small(17, 1));
    let mut waiting = signals.waiters.register(job.id).expect("room");
    add(&database.pool, &job).await;
    signals.committed(&job);
    signals.wake.wait(Desk::Small, LONG).await;
    let claim = claim_from(&database.pool, Lane::Small).await.expect("queued");
    let done = finish(&database.pool, &[Ended { token: claim.token, users: None }]).await.expect("finished");
    signals.finished(&done.ids, State::Done);
    assert_eq!(waiting.wait(LONG).await, Some(State::Done));
    assert!(signals.pending.is_empty());
}

#[tokio::test]
async fn a_notification_from_another_process_wakes_who_waits() {
    let database = database().await;
    let (signals, _stop) = listening(&database);
    connected(&signals).await;
    // More than a message holds, so that the chunks count.
    let jobs: Vec<_> = (0..400).map(|user| small(user, 1)).collect();
    let mut waiting: Vec<_> = jobs.iter().map(|job| signals.waiters.register(job.id).expect("room")).collect();
    for job in &jobs {
        add(&database.pool, job).await;
    }
    signals.wake.wait(Desk::Small, LONG).await;
    let claim = claim_from(&database.pool, Lane::Small).await.expect("queued");
    finish_failed(&database.pool, claim.token, "no", None).await.expect("failed");
    for one in &mut waiting {
        assert_eq!(one.wait(LONG).await, Some(State::Failed));
    }
}

#[tokio::test]
async fn a_cancelled_job_wakes_who_waits() {
    let database = database().await;
    let (signals, _stop) = listening(&database);
    connected(&signals).await;
    let rebuild = NewJob { kind: permdex::queue::Kind::Rebuild, ..job(json!({"everyone": true}), None, Lane::Large) };
    let mut waiting = signals.waiters.register(rebuild.id).expect("room");
    join_or_enqueue(&mut database.pool.acquire().await.expect("a connection"), &rebuild).await.expect("enqueued");
    cancel(&database.pool, rebuild.id).await.expect("cancelled");
    assert_eq!(waiting.wait(LONG).await, Some(State::Cancelled));
}

#[tokio::test]
async fn an_end_that_no_notification_told_is_looked_up() {
    let database = database().await;
    let signals = Signals::default();
    let jobs = [small(17, 1), small(18, 1)];
    let mut waiting = jobs.each_ref().map(|job| signals.waiters.register(job.id).expect("room"));
    add(&database.pool, &jobs[0]).await;
    let claim = claim_from(&database.pool, Lane::Small).await.expect("queued");
    finish(&database.pool, &[Ended { token: claim.token, users: None }]).await.expect("finished");
    signals.waiters.look_up(&database.pool).await.expect("looked up");
    assert_eq!(waiting[0].wait(LONG).await, Some(State::Done));
    assert_eq!(signals.waiters.ids(), [jobs[1].id], "what is not there yet is still waited for");
}

#[tokio::test]
async fn the_listening_task_looks_up_by_itself_and_ends_when_told() {
    let database = database().await;
    let job = small(17, 1);
    add(&database.pool, &job).await;
    let claim = claim_from(&database.pool, Lane::Small).await.expect("queued");
    finish(&database.pool, &[Ended { token: claim.token, users: None }]).await.expect("finished");
    // All was told before anybody listened.
    let (signals, stop) = (Signals::default(), CancellationToken::new());
    let mut waiting = signals.waiters.register(job.id).expect("room");
    let task = tokio::spawn(listen(database.pool.clone(), signals.clone(), stop.clone()));
    assert_eq!(waiting.wait(LONG).await, Some(State::Done));
    stop.cancel();
    task.await.expect("ended");
}

#[tokio::test]
async fn a_scope_too_large_for_a_notification_does_not_fail_the_write() {
    let database = database().await;
    let (signals, _stop) = listening(&database);
    connected(&signals).await;
    let large = job(json!({"policy": "x".repeat(20_000)}), 1, Lane::Small);
    let mut connection = database.pool.acquire().await.expect("a connection");
    enqueue(&mut connection, &large, &[]).await.expect("enqueued");
    signals.wake.wait(Desk::Small, LONG).await;
    while signals.pending.is_empty() {
        signals.wake.wait(Desk::Small, LONG).await;
    }
    assert_eq!(signals.pending.newest(|customer, scope| customer == Some(1) && scope.is_null()), Some(large.id));
}
