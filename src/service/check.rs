//! Check: may this user do this? One look-up in the index, then the pure decision.

use super::caller::Caller;
use super::cluster::Cluster;
use super::counts::AboutOne;
use super::document::Source;
use super::error::ServiceError;
use super::question::check_bounds;
use crate::domain::{ActionName, Attributes, Decision, Known, ORGANIZATION_ATTRIBUTE, ResourceName, UserId};
use crate::index::Document;
use crate::queue::JobId;
use std::sync::Arc;

/// A question about one user.
#[derive(Debug, Clone)]
pub struct CheckQuestion {
    /// Whose permission.
    pub requester: UserId,
    /// What he would do.
    pub action: ActionName,
    /// On what: at most [`super::MAX_RESOURCES_ASKED`]; none asks "anywhere".
    pub resources: Vec<ResourceName>,
    /// At most [`super::MAX_ATTRIBUTES`]; without resources there are none.
    pub attributes: Attributes,
    /// The answer must include this job's effects.
    pub after: Option<JobId>,
}

/// What the answer is made from: [`CheckAnswer::decide`] makes it, borrowing.
#[derive(Debug, Clone)]
pub struct CheckAnswer {
    /// `None`: nobody has this id, who therefore may nothing.
    document: Option<Arc<Document>>,
    /// One per resource asked; empty when no condition on the action speaks of organizations.
    organizations: Vec<Option<Arc<str>>>,
    /// The instant it is judged at, in microseconds since 1970.
    pub now: i64,
    /// Where it comes from.
    pub source: Source,
    /// An unfinished job that may still change it.
    pub job: Option<JobId>,
}

/// The decisions of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decisions<'a> {
    /// Allowed on every resource asked; with none asked, anywhere.
    pub allow: bool,
    /// One per resource asked, in order; one in all when none was asked.
    pub each: Vec<Decision<'a>>,
}

impl Cluster {
    /// Answers a check.
    ///
    /// # Errors
    /// `NotFound` for a user caller whose question is about somebody unknown or out of his reach, `Invalid` for an
    /// unknown job, `Unavailable` when neither index nor database can answer.
    pub async fn check(&self, caller: &Caller, question: &CheckQuestion) -> Result<CheckAnswer, ServiceError> {
        check_bounds(&question.resources, &question.attributes)?;
        let found = self.requester(caller, question.requester, question.after).await?;
        let organizations = match &found.document {
            Some(document) if asks_for_organization(document, &question.action) => {
                self.organizations_of(&question.resources).await?
            }
            _ => Vec::new(),
        };
        let job = self.hint_for(question.requester, &found);
        if found.source == Source::Database {
            self.counts().answered_from_database(AboutOne::Check);
        }
        Ok(CheckAnswer { document: found.document, organizations, now: self.now(), source: found.source, job })
    }
}

impl CheckAnswer {
    /// The decisions on `question`, which the answer was made for.
    #[must_use]
    pub fn decide<'a>(&'a self, question: &CheckQuestion) -> Decisions<'a> {
        let Some(document) = &self.document else {
            return Decisions::nothing(question.resources.len());
        };
        let permissions = &document.permissions;
        if question.resources.is_empty() {
            let decision = permissions.check_anywhere(&question.action, self.now);
            return Decisions { allow: decision.allow, each: vec![decision] };
        }
        let organization = |index: usize| self.organizations.get(index).and_then(Option::as_deref);
        let decide = |(index, resource): (usize, &ResourceName)| {
            let known = Known::new(&question.attributes, organization(index));
            permissions.check(&question.action, resource, &known, self.now)
        };
        let each: Vec<_> = question.resources.iter().enumerate().map(decide).collect();
        Decisions { allow: each.iter().all(|decision| decision.allow), each }
    }
}

impl Decisions<'_> {
    /// What somebody unknown may: nothing, for no reason.
    fn nothing(resources: usize) -> Self {
        let none = || Decision { allow: false, deciding: Vec::new() };
        Self { allow: false, each: std::iter::repeat_with(none).take(resources.max(1)).collect() }
    }
}

/// Whether a condition that `action` meets speaks of the resource's organization: else nobody needs to know it, and the
/// question is answered while it can't be looked up.
fn asks_for_organization(document: &Document, action: &ActionName) -> bool {
    document.permissions.statements().iter().any(|statement| {
        !statement.conditions.is_empty()
            && statement.conditions.contains_key(ORGANIZATION_ATTRIBUTE)
            && statement.actions.iter().any(|pattern| pattern.matches(action))
    })
}
