//! Ending jobs: the rows of a claim end together, with the attempt that claimed them.

use super::{JobId, Kind, Lane, QueueError, State};
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use std::collections::HashSet;
use std::time::Duration;
use uuid::Uuid;

/// Tells who waits of the rows in the CTE `ended (id, state)`, at commit: 180 ids of 40 bytes a message stay below the
/// bound of a payload. The statement must read it (`(select count(*) from told)`), or it is not run.
macro_rules! told {
    () => {
        "told as materialized (
             select pg_notify('permdex_finished', json_build_object('state', state, 'ids', ids)::text)
             from (select state, json_agg(id) as ids
                   from (select id, state, (row_number() over (partition by state order by id) - 1) / 180 as chunk
                         from ended) numbered
                   group by state, chunk) chunks)"
    };
}
pub(super) use told;

/// A claim whose work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The claim's token.
    pub token: Uuid,
    /// How many users the attempt has written, when that was not said by [`super::progress`] before.
    pub users: Option<i64>,
}

/// What became of claims that were ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finished {
    /// The rows that ended; pass them to [`super::Signals::finished`].
    pub ids: Vec<JobId>,
    /// The tokens that had no rows any more: an old attempt, or cancelled.
    pub refused: Vec<Uuid>,
    /// What each of the rows was, for metrics; in the order of `ids`.
    pub jobs: Vec<EndedJob>,
}

/// A row that ended, as metrics see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedJob {
    /// What it did.
    pub kind: Kind,
    /// Who took it.
    pub lane: Lane,
    /// From its change (the beginning of that transaction) to its end, by the database's clock.
    pub after: Duration,
}

impl Finished {
    fn read(tokens: impl Iterator<Item = Uuid>, rows: &[PgRow]) -> Result<Self, QueueError> {
        let mut held = HashSet::new();
        let (mut ids, mut jobs) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for row in rows {
            ids.push(JobId(row.try_get("id")?));
            jobs.push(EndedJob {
                kind: Kind::parse(row.try_get("kind")?)?,
                lane: Lane::parse(row.try_get("lane")?)?,
                after: Duration::try_from_secs_f64(row.try_get("after")?).unwrap_or_default(),
            });
            held.insert(row.try_get::<Uuid, _>("token")?);
        }
        Ok(Self { ids, refused: tokens.filter(|token| !held.contains(token)).collect(), jobs })
    }
}

/// Ends the rows of several claims as done, in one round trip. Call it when their effect is searchable.
///
/// Does not wait for the disk: an end lost in a crash of the server makes the work be done once more.
///
/// # Errors
/// [`QueueError::Database`]; say it again, or the rows run again when their leases end.
pub async fn finish(pool: &PgPool, claims: &[Ended]) -> Result<Finished, QueueError> {
    let tokens: Vec<_> = claims.iter().map(|ended| ended.token).collect();
    let users: Vec<_> = claims.iter().map(|ended| ended.users).collect();
    let rows = sqlx::query(concat!(
        "with given as (select * from unnest($1::uuid[], $2::bigint[]) as g (token, users)),
         held as (select id, claim from jobs where claim = any ($1) order by id for update),
         ended as (
             update jobs j set state = 'done', claim = null, lease_until = null, finished_at = now(), error = null,
                 processed = coalesce(g.users, j.processed), total = coalesce(g.users, j.total, j.processed)
             from given g
             where j.id = any (array(select id from held)) and g.token = j.claim
             returning j.id, j.state, g.token, j.kind, j.lane, j.created_at
         ),",
        told!(),
        "select id, token, kind, lane, extract(epoch from clock_timestamp() - created_at)::float8 as after,
             (select count(*) from told), set_config('synchronous_commit', 'off', true) from ended"
    ))
    .bind(&tokens)
    .bind(users)
    .fetch_all(pool)
    .await?;
    Finished::read(tokens.into_iter(), &rows)
}

/// Ends a claim's rows as done, with a result that their readers see.
///
/// # Errors
/// As [`finish`].
pub async fn finish_with_result(
    pool: &PgPool,
    token: Uuid,
    result: &serde_json::Value,
) -> Result<Finished, QueueError> {
    end(pool, token, State::Done, None, Some(result)).await
}

/// Ends a claim's rows as failed: `error` is for readers of the job, `result` for what they can work with (such as the
/// users that could not be written). Only [`super::retry()`] brings them back.
///
/// # Errors
/// As [`finish`].
pub async fn finish_failed(
    pool: &PgPool,
    token: Uuid,
    error: &str,
    result: Option<&serde_json::Value>,
) -> Result<Finished, QueueError> {
    end(pool, token, State::Failed, Some(error), result).await
}

/// The same for these rows of the claim only: the others stay the attempt's. Refused when none of `ids` is the attempt's
/// any more; no `ids`: nothing to refuse.
///
/// # Errors
/// As [`finish`].
pub async fn finish_failed_some(
    pool: &PgPool,
    token: Uuid,
    ids: &[JobId],
    error: &str,
    result: Option<&serde_json::Value>,
) -> Result<Finished, QueueError> {
    if ids.is_empty() {
        return Ok(Finished::default());
    }
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    end_those(pool, token, Some(&ids), State::Failed, Some(error), result).await
}

async fn end(
    pool: &PgPool,
    token: Uuid,
    state: State,
    error: Option<&str>,
    result: Option<&serde_json::Value>,
) -> Result<Finished, QueueError> {
    end_those(pool, token, None, state, error, result).await
}

/// `ids`: which rows of the claim; none: all.
async fn end_those(
    pool: &PgPool,
    token: Uuid,
    ids: Option<&[Uuid]>,
    state: State,
    error: Option<&str>,
    result: Option<&serde_json::Value>,
) -> Result<Finished, QueueError> {
    let rows = sqlx::query(concat!(
        "with held as (select id from jobs where claim = $1 and ($5::uuid[] is null or id = any ($5)) order by id for update),
         ended as (
             update jobs j set state = $2, claim = null, lease_until = null, finished_at = now(), error = $3, result = $4
             where j.id = any (array(select id from held))
             returning j.id, j.state, j.kind, j.lane, j.created_at
         ),",
        told!(),
        "select id, $1 as token, kind, lane, extract(epoch from clock_timestamp() - created_at)::float8 as after,
             (select count(*) from told), set_config('synchronous_commit', 'off', true) from ended"
    ))
    .bind(token)
    .bind(state.as_str())
    .bind(error)
    .bind(result)
    .bind(ids)
    .fetch_all(pool)
    .await?;
    Finished::read(std::iter::once(token), &rows)
}
