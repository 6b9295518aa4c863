//! Whether a job is over, by its id alone.

use super::{JobId, QueueError, RETENTION, State};
use crate::clock::Clock;
use sqlx::PgExecutor;
use uuid::Uuid;

/// What is known of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is there.
    Known(State),
    /// It isn't there, and is older than jobs are kept: it counts as satisfied.
    TooOld,
    /// There is no such job.
    Unknown,
}

/// What is known of `id`.
///
/// # Errors
/// [`QueueError`].
pub async fn status(db: impl PgExecutor<'_>, clock: &Clock, id: JobId) -> Result<Status, QueueError> {
    let state: Option<String> =
        sqlx::query_scalar("select state from jobs where id = $1").bind(id.0).fetch_optional(db).await?;
    match state {
        Some(word) => Ok(Status::Known(State::parse(&word)?)),
        None if is_too_old(clock, id) => Ok(Status::TooOld),
        None => Ok(Status::Unknown),
    }
}

fn is_too_old(clock: &Clock, id: JobId) -> bool {
    let now_ms = u64::try_from(clock.micros() / 1_000).unwrap_or(0);
    let kept_ms = u64::try_from(RETENTION.as_millis()).unwrap_or(u64::MAX);
    id.made_at_ms().is_some_and(|made| made.saturating_add(kept_ms) < now_ms)
}

/// Those of `ids` that are queued or running, in no order.
///
/// # Errors
/// [`QueueError::Database`].
pub async fn unfinished(db: impl PgExecutor<'_>, ids: &[JobId]) -> Result<Vec<JobId>, QueueError> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let left: Vec<Uuid> =
        sqlx::query_scalar("select id from jobs where id = any ($1) and state in ('queued', 'running')")
            .bind(ids)
            .fetch_all(db)
            .await?;
    Ok(left.into_iter().map(JobId).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_too_old_after_seven_days_and_not_before() {
        let clock = Clock::at(1_700_000_000_000_000);
        let id = JobId::new(&clock);
        clock.set(clock.micros() + 7 * 24 * 3_600 * 1_000_000);
        assert!(!is_too_old(&clock, id));
        clock.set(clock.micros() + 1_000);
        assert!(is_too_old(&clock, id));
    }

    #[test]
    fn an_id_without_a_time_is_never_too_old() {
        assert!(!is_too_old(&Clock::at(i64::MAX), JobId(Uuid::nil())));
    }
}
