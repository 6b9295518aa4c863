//! What a write leaves behind, and waiting until everybody sees it.
//!
//! Every write ends the same way: [`Cluster::commit`] with its job, or [`Cluster::unchanged`].

use super::caller::Caller;
use super::cluster::Cluster;
use super::error::ServiceError;
use super::hint::Whom;
use crate::domain::{CustomerId, Scope};
use crate::queue::{self, JobId, Kind, Lane, NewJob, State, Waiting};
use crate::store::audit;
use serde_json::Value;
use sqlx::{PgConnection, Postgres, Transaction};

/// What goes with a write beside the change itself.
#[derive(Debug, Clone, Default)]
pub struct WriteContext {
    /// The request's id, for the audit log.
    pub request_id: Option<String>,
    /// `X-ORG-ID`: on behalf of which organization, for the audit log.
    pub organization: Option<String>,
    /// Why, for the audit log.
    pub justification: Option<String>,
    /// Whether somebody will wait for it: the job then ends with an index refresh of its own.
    pub wait: bool,
}

/// A committed write.
#[derive(Debug)]
pub struct Written {
    /// The job that carries it to the index; `None` when nothing changed and nothing is under way.
    pub job: Option<JobId>,
    /// Whether it changed anything.
    pub changed: bool,
    waiting: Option<Waiting>,
    /// No document was to be written: everybody sees it since the commit.
    is_complete: bool,
}

impl Written {
    /// Nothing changed, and nothing is under way.
    pub(super) const fn nothing() -> Self {
        Self { job: None, changed: false, waiting: None, is_complete: true }
    }
}

/// How a write stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    /// As in [`Written`].
    pub job: Option<JobId>,
    /// Whether every answer includes the write.
    pub completed: bool,
}

/// A change as the audit log tells of it.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// What was done, such as `permdex:permission:assign`.
    pub action: &'a str,
    /// To what, such as `user:17`.
    pub target: &'a str,
    /// The tenant whose thing it is.
    pub customer: Option<CustomerId>,
    /// What differs, as it was: at most 64 KiB.
    pub before: Option<&'a Value>,
    /// What differs, as it is: at most 64 KiB.
    pub after: Option<&'a Value>,
}

impl Cluster {
    /// A job that refreshes the users in `scope`.
    #[must_use]
    pub fn refresh_job(
        &self,
        caller: &Caller,
        scope: Scope,
        customer: Option<CustomerId>,
        lane: Lane,
        context: &WriteContext,
    ) -> NewJob {
        NewJob {
            id: JobId::new(&self.clock),
            kind: Kind::Refresh,
            // A map of one key and one number: it can't fail. Null would mean "any of the customer's".
            scope: serde_json::to_value(scope).unwrap_or(Value::Null),
            customer: customer.map(|customer| customer.0),
            actor: caller.actor(),
            lane,
            waited: context.wait,
        }
    }

    /// Adds the audit row of a change to its transaction.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`: the transaction is broken then.
    pub async fn audit(
        &self,
        conn: &mut PgConnection,
        caller: &Caller,
        context: &WriteContext,
        told: Told<'_>,
    ) -> Result<(), ServiceError> {
        let actor = caller.actor();
        let entry = audit::Entry {
            actor: &actor,
            organization: context.organization.as_deref(),
            action: told.action,
            target: told.target,
            customer: told.customer.map(|customer| customer.0),
            before: told.before,
            after: told.after,
            request_id: context.request_id.as_deref(),
            justification: context.justification.as_deref(),
        };
        self.observed(audit::insert(conn, &entry).await)
    }

    /// Enqueues the change's job with the users it cuts off, commits, and wakes the worker.
    ///
    /// # Errors
    /// `Unavailable`, which says so when it can't be known whether the commit succeeded.
    pub async fn commit(
        &self,
        mut tx: Transaction<'static, Postgres>,
        job: NewJob,
        cut_off: &[i64],
    ) -> Result<Written, ServiceError> {
        self.observed(queue::enqueue(&mut tx, &job, cut_off).await)?;
        // Before the commit: no end can be missed. With too many waiting already, nobody waits here.
        let waiting = job.waited.then(|| self.signals.waiters.register(job.id).ok()).flatten();
        self.commit_only(tx).await?;
        self.signals.committed(&job);
        Ok(Written { job: Some(job.id), changed: true, waiting, is_complete: false })
    }

    /// Commits a change that no index document has in it: its job is done with it.
    ///
    /// # Errors
    /// As [`Cluster::commit`].
    pub(super) async fn commit_done(
        &self,
        mut tx: Transaction<'static, Postgres>,
        job: NewJob,
    ) -> Result<Written, ServiceError> {
        self.observed(queue::enqueue_done(&mut tx, &job).await)?;
        self.commit_only(tx).await?;
        Ok(Written { job: Some(job.id), changed: true, waiting: None, is_complete: true })
    }

    /// Commits what left no job of its own, or one that was enqueued by hand.
    ///
    /// # Errors
    /// `Unavailable`, which says that it can't be known whether the commit succeeded.
    pub(super) async fn commit_only(&self, tx: Transaction<'static, Postgres>) -> Result<(), ServiceError> {
        self.observed(tx.commit().await).map_err(|error| match error {
            ServiceError::Unavailable { source, .. } => ServiceError::unavailable(
                "the database went away during the commit, the change may or may not be made: repeat it",
                source,
            ),
            other => other,
        })
    }

    /// Nothing changed. What is under way for the same users may be an equal change of somebody else's: its job is named.
    ///
    /// # Errors
    /// `Unavailable` when the database can't say what is under way.
    pub(super) async fn unchanged(&self, whom: Whom, context: &WriteContext) -> Result<Written, ServiceError> {
        // From the database, not from what was heard: a notification may be still on its way, and `completed` is a promise.
        self.observed(self.signals.pending.load(&self.pool).await)?;
        let Some(job) = self.newest_for_sure(whom) else {
            return Ok(Written::nothing());
        };
        let waiting = if context.wait { self.join(job).await? } else { None };
        Ok(Written { job: Some(job), changed: false, waiting, is_complete: false })
    }

    /// Begins to wait for a job that was committed before.
    pub(super) async fn join(&self, job: JobId) -> Result<Option<Waiting>, ServiceError> {
        let waiting = self.signals.waiters.register(job).ok();
        if waiting.is_some() {
            self.observed(self.signals.waiters.look_up(&self.pool).await)?;
        }
        Ok(waiting)
    }

    /// A write whose job was enqueued and committed.
    pub(super) fn written(job: JobId, changed: bool, waiting: Option<Waiting>) -> Written {
        Written { job: Some(job), changed, waiting, is_complete: false }
    }

    /// Waits until every answer includes the write, if its context said that somebody waits, and at most
    /// [`super::Settings::wait_timeout`].
    pub async fn completion(&self, written: &mut Written) -> Completion {
        let Some(job) = written.job.filter(|_| !written.is_complete) else {
            return Completion { job: written.job, completed: true };
        };
        let ended = match &mut written.waiting {
            Some(waiting) => waiting.wait(self.settings.wait_timeout).await,
            None => None,
        };
        Completion { job: Some(job), completed: ended == Some(State::Done) }
    }
}
