//! What an old attempt may no longer do, and what giving back costs.

use super::{ATTEMPTS, LONG, add, claim_and_die, claim_from, database, large, small, state};
use permdex::queue::{
    Ended, Fenced, Finished, Lane, Progress, Retried, State, finish, finish_failed, finish_failed_some,
    finish_with_result, get, give_back, heartbeat, hold, progress, reap, release, retry, take_over,
};
use serde_json::json;
use std::time::Duration;

const AT: Progress = Progress { position: 17, processed: 1, total: Some(2) };

#[tokio::test]
async fn every_update_of_an_old_attempt_is_refused() {
    let database = database().await;
    let pool = &database.pool;
    let id = add(pool, &small(17, 1)).await;
    let old = claim_and_die(pool, Lane::Small).await.token;
    assert_eq!(reap(pool, ATTEMPTS).await.expect("reaped").queued, 1);
    let new = claim_from(pool, Lane::Small).await.expect("queued again");
    assert_eq!(new.jobs.first().map(|job| job.attempt), Some(2));
    assert_eq!(heartbeat(pool, old, LONG).await.expect("asked"), Fenced::Refused);
    assert_eq!(progress(pool, old, AT).await.expect("asked"), Fenced::Refused);
    assert_eq!(release(pool, old, LONG).await.expect("asked"), Fenced::Refused);
    assert_eq!(give_back(pool, &[old]).await.expect("asked"), 0);
    assert_eq!(finish(pool, &[Ended { token: old, users: None }]).await.expect("asked").refused, [old]);
    assert_eq!(finish_with_result(pool, old, &json!({})).await.expect("asked").refused, [old]);
    assert_eq!(finish_failed(pool, old, "no", None).await.expect("asked").refused, [old]);
    let job = get(pool, id).await.expect("read").expect("there");
    assert_eq!((job.state, job.processed, job.error), (State::Running, 0, None));
    assert_eq!(heartbeat(pool, new.token, LONG).await.expect("asked"), Fenced::Held);
}

#[tokio::test]
async fn several_claims_end_at_once_and_each_old_one_is_named() {
    let database = database().await;
    let pool = &database.pool;
    let first = add(pool, &large(1, 1)).await;
    let old = claim_and_die(pool, Lane::Large).await.token;
    reap(pool, ATTEMPTS).await.expect("reaped");
    let one = claim_from(pool, Lane::Large).await.expect("queued").token;
    let second = add(pool, &large(2, 1)).await;
    let two = claim_from(pool, Lane::Large).await.expect("queued").token;
    let ended = [(one, Some(3)), (old, Some(4)), (two, None)].map(|(token, users)| Ended { token, users });
    let finished = finish(pool, &ended).await.expect("finished");
    assert_eq!((finished.ids.len(), finished.refused), (2, vec![old]));
    let job = get(pool, first).await.expect("read").expect("there");
    assert_eq!((job.state, job.processed, job.total), (State::Done, 3, Some(3)));
    assert_eq!(get(pool, second).await.expect("read").expect("there").processed, 0);
}

#[tokio::test]
async fn a_lease_that_is_extended_is_not_reaped() {
    let database = database().await;
    add(&database.pool, &small(17, 1)).await;
    let claim = claim_and_die(&database.pool, Lane::Small).await;
    assert_eq!(heartbeat(&database.pool, claim.token, LONG).await.expect("asked"), Fenced::Held);
    assert_eq!(reap(&database.pool, ATTEMPTS).await.expect("reaped").queued, 0);
}

#[tokio::test]
async fn rows_that_are_held_are_not_reaped_and_those_of_an_old_attempt_can_not_be_held() {
    let database = database().await;
    let pool = &database.pool;
    add(pool, &small(17, 1)).await;
    let claim = claim_and_die(pool, Lane::Small).await;
    let mut transaction = pool.begin().await.expect("begun");
    assert_eq!(hold(&mut transaction, claim.token).await.expect("asked"), Fenced::Held);
    assert_eq!(reap(pool, ATTEMPTS).await.expect("reaped").queued, 0);
    transaction.commit().await.expect("committed");
    assert_eq!(reap(pool, ATTEMPTS).await.expect("reaped").queued, 1);
    let mut transaction = pool.begin().await.expect("begun");
    assert_eq!(hold(&mut transaction, claim.token).await.expect("asked"), Fenced::Refused);
}

