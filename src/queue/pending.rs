//! The unfinished jobs that this process knows of: the `jobId` hint of a read, without a query.
//!
//! A hint, never a promise. It errs to both sides for as long as a notification travels, and beyond
//! [`PENDING_BOUND`] jobs it knows the newest only.

use super::{JobId, QueueError};
use parking_lot::RwLock;
use serde_json::Value;
use sqlx::{PgExecutor, Row};
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// At most so many jobs are known; the newest are kept.
pub const PENDING_BOUND: usize = 10_000;

/// The unfinished jobs. Cheap to clone; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Pending(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// How many are known: what most reads need to see, without the lock.
    len: AtomicUsize,
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    jobs: BTreeMap<JobId, Entry>,
    /// How many unfinished ones are not known, for want of room.
    left_out: usize,
    /// The latest ends, oldest first. A worker can end a job before whoever committed it comes to add it here: the late
    /// addition must not stay for ever.
    ended: VecDeque<JobId>,
    ended_set: HashSet<JobId>,
    /// Counts the loads; tells what was added while one ran.
    load: u64,
}

#[derive(Debug)]
struct Entry {
    customer: Option<i64>,
    scope: Value,
    load: u64,
}

impl Pending {
    /// Whether no unfinished job is known: one atomic read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many unfinished jobs are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len.load(Ordering::Acquire)
    }

    /// How many more there are, as far as known, for which there was no room.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.0.known.read().left_out
    }

    /// The newest job that `concerns` says may matter, given its customer and scope. A null scope is one that was too
    /// large to be told: it may concern anybody of the customer.
    pub fn newest(&self, mut concerns: impl FnMut(Option<i64>, &Value) -> bool) -> Option<JobId> {
        if self.is_empty() {
            return None;
        }
        let known = self.0.known.read();
        known.jobs.iter().rev().find(|(_, job)| concerns(job.customer, &job.scope)).map(|(id, _)| *id)
    }

    /// A job was committed, unless it is known to have ended already.
    pub fn add(&self, id: JobId, customer: Option<i64>, scope: Value) {
        self.change(|known| {
            if !known.ended_set.contains(&id) {
                known.insert(id, customer, scope);
            }
        });
    }

    /// A job that had ended is queued again.
    pub fn again(&self, id: JobId, customer: Option<i64>, scope: Value) {
        self.change(|known| {
            // Its place in `ended` stays and passes by; forgetting one end too early only costs a hint too many.
            known.ended_set.remove(&id);
            known.insert(id, customer, scope);
        });
    }

    /// These jobs ended.
    pub fn finished(&self, ids: &[JobId]) {
        self.change(|known| ids.iter().for_each(|id| known.end(*id)));
    }

    /// Replaces everything by what the database has, in one query: at the start, and after each gap in the notifications.
    /// Listen first: what is told while this runs is merged.
    ///
    /// # Errors
    /// [`QueueError`]; what was known stays.
    pub async fn load(&self, db: impl PgExecutor<'_>) -> Result<(), QueueError> {
        let load = {
            let mut known = self.0.known.write();
            known.load += 1;
            known.load
        };
        let rows = sqlx::query(
            "select id, customer_id, scope, count(*) over () as total from (
                 select id, customer_id, scope from jobs where state = 'queued'
                 union all
                 select id, customer_id, scope from jobs where claim is not null
             ) unfinished order by id desc limit $1",
        )
        .bind(i64::try_from(PENDING_BOUND).unwrap_or(i64::MAX))
        .fetch_all(db)
        .await?;
        let mut loaded = Vec::with_capacity(rows.len());
        let mut total = 0;
        for row in &rows {
            loaded.push((JobId(row.try_get("id")?), row.try_get("customer_id")?, row.try_get("scope")?));
            total = usize::try_from(row.try_get::<i64, _>("total")?).unwrap_or(0);
        }
        self.change(|known| known.replace(load, loaded, total));
        Ok(())
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        let mut known = self.0.known.write();
        change(&mut known);
        self.0.len.store(known.jobs.len(), Ordering::Release);
    }
}

impl Known {
    fn insert(&mut self, id: JobId, customer: Option<i64>, scope: Value) {
        self.jobs.insert(id, Entry { customer, scope, load: self.load });
        if self.jobs.len() > PENDING_BOUND {
            self.jobs.pop_first();
            self.left_out += 1;
        }
    }

    fn end(&mut self, id: JobId) {
        let first_told = self.ended_set.insert(id);
        if first_told {
            self.ended.push_back(id);
        }
        if self.ended.len() > PENDING_BOUND
            && let Some(oldest) = self.ended.pop_front()
        {
            self.ended_set.remove(&oldest);
        }
        if self.jobs.remove(&id).is_none() && first_told {
            // Told by NOTIFY and in process alike, hence only the first time.
            self.left_out = self.left_out.saturating_sub(1);
        }
    }

    fn replace(&mut self, load: u64, loaded: Vec<(JobId, Option<i64>, Value)>, total: usize) {
        self.jobs.retain(|_, entry| entry.load >= load);
        self.left_out = total.saturating_sub(loaded.len());
        for (id, customer, scope) in loaded {
            if !self.ended_set.contains(&id) {
                self.insert(id, customer, scope);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use serde_json::json;

    fn id(ms: i64) -> JobId {
        JobId::new(&Clock::at(ms * 1_000))
    }

    #[test]
    fn the_newest_that_concerns_is_offered() {
        let pending = Pending::default();
        let (old, new, other) = (id(1), id(2), id(3));
        pending.add(new, Some(1), json!({"user": 17}));
        pending.add(old, Some(1), json!({"user": 17}));
        pending.add(other, Some(2), json!({"user": 18}));
        assert_eq!(pending.newest(|customer, _| customer == Some(1)), Some(new));
        pending.finished(&[new]);
        assert_eq!(pending.newest(|customer, _| customer == Some(1)), Some(old));
        assert_eq!(pending.newest(|_, scope| scope["user"] == 19), None);
    }

    #[test]
    fn a_job_that_ended_before_it_was_added_does_not_stay() {
        let pending = Pending::default();
        let job = id(1);
        pending.finished(&[job]);
        pending.add(job, None, Value::Null);
        assert!(pending.is_empty());
        pending.again(job, None, Value::Null);
        assert_eq!(pending.len(), 1);
    }

    #[test]
    fn beyond_the_bound_the_newest_are_kept_and_the_rest_counted() {
        let pending = Pending::default();
        let ids: Vec<_> = (0..12_000).map(id).collect();
        for id in &ids {
            pending.add(*id, None, Value::Null);
        }
        assert_eq!((pending.len(), pending.left_out()), (PENDING_BOUND, 2_000));
        pending.finished(&ids[..2_001]);
        pending.finished(&ids[..2_001]);
        assert_eq!((pending.len(), pending.left_out()), (PENDING_BOUND - 1, 0));
    }

    #[test]
    fn what_is_told_while_a_load_runs_is_merged() {
        let pending = Pending::default();
        let (gone, ended, stays, added) = (id(1), id(2), id(3), id(4));
        pending.add(gone, None, Value::Null);
        pending.0.known.write().load += 1;
        pending.finished(&[ended]);
        pending.add(added, None, Value::Null);
        let loaded = vec![(stays, None, Value::Null), (ended, None, Value::Null)];
        pending.change(|known| known.replace(1, loaded, 2));
        assert_eq!(pending.0.known.read().jobs.keys().copied().collect::<Vec<_>>(), [stays, added]);
    }
}
