//! Who waits for the end of which job.
//!
//! Three ways lead here: the worker of this process says so itself, NOTIFY tells of others, and once a second exactly
//! the ids waited for are looked up in one query, which catches what NOTIFY lost.

use super::{JobId, QueueError, State};
use parking_lot::Mutex;
use sqlx::{PgExecutor, Row};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// At most so many jobs are waited for at a time in one process.
pub const WAITERS_BOUND: usize = 10_000;

/// Too many wait already: answer without waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests wait for jobs: ask for the job later")]
pub struct TooManyWaiters;

type Jobs = Mutex<HashMap<JobId, watch::Sender<Option<State>>>>;

/// The jobs waited for in this process. Cheap to clone; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Waiters(Arc<Jobs>);

/// One who waits for one job; dropping it ends the waiting.
#[derive(Debug)]
pub struct Waiting {
    id: JobId,
    // An option so that `drop` can let go of it before it counts who is left.
    state: Option<watch::Receiver<Option<State>>>,
    jobs: Arc<Jobs>,
}

impl Waiters {
    /// Begins to wait for `id`. Do it before the job's transaction commits: then no end can be missed.
    ///
    /// # Errors
    /// [`TooManyWaiters`]: [`WAITERS_BOUND`] jobs are waited for.
    pub fn register(&self, id: JobId) -> Result<Waiting, TooManyWaiters> {
        let mut jobs = self.0.lock();
        let full = jobs.len() >= WAITERS_BOUND;
        let state = match jobs.entry(id) {
            Entry::Occupied(job) => job.get().subscribe(),
            Entry::Vacant(_) if full => return Err(TooManyWaiters),
            Entry::Vacant(job) => job.insert(watch::Sender::new(None)).subscribe(),
        };
        Ok(Waiting { id, state: Some(state), jobs: Arc::clone(&self.0) })
    }

    /// Wakes those who wait for any of `ids`, which ended in `state`.
    pub fn finished(&self, ids: &[JobId], state: State) {
        let jobs = self.0.lock();
        for job in ids.iter().filter_map(|id| jobs.get(id)) {
            job.send_replace(Some(state));
        }
    }

    /// The jobs waited for that have not ended yet, in no order.
    #[must_use]
    pub fn ids(&self) -> Vec<JobId> {
        self.0.lock().iter().filter(|(_, job)| job.borrow().is_none()).map(|(id, _)| *id).collect()
    }

    /// Looks up all jobs waited for, in one query, and wakes those who wait for an ended one. No query when nobody waits.
    /// Call it once right after registering for a job that was committed before: it may be over.
    ///
    /// # Errors
    /// [`QueueError`]; nobody was woken.
    pub async fn look_up(&self, db: impl PgExecutor<'_>) -> Result<(), QueueError> {
        let ids: Vec<_> = self.ids().into_iter().map(|id| id.0).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let rows =
            sqlx::query("select id, state from jobs where id = any ($1) and state in ('done', 'failed', 'cancelled')")
                .bind(ids)
                .fetch_all(db)
                .await?;
        for row in rows {
            self.finished(&[JobId(row.try_get("id")?)], State::parse(row.try_get("state")?)?);
        }
        Ok(())
    }
}

impl Waiting {
    /// Waits until the job ended, and says how; `None` when it had not after `timeout`.
    pub async fn wait(&mut self, timeout: Duration) -> Option<State> {
        let state = self.state.as_mut()?;
        let ended = tokio::time::timeout(timeout, state.wait_for(Option::is_some)).await;
        ended.ok()?.ok().and_then(|state| *state)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut jobs = self.jobs.lock();
        self.state = None;
        if jobs.get(&self.id).is_some_and(|job| job.receiver_count() == 0) {
            jobs.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    const LONG: Duration = Duration::from_hours(1);

    fn id() -> JobId {
        JobId::new(&Clock::at(1_700_000_000_000_000))
    }

    #[tokio::test]
    async fn an_end_between_registering_and_waiting_is_not_missed() {
        let waiters = Waiters::default();
        let id = id();
        let mut waiting = waiters.register(id).expect("room");
        waiters.finished(&[id], State::Failed);
        assert_eq!(waiting.wait(LONG).await, Some(State::Failed));
        assert!(waiters.ids().is_empty());
    }

    #[tokio::test]
    async fn everybody_who_waits_for_a_job_is_woken() {
        let waiters = Waiters::default();
        let id = id();
        let (mut one, mut two) = (waiters.register(id).expect("room"), waiters.register(id).expect("room"));
        waiters.finished(&[id], State::Done);
        assert_eq!((one.wait(LONG).await, two.wait(LONG).await), (Some(State::Done), Some(State::Done)));
    }

    #[tokio::test]
    async fn a_dropped_waiter_is_forgotten_and_the_other_one_stays() {
        let waiters = Waiters::default();
        let id = id();
        let (one, mut two) = (waiters.register(id).expect("room"), waiters.register(id).expect("room"));
        drop(one);
        assert_eq!(waiters.ids(), [id]);
        assert_eq!(two.wait(Duration::ZERO).await, None);
        drop(two);
        assert!(waiters.0.lock().is_empty());
    }

    #[test]
    fn waiting_is_bounded() {
        let waiters = Waiters::default();
        let all: Vec<_> = (0..WAITERS_BOUND).map(|_| waiters.register(id()).expect("room")).collect();
        assert_eq!(waiters.register(id()).err(), Some(TooManyWaiters));
        assert!(waiters.register(all[0].id).is_ok());
        drop(all);
        assert!(waiters.register(id()).is_ok());
    }
}
