//! Assigning and removing policies: one transaction with the change, its audit row and its job.

use super::caller::Caller;
use super::cluster::Cluster;
use super::error::ServiceError;
use super::hint::Whom;
use super::right::Right;
use super::written::{Told, WriteContext, Written};
use crate::domain::{CustomerId, PolicyId};
use crate::queue::Lane;
use crate::store::affected;
use crate::store::assignments::{self, AssignError, Assignment, Missing, Outcome, Target};
use serde_json::{Value, json};
use sqlx::PgConnection;

/// A job of at most so many users goes into the small lane.
pub(super) const SMALL: u16 = 1_000;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The target gets the policy.
    Assign,
    /// The target loses it.
    Remove,
}

impl Change {
    /// What a user caller needs for it, and what the audit log calls it.
    #[must_use]
    pub const fn right(self) -> Right {
        match self {
            Self::Assign => Right::ASSIGN,
            Self::Remove => Right::REMOVE,
        }
    }
}

/// An assignment to make or to take away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssignRequest {
    /// Which way.
    pub change: Change,
    /// The policy.
    pub policy: PolicyId,
    /// The target.
    pub target: Target,
    /// What `${customerId}` is bound to; `None` or the target's own customer: that one. None beside a customer.
    pub scope: Option<CustomerId>,
}

impl AssignRequest {
    /// As the audit log names an attempt at it.
    pub(super) fn told(&self) -> String {
        format!("policy:{} to {}", self.policy, name(self.target))
    }
}

impl Cluster {
    /// Assigns or removes; doing it twice is a success. Committed when it returns, and nobody is waited for:
    /// [`Cluster::completion`] does that.
    ///
    /// # Errors
    /// `NotFound` names the policy, target or scope; `Forbidden`, `NotCovered`, `Invalid`, `Unavailable`: nothing
    /// was changed.
    pub async fn assign(
        &self,
        caller: &Caller,
        request: AssignRequest,
        context: &WriteContext,
    ) -> Result<Written, ServiceError> {
        let made = self.assign_in_one(caller, request, context).await;
        self.attempted(caller, context, request.change.right(), &request.told(), made).await
    }

    async fn assign_in_one(
        &self,
        caller: &Caller,
        request: AssignRequest,
        context: &WriteContext,
    ) -> Result<Written, ServiceError> {
        let mut tx = self.observed(self.pool.begin().await)?;
        let outcome = self.judge_and_make(&mut tx, caller, request).await?;
        if !outcome.changed {
            self.observed(tx.rollback().await)?;
            return self.unchanged(whom(request.target, outcome.facts.customer), context).await;
        }
        self.tell(&mut tx, caller, request, &outcome, context).await?;
        let lane = self.lane(&mut tx, outcome.affected).await?;
        let job = self.refresh_job(caller, outcome.affected, Some(outcome.facts.customer), lane, context);
        self.commit(tx, job, &[]).await
    }

    /// Judges the change and makes it, within a transaction that is still to be ended.
    pub(super) async fn judge_and_make(
        &self,
        conn: &mut PgConnection,
        caller: &Caller,
        request: AssignRequest,
    ) -> Result<Outcome, ServiceError> {
        let assignment = Assignment { policy: request.policy, target: request.target, scope: request.scope };
        self.judge(conn, caller, request.change, &assignment).await?;
        let outcome = match request.change {
            Change::Assign => assignments::assign(conn, &assignment).await,
            Change::Remove => assignments::remove(conn, &assignment).await,
        };
        let outcome = self.observed(outcome)?;
        if let (Change::Assign, Target::User(user), true) = (request.change, request.target, outcome.changed) {
            self.fits(conn, user).await?;
        }
        Ok(outcome)
    }

    async fn tell(
        &self,
        conn: &mut PgConnection,
        caller: &Caller,
        request: AssignRequest,
        outcome: &Outcome,
        context: &WriteContext,
    ) -> Result<(), ServiceError> {
        let (target, customer) = (name(request.target), outcome.facts.customer);
        let row = json!({"policyId": request.policy, "scopeCustomerId": outcome.facts.scope});
        let told = Told {
            action: request.change.right().0,
            target: &target,
            customer: Some(customer),
            before: None,
            after: None,
        };
        let row: Option<&Value> = Some(&row);
        let told = match request.change {
            Change::Assign => Told { after: row, ..told },
            Change::Remove => Told { before: row, ..told },
        };
        self.audit(conn, caller, context, told).await
    }

    /// The lane of a job that refreshes `scope`: so that small work never waits behind large.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn lane(&self, conn: &mut PgConnection, scope: crate::domain::Scope) -> Result<Lane, ServiceError> {
        let small = self.observed(affected::is_small(conn, scope, SMALL).await)?;
        Ok(if small { Lane::Small } else { Lane::Large })
    }
}

fn whom(target: Target, customer: CustomerId) -> Whom {
    match target {
        Target::User(user) => Whom::User(user, Some(customer)),
        Target::SecurityGroup(group) => Whom::SecurityGroup(group, customer),
        Target::Customer(customer) => Whom::Customer(customer),
    }
}

/// As the audit log names it.
fn name(target: Target) -> String {
    match target {
        Target::User(id) => format!("user:{id}"),
        Target::SecurityGroup(id) => format!("securityGroup:{id}"),
        Target::Customer(id) => format!("customer:{id}"),
    }
}

impl From<AssignError> for ServiceError {
    fn from(error: AssignError) -> Self {
        match error {
            AssignError::NotFound(missing) => not_found(missing),
            AssignError::ForeignPolicy { .. } => {
                Self::invalid("/policyId", format!("{error}: assign it there, or take a shared one"))
            }
            AssignError::Store(error) => error.into(),
        }
    }
}

/// What is missing, or out of the caller's sight: both read alike.
pub(super) fn not_found(missing: Missing) -> ServiceError {
    match missing {
        Missing::Policy(id) => ServiceError::not_found("policy", id),
        Missing::Target(Target::User(id)) => ServiceError::not_found("user", id),
        Missing::Target(Target::SecurityGroup(id)) => ServiceError::not_found("security group", id),
        Missing::Target(Target::Customer(id)) | Missing::Scope(id) => ServiceError::not_found("customer", id),
    }
}
