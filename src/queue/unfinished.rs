//! The jobs that are still to write documents.

use super::{JobId, QueueError};
use sqlx::{PgPool, Row};

/// A job that has not ended.
#[derive(Debug, Clone)]
pub struct Unfinished {
    /// Its id.
    pub id: JobId,
    /// Which users.
    pub scope: serde_json::Value,
    /// How many users the change cut off.
    pub cut_off: i32,
}

/// The jobs that have not ended and write what is searched: refreshes, and rebuilds of a part. At most `limit` that
/// wait, and `limit` that run.
///
/// # Errors
/// [`QueueError`].
pub async fn unfinished_writes(pool: &PgPool, limit: u32) -> Result<Vec<Unfinished>, QueueError> {
    let rows = sqlx::query(
        "(select id, scope, cut_off from jobs
          where state = 'queued' and (kind = 'refresh' or (kind = 'rebuild' and not scope ? 'everyone')) limit $1)
         union all
         (select id, scope, cut_off from jobs
          where claim is not null and (kind = 'refresh' or (kind = 'rebuild' and not scope ? 'everyone')) limit $1)",
    )
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Unfinished {
                id: JobId(row.try_get("id")?),
                scope: row.try_get("scope")?,
                cut_off: row.try_get("cut_off")?,
            })
        })
        .collect()
}
