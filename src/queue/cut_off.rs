//! The users a change cut off, read back page by page.

use super::{JobId, QueueError};
use sqlx::PgExecutor;

/// At most `limit` distinct users cut off by `jobs`, above `after`, in ascending order.
/// [`super::ClaimedJob::cut_off`] says for which jobs there are any.
///
/// # Errors
/// [`QueueError::Database`].
pub async fn cut_off_users(
    db: impl PgExecutor<'_>,
    jobs: &[JobId],
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<i64>, QueueError> {
    let ids: Vec<_> = jobs.iter().map(|id| id.0).collect();
    Ok(sqlx::query_scalar(
        "select distinct user_id from job_users
         where job_id = any ($1) and user_id > coalesce($2, -9223372036854775808)
         order by user_id limit $3",
    )
    .bind(ids)
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(db)
    .await?)
}