#[tokio::test]
async fn releasing_uses_up_no_attempt_and_keeps_the_position() {
    let database = database().await;
    let pool = &database.pool;
    add(pool, &large(3, 1)).await;
    for _ in 0..20 {
        let claim = claim_from(pool, Lane::Large).await.expect("queued");
        assert_eq!(claim.jobs.first().map(|job| job.attempt), Some(1));
        assert_eq!(progress(pool, claim.token, AT).await.expect("asked"), Fenced::Held);
        assert_eq!(release(pool, claim.token, Duration::ZERO).await.expect("asked"), Fenced::Held);
    }
    let claim = claim_from(pool, Lane::Large).await.expect("queued");
    assert_eq!(claim.position(), Some(17));
    assert_eq!(give_back(pool, &[claim.token]).await.expect("given back"), 1);
    assert_eq!(claim_from(pool, Lane::Large).await.expect("queued").position(), Some(17));
}

#[tokio::test]
async fn nothing_is_lost_when_claimers_die() {
    let database = database().await;
    let pool = &database.pool;
    let mut left = 0;
    for user in 0..50 {
        add(pool, &small(user, user % 3 + 1)).await;
        left += 1;
        if user % 5 == 0 {
            claim_and_die(pool, Lane::Small).await;
        }
    }
    reap(pool, ATTEMPTS).await.expect("reaped");
    while let Some(claim) = claim_from(pool, Lane::Small).await {
        let done = finish(pool, &[Ended { token: claim.token, users: None }]).await.expect("finished");
        left -= done.ids.len();
    }
    while let Some(claim) = claim_from(pool, Lane::Large).await {
        left -= finish(pool, &[Ended { token: claim.token, users: None }]).await.expect("finished").ids.len();
    }
    assert_eq!(left, 0);
}

#[tokio::test]
async fn taking_over_brings_back_what_others_still_hold() {
    let database = database().await;
    let id = add(&database.pool, &small(17, 1)).await;
    let held = claim_from(&database.pool, Lane::Small).await.expect("queued");
    let (first, reaped) = take_over(&database.pool, ATTEMPTS).await.expect("taken over");
    assert_eq!((first, reaped.queued), (1, 1));
    assert_eq!(state(&database.pool, id).await, State::Queued);
    assert_eq!(heartbeat(&database.pool, held.token, LONG).await.expect("asked"), Fenced::Refused);
}

#[tokio::test]
async fn a_failed_job_says_why_and_can_be_retried() {
    let database = database().await;
    let pool = &database.pool;
    let id = add(pool, &small(17, 1)).await;
    let claim = claim_from(pool, Lane::Small).await.expect("queued");
    assert_eq!(retry(pool, id).await.expect("asked"), Retried::Not(State::Running));
    let users = json!({"users": [17]});
    finish_failed(pool, claim.token, "user `17` is too large", Some(&users)).await.expect("failed");
    let job = get(pool, id).await.expect("read").expect("there");
    assert_eq!(
        (job.state, job.error.as_deref(), job.result),
        (State::Failed, Some("user `17` is too large"), Some(users))
    );
    assert_eq!(retry(pool, id).await.expect("asked"), Retried::Yes);
    assert_eq!(retry(pool, small(1, 1).id).await.expect("asked"), Retried::Unknown);
    let again = claim_from(pool, Lane::Small).await.expect("queued");
    finish_with_result(pool, again.token, &json!({"differences": 0})).await.expect("finished");
    let job = get(pool, id).await.expect("read").expect("there");
    assert_eq!((job.state, job.error, job.attempts), (State::Done, None, 1));
    assert_eq!(job.result, Some(json!({"differences": 0})));
}

#[tokio::test]
async fn some_rows_of_a_claim_fail_and_the_others_end_with_it() {
    let database = database().await;
    let pool = &database.pool;
    let [bad, good] = [add(pool, &small(666, 1)).await, add(pool, &small(17, 1)).await];
    let claim = claim_from(pool, Lane::Small).await.expect("queued");
    let some = async |jobs: &[_]| finish_failed_some(pool, claim.token, jobs, "too large", None).await.expect("asked");
    assert_eq!(some(&[bad]).await.ids, [bad]);
    assert_eq!(some(&[bad]).await.refused, [claim.token]);
    assert_eq!(some(&[]).await, Finished::default());
    assert_eq!((state(pool, bad).await, state(pool, good).await), (State::Failed, State::Running));
    let done = finish(pool, &[Ended { token: claim.token, users: None }]).await.expect("finished");
    assert_eq!(done.ids, [good]);
    assert_eq!((state(pool, bad).await, state(pool, good).await), (State::Failed, State::Done));
}
