//! The document of one user: from the index, else from PostgreSQL.

use super::caller::Caller;
use super::cluster::Cluster;
use super::error::ServiceError;
use crate::domain::UserId;
use crate::index::Document;
use crate::queue::JobId;
use std::sync::Arc;

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The index, as usual.
    Index,
    /// PostgreSQL, because the index could not answer.
    Database,
}

/// What is known of a user.
#[derive(Debug, Clone)]
pub struct Found {
    /// `None`: neither the index nor PostgreSQL knows him.
    pub document: Option<Arc<Document>>,
    /// Who said so.
    pub source: Source,
}

impl Cluster {
    /// The document of the user a question is about, if `caller` may ask about him: oneself always, others with
    /// `permdex:permission:check` on `user/<id>` in their tenant.
    ///
    /// # Errors
    /// `NotFound`, both alike, when a user caller may not ask or there is nobody; see [`Cluster::document`] for the rest.
    pub async fn requester(&self, caller: &Caller, user: UserId, after: Option<JobId>) -> Result<Found, ServiceError> {
        todo!()
    }

    /// The document of `user`, with the effects of the job `after` in it.
    ///
    /// # Errors
    /// `Invalid` when there is no such job; `Unavailable` when neither index nor database can answer, or too many
    /// are being answered from the database.
    pub async fn document(&self, user: UserId, after: Option<JobId>) -> Result<Found, ServiceError> {
        todo!()
    }
}
