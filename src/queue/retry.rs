//! Retrying a failed job.

use super::{JobId, QueueError, State};
use sqlx::{PgExecutor, Row};

/// What [`retry`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retried {
    /// It is queued again, from the start, with all its attempts.
    Yes,
    /// There is no such job.
    Unknown,
    /// Only failed jobs can be retried; this is its state.
    Not(State),
}

/// Queues a failed job again.
///
/// # Errors
/// [`QueueError`].
pub async fn retry(db: impl PgExecutor<'_>, id: JobId) -> Result<Retried, QueueError> {
    let row = sqlx::query(
        "with again as (
             update jobs set state = 'queued', attempts = 0, error = null, result = null, position = null,
                 processed = 0, total = null, finished_at = null, not_before = now()
             where id = $1 and state = 'failed'
             returning id, customer_id, scope, lane
         ),
         told as materialized (
             select pg_notify('permdex_jobs', json_build_object('lane', lane, 'id', id, 'customer', customer_id,
                 -- A payload of 8,000 bytes would fail the statement; a null scope may concern anybody.
                 'scope', case when octet_length(scope::text) < 7000 then scope end, 'again', true)::text)
             from again
         )
         select state, (select count(*) from told) as retried from jobs where id = $1",
    )
    .bind(id.0)
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(Retried::Unknown) };
    match row.try_get::<i64, _>("retried")? {
        0 => Ok(Retried::Not(State::parse(row.try_get("state")?)?)),
        _ => Ok(Retried::Yes),
    }
}
