//! Jobs as callers see them: reading and listing.

use super::caller::{Caller, forbidden};
use super::cluster::Cluster;
use super::error::ServiceError;
use super::right::{Own, Right};
use super::written::{Told, WriteContext};
use crate::domain::CustomerId;
use crate::queue::{self, Cancelled, Job, JobFilter, JobId, Kind, LIST_BOUND, Retried, State};
use sqlx::PgConnection;
use uuid::Uuid;

/// One page of jobs, newest first.
#[derive(Debug, Clone)]
pub struct JobPage {
    /// The jobs.
    pub items: Vec<Job>,
    /// Where the next page begins, while there is one.
    pub next_cursor: Option<String>,
}

impl Cluster {
    /// A job. Who caused it may always read it; others need `permdex:permission:job` in its customer, or everywhere.
    ///
    /// # Errors
    /// `NotFound` when there is none or the caller may not read it, both alike.
    pub async fn job(&self, caller: &Caller, id: JobId) -> Result<Job, ServiceError> {
        let job = self.observed(queue::get(&self.pool, id).await)?;
        job.filter(|job| self.may_read(caller, job)).ok_or_else(|| ServiceError::not_found("job", id))
    }

    /// Cancels a rebuild, queued or running; the index serves as before.
    ///
    /// # Errors
    /// `NotFound` as [`Cluster::job`]; `Forbidden` without `permdex:permission:rebuild` in its customer, or everywhere;
    /// `Conflict` when it is no rebuild, or has ended.
    pub async fn cancel(&self, caller: &Caller, id: JobId, context: &WriteContext) -> Result<Job, ServiceError> {
        let job = self.job(caller, id).await?;
        self.may(caller, Own::index(job.customer.map(CustomerId)))?;
        let mut tx = self.observed(self.pool.begin().await)?;
        match self.observed(queue::cancel(&mut *tx, id).await)? {
            Cancelled::Yes => {}
            Cancelled::Unknown => return Err(ServiceError::not_found("job", id)),
            Cancelled::Not(Kind::Rebuild, state) => {
                let detail = format!("job `{id}` is {} already: there is nothing to cancel", state.as_str());
                return Err(ServiceError::Conflict(detail));
            }
            Cancelled::Not(kind, _) => {
                let detail = format!("job `{id}` is a {}: only rebuilds can be cancelled", kind.as_str());
                return Err(ServiceError::Conflict(detail));
            }
        }
        self.told(&mut tx, caller, &job, "permdex:permission:cancel", context).await?;
        self.commit_only(tx).await?;
        self.signals.finished(&[id], State::Cancelled);
        self.counts().cancelled();
        self.job(caller, id).await
    }

    /// Queues a failed job again, from its start.
    ///
    /// # Errors
    /// `NotFound` as [`Cluster::job`]; `Forbidden` without `permdex:permission:rebuild` everywhere; `Conflict` when it
    /// has not failed.
    pub async fn retry(&self, caller: &Caller, id: JobId, context: &WriteContext) -> Result<Job, ServiceError> {
        let job = self.job(caller, id).await?;
        self.may(caller, Own::index(None))?;
        let mut tx = self.observed(self.pool.begin().await)?;
        match self.observed(queue::retry(&mut *tx, id).await)? {
            Retried::Yes => {}
            Retried::Unknown => return Err(ServiceError::not_found("job", id)),
            Retried::Not(state) => {
                let detail = format!("job `{id}` is {}: only failed jobs can be retried", state.as_str());
                return Err(ServiceError::Conflict(detail));
            }
        }
        self.told(&mut tx, caller, &job, "permdex:permission:retry", context).await?;
        self.commit_only(tx).await?;
        self.job(caller, id).await
    }

    fn may(&self, caller: &Caller, own: Own) -> Result<(), ServiceError> {
        if caller.holds(Right::REBUILD, own, self.now()) { Ok(()) } else { Err(forbidden(Right::REBUILD, own)) }
    }

    /// The audit row of what is done to a job.
    async fn told(
        &self,
        conn: &mut PgConnection,
        caller: &Caller,
        job: &Job,
        action: &str,
        context: &WriteContext,
    ) -> Result<(), ServiceError> {
        let target = format!("job:{}", job.id);
        let customer = job.customer.map(CustomerId);
        self.audit(conn, caller, context, Told { action, target: &target, customer, before: None, after: None }).await
    }

    fn may_read(&self, caller: &Caller, job: &Job) -> bool {
        job.actor == caller.actor() || caller.holds(Right::JOB, Own::index(job.customer.map(CustomerId)), self.now())
    }

    /// Jobs from the newest on: all of them for who may read all; his customer's for who may read those; else those
    /// that he caused himself.
    ///
    /// # Errors
    /// `BadRequest` for a malformed cursor, `Invalid` for a limit beyond 1,000.
    pub async fn jobs(
        &self,
        caller: &Caller,
        state: Option<State>,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<JobPage, ServiceError> {
        let before = cursor.map(read_cursor).transpose()?;
        let limit = u16::try_from(limit).ok().filter(|limit| (1..=LIST_BOUND).contains(limit));
        let limit =
            limit.ok_or_else(|| ServiceError::invalid("/limit", format!("a page has 1 to {LIST_BOUND} jobs")))?;
        let filter = self.readable(caller, state);
        let items = self.observed(queue::list(&self.pool, &filter, before, limit).await)?;
        // A full page may be the last: the next one is empty then, which costs less than looking ahead.
        let last = items.last().filter(|_| items.len() == usize::from(limit));
        let next_cursor = last.map(|job| job.id.0.simple().to_string());
        Ok(JobPage { items, next_cursor })
    }

    fn readable(&self, caller: &Caller, state: Option<State>) -> JobFilter {
        let now = self.now();
        if caller.holds(Right::JOB, Own::index(None), now) {
            return JobFilter { state, ..JobFilter::default() };
        }
        let customer = caller.customer().filter(|own| caller.holds(Right::JOB, Own::index(Some(*own)), now));
        match customer {
            Some(customer) => JobFilter { state, customer: Some(customer.0), actor: None },
            None => JobFilter { state, customer: None, actor: Some(caller.actor()) },
        }
    }
}

fn read_cursor(text: &str) -> Result<JobId, ServiceError> {
    let id = Uuid::try_parse(text).ok().filter(|_| text.len() == 32);
    id.map(JobId).ok_or_else(|| ServiceError::BadRequest(super::CursorError.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let id = Uuid::from_u128(7);
        assert_eq!(read_cursor(&id.simple().to_string()).unwrap(), JobId(id));
        for text in ["", "nonsense", &id.to_string(), &"é".repeat(16)] {
            assert!(matches!(read_cursor(text), Err(ServiceError::BadRequest(_))), "{text}");
        }
    }
}
