//! Claiming: queued rows become one attempt, under one token and one lease.

use super::claim_sql::{LARGE, SMALL};
use super::{JobId, Kind, Lane, QueueError};
use crate::telemetry::Trace;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// Which tenant's turn it is in the small lane: kept by one worker from claim to claim. Clones share it.
#[derive(Debug, Clone)]
pub struct Turn(Arc<AtomicI64>);

impl Default for Turn {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(-1)))
    }
}

/// What a worker asks for. Built once, used for each claim.
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// Which lane.
    pub lane: Lane,
    /// Which kinds; the small lane holds refreshes only.
    pub kinds: Vec<Kind>,
    /// At most so many rows are merged into one claim; at least 1. 512 is a good bound.
    pub max_merged: u16,
    /// How long the rows are the worker's without a [`super::heartbeat`].
    pub lease: Duration,
    /// The highest schema version of the index that this release can write: nothing is claimed while a higher one
    /// is building or serving.
    pub schema_version: i32,
    /// Embedded engine: claim only while the database still has this epoch.
    pub epoch: Option<i64>,
    /// Where the small lane's tenants go on.
    pub turn: Turn,
}

/// Rows that belong to one attempt.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The fencing token that every update of this attempt names.
    pub token: Uuid,
    /// The rows, oldest id first; never empty.
    pub jobs: Vec<ClaimedJob>,
}

/// One row of a claim.
#[derive(Debug, Clone)]
pub struct ClaimedJob {
    /// Its id.
    pub id: JobId,
    /// What to do.
    pub kind: Kind,
    /// Which users.
    pub scope: serde_json::Value,
    /// Its tenant.
    pub customer: Option<i64>,
    /// Who caused it.
    pub actor: String,
    /// Whether somebody waits for it.
    pub waited: bool,
    /// Which attempt this is, from 1; claims given back don't count.
    pub attempt: i32,
    /// How many users the change cut off: [`super::cut_off_users`] has them.
    pub cut_off: i32,
    /// The last user id an earlier attempt has written.
    pub position: Option<i64>,
    /// How many users that were.
    pub processed: i64,
    /// The trace of the request that left it behind.
    pub trace: Option<Trace>,
}

impl Claim {
    /// Where the walk goes on: above this user id. `None`, the start, as soon as one of the rows has not begun:
    /// its change may concern users below.
    #[must_use]
    pub fn position(&self) -> Option<i64> {
        // `None` orders below every `Some`.
        self.jobs.iter().map(|job| job.position).min().flatten()
    }

    /// How many users are written up to [`Claim::position`].
    #[must_use]
    pub fn processed(&self) -> i64 {
        self.jobs
            .iter()
            .min_by_key(|job| job.position)
            .filter(|job| job.position.is_some())
            .map_or(0, |job| job.processed)
    }

    /// Whether somebody waits for any of the rows.
    #[must_use]
    pub fn waited(&self) -> bool {
        self.jobs.iter().any(|job| job.waited)
    }

    /// The one trace that all of it is about; `None` when there are several, or none.
    #[must_use]
    pub fn trace(&self) -> Option<Trace> {
        let [first, others @ ..] = &*self.jobs else { return None };
        first.trace.filter(|_| others.iter().all(|other| other.trace == first.trace))
    }

    /// The rows' ids.
    #[must_use]
    pub fn ids(&self) -> Vec<JobId> {
        self.jobs.iter().map(|job| job.id).collect()
    }
}

/// Claims what is next in the lane, in one round trip; `None` when nothing is ready, or this process may not
/// claim (see [`ClaimRequest::schema_version`], [`ClaimRequest::epoch`]).
///
/// Small lane: up to `max_merged` refreshes at once, each tenant its share. Large lane: one job of the tenant that
/// was served longest ago, and the queued ones equal to it. Only rows queued at that moment are taken: a row
/// enqueued a moment later is another claim's.
///
/// # Errors
/// [`QueueError`]; nothing is claimed then, or what is claimed comes back when its lease ends.
pub async fn claim(pool: &PgPool, request: &ClaimRequest) -> Result<Option<Claim>, QueueError> {
    let rows = match request.lane {
        Lane::Small if !request.kinds.contains(&Kind::Refresh) => return Ok(None),
        Lane::Small => sqlx::query(SMALL).bind(request.turn.0.load(Ordering::Relaxed)),
        Lane::Large => sqlx::query(LARGE).bind(request.kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>()),
    }
    .bind(i64::from(request.max_merged.max(1)))
    .bind(request.lease.as_secs_f64())
    .bind(request.schema_version)
    .bind(request.epoch)
    .fetch_all(pool)
    .await?;
    let Some(first) = rows.first() else { return Ok(None) };
    request.turn.0.store(first.try_get::<Option<i64>, _>("turn")?.unwrap_or(-1), Ordering::Relaxed);
    let token = first.try_get("claim")?;
    let mut jobs = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    jobs.sort_unstable_by_key(|job| job.id);
    Ok(Some(Claim { token, jobs }))
}

fn read(row: &PgRow) -> Result<ClaimedJob, QueueError> {
    Ok(ClaimedJob {
        id: JobId(row.try_get("id")?),
        kind: Kind::parse(row.try_get("kind")?)?,
        scope: row.try_get("scope")?,
        customer: row.try_get("customer_id")?,
        actor: row.try_get("actor")?,
        waited: row.try_get("waited")?,
        attempt: row.try_get("attempts")?,
        cut_off: row.try_get("cut_off")?,
        position: row.try_get("position")?,
        processed: row.try_get("processed")?,
        trace: row.try_get::<Option<Uuid>, _>("trace")?.and_then(|id| Trace::of(id.as_u128())),
    })
}
