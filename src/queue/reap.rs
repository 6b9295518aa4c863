//! Bringing back what a dead or stalled worker held.

use super::finish::told;
use super::{JobId, Kind, QueueError, State};
use sqlx::{PgPool, Row};

/// After so many, a row leaves the small lane: what kills its worker must not take 511 others along for ever.
const LONELY_AFTER: i32 = 3;

/// At most so many rows a statement; several claims' worth.
const BATCH: i64 = 2_048;

/// What [`reap`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reaped {
    /// Rows that are queued again.
    pub queued: u64,
    /// Rows that ended as failed; pass them to [`super::Signals::finished`].
    pub failed: Vec<JobId>,
    /// What they were, in the same order: for metrics.
    pub failed_kinds: Vec<Kind>,
}

/// Returns rows whose lease is over to the queue, positions kept, or ends them as failed when that was their
/// attempt number `max_attempts`. Leases end by the database's clock. Any number of processes may call it, every few seconds.
///
/// # Errors
/// [`QueueError`]; call it again.
pub async fn reap(pool: &PgPool, max_attempts: u32) -> Result<Reaped, QueueError> {
    let rows = sqlx::query(concat!(
        "with expired as (
             select id from jobs where claim is not null and lease_until <= now()
             order by id limit $3 for update skip locked
         ),
         back as (
             update jobs set claim = null, lease_until = null,
                 state = case when attempts >= $1 then 'failed' else 'queued' end,
                 finished_at = case when attempts >= $1 then now() end,
                 error = case when attempts >= $1 then 'the worker was lost ' || attempts
                     || ' times while it ran this job: see the workers'' logs, then retry it' end,
                 lane = case when attempts >= $2 then 'large' else lane end,
                 -- Behind the others: its next death must not come before their first turn.
                 not_before = case when attempts >= $2 then now() else not_before end
             where id = any (array(select id from expired))
             returning id, state, lane, kind
         ),
         ended as (select id, state from back where state = 'failed'),
         woken as materialized (select pg_notify('permdex_jobs', json_build_object('lane', lane)::text)
                   from (select distinct lane from back where state = 'queued') lanes),",
        told!(),
        "select id, state, kind, (select count(*) from told), (select count(*) from woken) from back"
    ))
    .bind(i32::try_from(max_attempts).unwrap_or(i32::MAX))
    .bind(LONELY_AFTER)
    .bind(BATCH)
    .fetch_all(pool)
    .await?;
    let mut reaped = Reaped::default();
    for row in &rows {
        match State::parse(row.try_get("state")?)? {
            State::Failed => {
                reaped.failed.push(JobId(row.try_get("id")?));
                reaped.failed_kinds.push(Kind::parse(row.try_get("kind")?)?);
            }
            _ => reaped.queued += 1,
        }
    }
    Ok(reaped)
}

/// For the one process that serves from the embedded engine, when it has the lock: a new epoch, which stops every other
/// process' claims, and what those still held is reaped at once instead of when its leases end.
///
/// # Errors
/// [`QueueError`]; call it again before claiming.
pub async fn take_over(pool: &PgPool, max_attempts: u32) -> Result<(i64, Reaped), QueueError> {
    let epoch = sqlx::query_scalar(
        "with expired as (update jobs set lease_until = now() where claim is not null)
         update embedded_lease set epoch = epoch + 1 returning epoch",
    )
    .fetch_one(pool)
    .await?;
    let mut all = Reaped::default();
    loop {
        let some = reap(pool, max_attempts).await?;
        if some == Reaped::default() {
            return Ok((epoch, all));
        }
        all.queued += some.queued;
        all.failed.extend(some.failed);
        all.failed_kinds.extend(some.failed_kinds);
    }
}
