//! Explaining a decision: from PostgreSQL, with the names of what decided.

use super::caller::{Caller, permitted};
use super::cluster::{Cluster, Limited};
use super::error::ServiceError;
use super::question::check_bounds;
use super::right::{Own, Right};
use crate::domain::{
    ActionName, Asked, Attributes, Effective, Explanation, Known, Origin, Permissions, ResourceName, UserId,
};
use crate::store::names::{self, Named};
use crate::store::{StoreError, snapshot};
use std::collections::HashMap;
use std::sync::Arc;

/// Temporary grants that expired within these microseconds (a week) are among the near misses.
const LATELY: i64 = 7 * 86_400_000_000;

/// A question whose answer is to be explained.
#[derive(Debug, Clone)]
pub struct ExplainQuestion {
    /// Whose permission.
    pub requester: UserId,
    /// What he would do.
    pub action: ActionName,
    /// On what; none asks "anywhere at all?".
    pub resource: Option<ResourceName>,
    /// What is known of the resource; without one, nothing.
    pub attributes: Attributes,
}

/// What an explanation is made from: [`ExplainAnswer::explain`] makes it, borrowing.
#[derive(Debug, Clone)]
pub struct ExplainAnswer {
    /// `None`: nobody has this id.
    permissions: Option<Permissions>,
    organization: Option<Arc<str>>,
    names: HashMap<Named, String>,
    now: i64,
}

impl Cluster {
    /// Explains a decision. Everybody may have his own explained; others' need what a check of them needs.
    ///
    /// # Errors
    /// `NotFound` for a user caller whose question is about somebody unknown or out of his reach; `TooMany`;
    /// `Unavailable` when the database is away; `Internal` when what reaches the user can't be read.
    pub async fn explain(&self, caller: &Caller, question: &ExplainQuestion) -> Result<ExplainAnswer, ServiceError> {
        let resources: Vec<_> = question.resource.iter().cloned().collect();
        check_bounds(&resources, &question.attributes)?;
        let _turn = self.turn(Limited::Explain)?;
        let now = self.now();
        let mut connection = self.connection().await?;
        let user = question.requester;
        let loaded = match snapshot::load_one(&mut connection, user, now.saturating_sub(LATELY), &self.snapshots).await
        {
            Err(StoreError::Unreadable(why)) => return Err(ServiceError::Internal(Box::new(why))),
            loaded => self.observed(loaded)?,
        };
        let permissions = loaded.map(|loaded| loaded.permissions);
        self.may_explain(caller, user, permissions.as_ref())?;
        let things = permissions.iter().flat_map(|found| &found.statements).flat_map(|statement| named(statement));
        let names = self.observed(names::of(&mut connection, things).await)?;
        let organization = self.organizations_of(&resources).await?.into_iter().next().flatten();
        Ok(ExplainAnswer { permissions, organization, names, now })
    }

    fn may_explain(&self, caller: &Caller, user: UserId, found: Option<&Permissions>) -> Result<(), ServiceError> {
        let may = match caller {
            Caller::Service(claims) => return permitted(claims, Right::CHECK, Own::everywhere("user")),
            Caller::User(me) if me.id == user => true,
            Caller::User(_) => {
                found.is_some_and(|found| caller.holds(Right::CHECK, Own::user(found.customer, user), self.now()))
            }
        };
        if may { Ok(()) } else { Err(ServiceError::not_found("user", user)) }
    }
}

impl ExplainAnswer {
    /// The explanation of `question`, which the answer was made for; `None` when there is no such user.
    #[must_use]
    pub fn explain<'a>(&'a self, question: &'a ExplainQuestion) -> Option<Explanation<'a>> {
        let permissions = self.permissions.as_ref()?;
        let known = Known::new(&question.attributes, self.organization.as_deref());
        let resource = question.resource.as_ref().map(|resource| (resource, &known));
        Some(permissions.explain(Asked { action: &question.action, resource, now: self.now }))
    }

    /// What the policy of a statement is called.
    #[must_use]
    pub fn policy_name(&self, statement: &Effective) -> Option<&str> {
        self.names.get(&Named::Policy(statement.policy?)).map(String::as_str)
    }

    /// What its origin is called; a temporary grant is called what it permits.
    #[must_use]
    pub fn origin_name<'a>(&'a self, statement: &'a Effective) -> Option<&'a str> {
        match origin(statement.origin) {
            Some(thing) => self.names.get(&thing).map(String::as_str),
            None => statement.actions.first().map(crate::domain::ActionPattern::as_str),
        }
    }
}

fn named(statement: &Effective) -> impl Iterator<Item = Named> + use<> {
    statement.policy.map(Named::Policy).into_iter().chain(origin(statement.origin))
}

fn origin(origin: Origin) -> Option<Named> {
    Some(match origin {
        Origin::Customer(id) => Named::Customer(id),
        Origin::SecurityGroup(id) => Named::SecurityGroup(id),
        Origin::User(id) => Named::User(id),
        Origin::Role(id) => Named::Role(id),
        Origin::TemporaryGrant(_) => return None,
    })
}
