//! Deleting jobs that are kept no longer.

use super::QueueError;
use sqlx::PgPool;
use std::time::Duration;

/// How long an ended job is kept, from its end: 7 days.
pub const RETENTION: Duration = Duration::from_hours(168);

/// Deletes at most `batch` jobs that ended longer than [`RETENTION`] ago, and returns how many; call it until that is
/// less than `batch`. Jobs that have not ended are never deleted.
///
/// # Errors
/// [`QueueError::Database`].
pub async fn purge(pool: &PgPool, batch: u32) -> Result<u64, QueueError> {
    let deleted = sqlx::query(
        "delete from jobs where id = any (array(
             select id from jobs where finished_at < now() - make_interval(secs => $1)
             order by finished_at limit $2 for update skip locked))",
    )
    .bind(RETENTION.as_secs_f64())
    .bind(i64::from(batch))
    .execute(pool)
    .await?;
    Ok(deleted.rows_affected())
}
