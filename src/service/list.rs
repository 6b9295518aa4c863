//! List: everything a user may do.

use super::caller::Caller;
use super::cluster::Cluster;
use super::counts::AboutOne;
use super::document::Source;
use super::error::ServiceError;
use crate::domain::{Entry, Filter, UserId};
use crate::queue::JobId;

/// A question about everything one user may do.
#[derive(Debug, Clone)]
pub struct ListQuestion {
    /// Whose permissions.
    pub requester: UserId,
    /// What to list of them.
    pub filter: Filter,
    /// The answer must include this job's effects.
    pub after: Option<JobId>,
}

/// The effective permissions of a user.
#[derive(Debug, Clone)]
pub struct ListAnswer {
    /// Whether any allow is listed.
    pub allow: bool,
    /// Sorted; at most [`crate::domain::MAX_LISTED_PAIRS`] pairs.
    pub entries: Vec<Entry>,
    /// Where it comes from.
    pub source: Source,
    /// An unfinished job that may still change it.
    pub job: Option<JobId>,
}

impl Cluster {
    /// Lists what a user may do; nothing for an unknown or inactive one.
    ///
    /// # Errors
    /// As [`Cluster::check`]; `Invalid` when the list is too long.
    pub async fn list(&self, caller: &Caller, question: &ListQuestion) -> Result<ListAnswer, ServiceError> {
        let found = self.requester(caller, question.requester, question.after).await?;
        let entries = match &found.document {
            Some(document) => document.permissions.list(&question.filter, self.now())?,
            None => Vec::new(),
        };
        let job = self.hint_for(question.requester, &found);
        if found.source == Source::Database {
            self.counts().answered_from_database(AboutOne::List);
        }
        Ok(ListAnswer { allow: entries.iter().any(|entry| entry.allow), entries, source: found.source, job })
    }
}
