//! What a process tells itself about jobs, bundled.

use super::message::{FinishedMessage, JobMessage};
use super::{JobId, NewJob, Pending, State, Waiters, Wake};

/// Waiters, hints and wakes of one process and one database. Cheap to clone; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Signals {
    /// Who waits for which job.
    pub waiters: Waiters,
    /// Unfinished jobs.
    pub pending: Pending,
    /// Wakes this process' workers.
    pub wake: Wake,
}

impl Signals {
    /// Say this right after the commit of a job's transaction: a worker here begins without waiting for NOTIFY.
    pub fn committed(&self, job: &NewJob) {
        self.pending.add(job.id, job.customer, job.scope.clone());
        self.wake.wake(job.lane);
    }

    /// Say this right after jobs ended: who waits here is answered without waiting for NOTIFY.
    pub fn finished(&self, ids: &[JobId], state: State) {
        self.pending.finished(ids);
        self.waiters.finished(ids, state);
    }

    /// NOTIFY told of something to claim.
    pub(super) fn heard_job(&self, message: JobMessage) {
        match message.id {
            Some(id) if message.again => self.pending.again(id, message.customer, message.scope),
            Some(id) => self.pending.add(id, message.customer, message.scope),
            None => {}
        }
        self.wake.wake(message.lane);
    }

    /// NOTIFY told of ends.
    pub(super) fn heard_finished(&self, message: &FinishedMessage) {
        self.finished(&message.ids, message.state);
    }
}
