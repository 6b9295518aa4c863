//! What an attempt says while it runs: that it lives, how far it is, that it gives its rows back.
//!
//! Each names the claim's token and is refused once the rows are another attempt's. Rows are locked in the order
//! of their ids, here and in `finish.rs`, so that two updates of one claim can't block each other. None waits for
//! the disk at its commit (`synchronous_commit`): lost in a crash of the server, a heartbeat or a position costs
//! some work done twice.

use super::QueueError;
use sqlx::{PgConnection, PgPool};
use std::time::Duration;
use uuid::Uuid;

/// Whether the attempt still had its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a refused attempt must stop: its rows are somebody else's"]
pub enum Fenced {
    /// They were its own; the update is made.
    Held,
    /// They are another attempt's, or ended or cancelled; nothing was changed.
    Refused,
}

impl Fenced {
    fn from_rows(rows: i64) -> Self {
        if rows > 0 { Self::Held } else { Self::Refused }
    }
}

/// How far a walk is. It is the same for all rows of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The last user id that is written.
    pub position: i64,
    /// Users written.
    pub processed: i64,
    /// Users in all, as far as known.
    pub total: Option<i64>,
}

/// Extends the lease to `lease` from now, by the database's clock.
///
/// # Errors
/// [`QueueError::Database`].
pub async fn heartbeat(pool: &PgPool, token: Uuid, lease: Duration) -> Result<Fenced, QueueError> {
    let rows = sqlx::query_scalar(
        "with held as (select id from jobs where claim = $1 order by id for update),
         beat as (update jobs set lease_until = clock_timestamp() + make_interval(secs => $2)
                  where id = any (array(select id from held)) returning 1),
         quick as materialized (select set_config('synchronous_commit', 'off', true))
         select count(*) from beat, quick",
    )
    .bind(token)
    .bind(lease.as_secs_f64())
    .fetch_one(pool)
    .await?;
    Ok(Fenced::from_rows(rows))
}

/// Locks the claim's rows until the caller's transaction ends: until then no reaper takes them away and no cancel gets
/// through, so what is done meanwhile is done by the attempt that has the job. Keep it short: heartbeats wait too.
///
/// # Errors
/// [`QueueError::Database`]: the caller's transaction is broken then and must be rolled back.
pub async fn hold(conn: &mut PgConnection, token: Uuid) -> Result<Fenced, QueueError> {
    let rows =
        sqlx::query("select from jobs where claim = $1 order by id for update").bind(token).fetch_all(conn).await?;
    Ok(Fenced::from_rows(i64::try_from(rows.len()).unwrap_or(i64::MAX)))
}

/// Saves how far the walk is. Say so only after the page is written: the next attempt goes on behind it.
///
/// # Errors
/// [`QueueError::Database`].
pub async fn progress(pool: &PgPool, token: Uuid, at: Progress) -> Result<Fenced, QueueError> {
    let rows = sqlx::query_scalar(
        "with held as (select id from jobs where claim = $1 order by id for update),
         moved as (update jobs set position = $2, processed = $3, total = coalesce($4, total)
                   where id = any (array(select id from held)) returning 1),
         quick as materialized (select set_config('synchronous_commit', 'off', true))
         select count(*) from moved, quick",
    )
    .bind(token)
    .bind(at.position)
    .bind(at.processed)
    .bind(at.total)
    .fetch_one(pool)
    .await?;
    Ok(Fenced::from_rows(rows))
}

/// Puts the claim's rows back into the queue, to be claimed after `pause`: something they need is unreachable.
/// Uses up no attempt; the position is kept.
///
/// # Errors
/// [`QueueError::Database`]; the rows come back when the lease ends.
pub async fn release(pool: &PgPool, token: Uuid, pause: Duration) -> Result<Fenced, QueueError> {
    Ok(Fenced::from_rows(put_back(pool, &[token], pause).await?))
}

/// Puts the rows of all these claims back at once, for others to go on with: the process is about to end. Uses up no
/// attempt; positions are kept. Returns how many rows that were.
///
/// # Errors
/// [`QueueError::Database`]; the rows come back when their leases end.
pub async fn give_back(pool: &PgPool, tokens: &[Uuid]) -> Result<u64, QueueError> {
    let rows = put_back(pool, tokens, Duration::ZERO).await?;
    Ok(u64::try_from(rows).unwrap_or(0))
}

async fn put_back(pool: &PgPool, tokens: &[Uuid], pause: Duration) -> Result<i64, QueueError> {
    Ok(sqlx::query_scalar(
        "with held as (select id from jobs where claim = any ($1) order by id for update),
         back as (
             update jobs set state = 'queued', claim = null, lease_until = null, attempts = attempts - 1,
                 not_before = now() + make_interval(secs => $2)
             where id = any (array(select id from held)) returning lane
         ),
         -- Not of what has to wait: it would only wake workers for nothing.
         told as (select pg_notify('permdex_jobs', json_build_object('lane', lane)::text)
                  from (select distinct lane from back where $2 = 0) lanes),
         quick as materialized (select set_config('synchronous_commit', 'off', true))
         select count(*) from back, quick where (select count(*) from told) >= 0",
    )
    .bind(tokens)
    .bind(pause.as_secs_f64())
    .fetch_one(pool)
    .await?)
}
