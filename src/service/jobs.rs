//! Jobs as callers see them: reading and listing.

use super::caller::Caller;
use super::cluster::Cluster;
use super::error::ServiceError;
use super::right::{Own, Right};
use crate::domain::CustomerId;
use crate::queue::{self, Job, JobFilter, JobId, LIST_BOUND, State};
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
