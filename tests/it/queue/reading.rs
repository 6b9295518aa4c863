//! What readers see, and for how long.

use super::{add, claim_from, database, large, small};
use permdex::clock::Clock;
use permdex::queue::{
    Ended, JobFilter, JobId, Lane, NewJob, State, Status, finish, get, list, purge, status, unfinished,
};
use sqlx::{AssertSqlSafe, PgPool};

async fn ids(pool: &PgPool, filter: &JobFilter, before: Option<JobId>, limit: u16) -> Vec<JobId> {
    list(pool, filter, before, limit).await.expect("listed").into_iter().map(|job| job.id).collect()
}

/// Ids that are sorted, as if made a second apart.
fn apart(count: i64) -> Vec<JobId> {
    (0..count).map(|i| JobId::new(&Clock::at((1_700_000_000 + i) * 1_000_000))).collect()
}

#[tokio::test]
async fn pages_are_newest_first_and_neither_lose_nor_repeat() {
    let database = database().await;
    let expected: Vec<_> = apart(5).into_iter().rev().collect();
    for id in &expected {
        add(&database.pool, &NewJob { id: *id, ..small(17, 1) }).await;
    }
    let all = JobFilter::default();
    let first = ids(&database.pool, &all, None, 2).await;
    let second = ids(&database.pool, &all, first.last().copied(), 9).await;
    assert_eq!([first, second].concat(), expected);
}

#[tokio::test]
async fn a_list_is_filtered_by_state_customer_and_actor() {
    let database = database().await;
    let done = add(&database.pool, &small(17, 1)).await;
    let claim = claim_from(&database.pool, Lane::Small).await.expect("queued");
    finish(&database.pool, &[Ended { token: claim.token, users: None }]).await.expect("finished");
    let own = NewJob { actor: "acme_17".to_owned(), ..small(17, 1) };
    let own = add(&database.pool, &own).await;
    let foreign = add(&database.pool, &large(3, 2)).await;
    let filtered = async |filter| ids(&database.pool, &filter, None, 10).await;
    let state = |state| JobFilter { state: Some(state), ..JobFilter::default() };
    assert_eq!(filtered(state(State::Done)).await, [done]);
    assert_eq!(filtered(state(State::Failed)).await, []);
    assert_eq!(filtered(JobFilter { customer: Some(2), ..JobFilter::default() }).await, [foreign]);
    assert_eq!(filtered(JobFilter { customer: Some(1), ..state(State::Queued) }).await, [own]);
    assert_eq!(filtered(JobFilter { actor: Some("acme_17".to_owned()), ..JobFilter::default() }).await, [own]);
}

#[tokio::test]
async fn a_job_shows_its_course() {
    let database = database().await;
    let id = add(&database.pool, &small(17, 1)).await;
    let job = get(&database.pool, id).await.expect("read").expect("there");
    assert_eq!((job.started_at, job.finished_at, job.customer), (None, None, Some(1)));
    let claim = claim_from(&database.pool, Lane::Small).await.expect("queued");
    finish(&database.pool, &[Ended { token: claim.token, users: Some(1) }]).await.expect("finished");
    let job = get(&database.pool, id).await.expect("read").expect("there");
    assert!(Some(job.created_at) <= job.started_at && job.started_at <= job.finished_at);
    assert!(job.finished_at.is_some());
    let json = serde_json::to_value(&job).expect("json");
    assert_eq!((&json["state"], &json["kind"], &json["processed"]), (&"done".into(), &"refresh".into(), &1.into()));
    assert!(json.get("error").is_none() && json.get("actor").is_none());
}

#[tokio::test]
async fn unfinished_are_those_queued_and_running() {
    let database = database().await;
    let running = add(&database.pool, &large(3, 1)).await;
    claim_from(&database.pool, Lane::Large).await.expect("queued");
    let queued = add(&database.pool, &small(17, 1)).await;
    let mut left = unfinished(&database.pool, &[queued, running, small(1, 1).id]).await.expect("asked");
    left.sort_unstable();
    let mut expected = [queued, running];
    expected.sort_unstable();
    assert_eq!(left, expected);
}

#[tokio::test]
async fn jobs_are_kept_seven_days_from_their_end_and_then_count_as_satisfied() {
    let database = database().await;
    let made = Clock::at(1_700_000_000_000_000);
    let [old, young, open] = std::array::from_fn(|_| NewJob { id: JobId::new(&made), ..small(17, 1) });
    for (job, ended) in [(&old, "now() - interval '7 days 1 s'"), (&young, "now() - interval '6 days 23 h'")] {
        add(&database.pool, job).await;
        let end = format!("update jobs set state = 'done', finished_at = {ended} where id = $1");
        sqlx::query(AssertSqlSafe(end)).bind(job.id.0).execute(&database.pool).await.expect("ended");
    }
    add(&database.pool, &open).await;
    assert_eq!(purge(&database.pool, 10).await.expect("purged"), 1);
    let at = async |clock: &Clock, id| status(&database.pool, clock, id).await.expect("asked");
    assert_eq!(at(&Clock::System, old.id).await, Status::TooOld);
    assert_eq!(at(&made, old.id).await, Status::Unknown);
    assert_eq!(at(&Clock::System, young.id).await, Status::Known(State::Done));
    assert_eq!(at(&Clock::System, open.id).await, Status::Known(State::Queued));
}
