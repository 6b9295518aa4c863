//! Jobs as callers see them: reading, listing, asking for a rebuild.

use super::caller::Caller;
use super::cluster::Cluster;
use super::error::ServiceError;
use super::written::{WriteContext, Written};
use crate::domain::{CustomerId, SecurityGroupId, UserId};
use crate::queue::{Job, JobId, State};

/// One page of jobs, newest first.
#[derive(Debug, Clone)]
pub struct JobPage {
    /// The jobs.
    pub items: Vec<Job>,
    /// Where the next page begins, while there is one.
    pub next_cursor: Option<String>,
}

/// Whose documents are written anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RebuildScope {
    /// Everybody's: the next generation of the index is built beside the serving one.
    Everyone,
    /// One customer's users'.
    Customer(CustomerId),
    /// A group's members'.
    SecurityGroup(SecurityGroupId),
    /// One user's.
    User(UserId),
}

impl Cluster {
    /// A job. Who caused it may always read it; others need `permdex:permission:job` in its customer, or everywhere.
    ///
    /// # Errors
    /// `NotFound` when there is none or the caller may not read it, both alike.
    pub async fn job(&self, caller: &Caller, id: JobId) -> Result<Job, ServiceError> {
        todo!()
    }

    /// Jobs from the newest on: all for who may read all; his customer's for who may read those; else his own.
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
        todo!()
    }

    /// Asks for a rebuild; joins an equal request that is still queued.
    ///
    /// # Errors
    /// `NotFound` names the customer, group or user; `Forbidden`.
    pub async fn rebuild(
        &self,
        caller: &Caller,
        scope: RebuildScope,
        context: &WriteContext,
    ) -> Result<Written, ServiceError> {
        todo!()
    }
}
