//! The job queue against a real PostgreSQL: what is claimed, by whom, and that nothing is lost or ended twice.

mod claiming;
mod fencing;
mod joining;
mod pending;
mod reading;
mod speed;
mod waiting;

use crate::support::database::TestDatabase;
use permdex::clock::Clock;
use permdex::queue::{Claim, ClaimRequest, JobId, Kind, Lane, NewJob, State, Turn, claim, enqueue, get};
use serde_json::{Value, json};
use sqlx::PgPool;
use std::time::Duration;

/// After how many lost workers a job has failed; not the default.
const ATTEMPTS: u32 = 7;
/// Longer than any test: what waits so long waits for a state.
const LONG: Duration = Duration::from_mins(1);

fn job(scope: Value, customer: impl Into<Option<i64>>, lane: Lane) -> NewJob {
    let (id, actor) = (JobId::new(&Clock::System), "service:test".to_owned());
    NewJob { id, kind: Kind::Refresh, scope, customer: customer.into(), actor, lane, waited: false }
}

fn small(user: i64, customer: i64) -> NewJob {
    job(json!({"user": user}), customer, Lane::Small)
}

fn large(policy: i64, customer: i64) -> NewJob {
    job(json!({"policy": policy}), customer, Lane::Large)
}

async fn add(pool: &PgPool, job: &NewJob) -> JobId {
    enqueue(&mut pool.acquire().await.expect("a connection"), job, &[]).await.expect("enqueued");
    job.id
}

fn request(lane: Lane) -> ClaimRequest {
    ClaimRequest {
        lane,
        kinds: vec![Kind::Refresh, Kind::Rebuild],
        max_merged: 512,
        lease: LONG,
        schema_version: 1,
        epoch: None,
        turn: Turn::default(),
    }
}

async fn claim_from(pool: &PgPool, lane: Lane) -> Option<Claim> {
    claim(pool, &request(lane)).await.expect("claimed")
}

/// Claims with a lease that is over at once: the worker dies.
async fn claim_and_die(pool: &PgPool, lane: Lane) -> Claim {
    let request = ClaimRequest { lease: Duration::ZERO, ..request(lane) };
    claim(pool, &request).await.expect("claimed").expect("something to claim")
}

async fn state(pool: &PgPool, id: JobId) -> State {
    get(pool, id).await.expect("read").expect("there").state
}

/// Adds `count` queued refreshes of one customer, faster than one by one.
async fn add_many(pool: &PgPool, count: i32, customer: i64) {
    sqlx::query(
        "insert into jobs (id, kind, scope, customer_id, actor, lane)
         select gen_random_uuid(), 'refresh', jsonb_build_object('user', i), $2, 'service:test', 'small'
         from generate_series(1, $1) i",
    )
    .bind(count)
    .bind(customer)
    .execute(pool)
    .await
    .expect("added");
}

async fn database() -> TestDatabase {
    TestDatabase::new().await
}
