//! What a write leaves behind, and waiting until everybody sees it.

use super::cluster::Cluster;
use crate::queue::{JobId, State, Waiting};
use std::time::Duration;

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
    pub(super) waiting: Option<Waiting>,
}

/// How a write stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    /// As in [`Written`].
    pub job: Option<JobId>,
    /// Whether every answer includes the write.
    pub completed: bool,
}

impl Cluster {
    /// Waits until every answer includes the write, if its context said that somebody waits, and at most
    /// [`super::Settings::wait_timeout`].
    pub async fn completion(&self, written: &mut Written) -> Completion {
        todo!()
    }
}
