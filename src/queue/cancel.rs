//! Cancelling a rebuild.

use super::finish::told;
use super::{JobId, Kind, QueueError, State};
use sqlx::{PgExecutor, Row};

/// What [`cancel`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// It is cancelled. A worker that ran it finds its next update refused, unless another job's rows go on.
    Yes,
    /// There is no such job.
    Unknown,
    /// Only rebuilds that have not ended can be cancelled; this is what it is.
    Not(Kind, State),
}

/// Cancels a rebuild: a queued one at once, a running one by taking its claim away.
///
/// # Errors
/// [`QueueError`].
pub async fn cancel(db: impl PgExecutor<'_>, id: JobId) -> Result<Cancelled, QueueError> {
    let row = sqlx::query(concat!(
        "with ended as (
             update jobs set state = 'cancelled', claim = null, lease_until = null, joinable = false, finished_at = now()
             where id = $1 and kind = 'rebuild' and state in ('queued', 'running')
             returning id, state
         ),",
        told!(),
        "select kind, state, exists (select from ended) as cancelled, (select count(*) from told)
         from jobs where id = $1"
    ))
    .bind(id.0)
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(Cancelled::Unknown) };
    if row.try_get("cancelled")? {
        return Ok(Cancelled::Yes);
    }
    Ok(Cancelled::Not(Kind::parse(row.try_get("kind")?)?, State::parse(row.try_get("state")?)?))
}
