//! `afterJobId`: the answer must include that job's effects.

use super::cluster::Cluster;
use super::error::ServiceError;
use crate::queue::{self, JobId, State, Status};

/// Whether a job's effects are in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effects {
    /// They are.
    Searchable,
    /// It is queued or running.
    Unfinished,
    /// It failed or was cancelled: they may never be, unless it is retried.
    Missing,
}

impl Cluster {
    /// Whether the effects of `job` are in the index.
    ///
    /// # Errors
    /// `Invalid` when there is no such job; `Unavailable` when the database can't say.
    pub(super) async fn effects_of(&self, job: JobId) -> Result<Effects, ServiceError> {
        let status = self.observed(queue::status(&self.pool, &self.clock, job).await)?;
        match status {
            Status::Known(State::Done) | Status::TooOld => Ok(Effects::Searchable),
            Status::Known(State::Queued | State::Running) => Ok(Effects::Unfinished),
            Status::Known(State::Failed | State::Cancelled) => Ok(Effects::Missing),
            Status::Unknown => {
                let detail =
                    format!("job `{job}` does not exist: send a `jobId` that a write answered, or leave it out");
                Err(ServiceError::invalid("/afterJobId", detail))
            }
        }
    }

    /// Waits until the effects of `job` are searchable.
    ///
    /// # Errors
    /// `Unavailable` when they are not within the wait limit or never will be; `TooMany` when too many wait.
    pub(super) async fn wait_for_effects(&self, job: JobId) -> Result<(), ServiceError> {
        match self.effects_of(job).await? {
            Effects::Searchable => return Ok(()),
            Effects::Missing => return Err(missing(job)),
            Effects::Unfinished => {}
        }
        let mut waiting = self.signals.waiters.register(job).map_err(|_| {
            self.counts().too_many_waits();
            ServiceError::TooMany { what: "waits for jobs", retry_after: super::RETRY_AFTER }
        })?;
        // It may have ended between the look and the registration.
        self.observed(self.signals.waiters.look_up(&self.pool).await)?;
        match waiting.wait(self.settings.wait_timeout).await {
            Some(State::Done) => Ok(()),
            Some(_) => Err(missing(job)),
            None => Err(ServiceError::unavailable(format!("job `{job}` is not finished yet"), None)),
        }
    }
}

fn missing(job: JobId) -> ServiceError {
    ServiceError::unavailable(format!("job `{job}` ended without all its effects, have it retried"), None)
}
