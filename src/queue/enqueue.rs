//! A job row, written in the transaction of the change it belongs to, with the trace of whoever asked for the change.

use super::message::JobMessage;
use super::{JobId, NewJob, QueueError};
use crate::telemetry::Trace;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// What [`join_or_enqueue`] found or made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined {
    /// The job that does the work.
    pub id: JobId,
    /// Whether it is the caller's own: no equal request was still queued.
    pub fresh: bool,
}

/// Enqueues `job` in the caller's transaction, with the users that the change itself cuts off (no query finds
/// them once it is committed). One round trip; workers hear of it when the transaction commits.
///
/// # Errors
/// [`QueueError::Database`]: the caller's transaction is broken then and must be rolled back.
pub async fn enqueue(conn: &mut PgConnection, job: &NewJob, cut_off: &[i64]) -> Result<(), QueueError> {
    sqlx::query(
        "with cut_off as (select distinct user_id from unnest($8::bigint[]) as u (user_id)),
         job as (
             insert into jobs (id, kind, scope, customer_id, actor, lane, waited, trace, cut_off)
             values ($1, $2, $3, $4, $5, $6, $7, $10, (select count(*) from cut_off))
             returning id
         ),
         users as (insert into job_users (job_id, user_id) select job.id, cut_off.user_id from job, cut_off)
         select pg_notify('permdex_jobs', $9)",
    )
    .bind(job.id.0)
    .bind(job.kind.as_str())
    .bind(&job.scope)
    .bind(job.customer)
    .bind(&job.actor)
    .bind(job.lane.as_str())
    .bind(job.waited)
    .bind(cut_off)
    .bind(JobMessage::payload(job))
    .bind(trace())
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds the job of a change that leaves nothing to do: done as soon as the caller's transaction commits.
///
/// # Errors
/// [`QueueError::Database`]: the caller's transaction is broken then and must be rolled back.
pub async fn enqueue_done(conn: &mut PgConnection, job: &NewJob) -> Result<(), QueueError> {
    sqlx::query(
        "insert into jobs (id, kind, scope, customer_id, actor, lane, trace, state, total, finished_at)
         values ($1, $2, $3, $4, $5, $6, $7, 'done', 0, now())",
    )
    .bind(job.id.0)
    .bind(job.kind.as_str())
    .bind(&job.scope)
    .bind(job.customer)
    .bind(&job.actor)
    .bind(job.lane.as_str())
    .bind(trace())
    .execute(conn)
    .await?;
    Ok(())
}

/// Joins an equal request (kind and scope) that nobody has claimed yet, or enqueues this one. Free of races:
/// of any number of callers, while one runs, exactly one job is queued behind it. A job that was claimed and
/// given back counts as running: part of its walk is done, so joining it could miss what came later.
///
/// # Errors
/// [`QueueError::Database`]: the caller's transaction is broken then and must be rolled back.
pub async fn join_or_enqueue(conn: &mut PgConnection, job: &NewJob) -> Result<Joined, QueueError> {
    let row = sqlx::query(
        "with job as (
             insert into jobs (id, kind, scope, customer_id, actor, lane, waited, trace, joinable)
             values ($1, $2, $3, $4, $5, $6, $7, $9, true)
             on conflict (kind, scope) where joinable do update set waited = jobs.waited or excluded.waited
             returning id, id = $1 as fresh
         )
         select id, fresh, (select count(pg_notify('permdex_jobs', $8)) where fresh) from job",
    )
    .bind(job.id.0)
    .bind(job.kind.as_str())
    .bind(&job.scope)
    .bind(job.customer)
    .bind(&job.actor)
    .bind(job.lane.as_str())
    .bind(job.waited)
    .bind(JobMessage::payload(job))
    .bind(trace())
    .fetch_one(conn)
    .await?;
    Ok(Joined { id: JobId(row.try_get("id")?), fresh: row.try_get("fresh")? })
}

/// The trace that the caller's task works for.
fn trace() -> Option<Uuid> {
    Trace::current().map(|trace| Uuid::from_u128(trace.id()))
}
