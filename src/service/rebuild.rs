//! Asking for a rebuild.

use super::caller::{Caller, forbidden};
use super::cluster::Cluster;
use super::error::ServiceError;
use super::right::{Own, Right};
use super::written::{Told, WriteContext, Written};
use crate::domain::{CustomerId, Scope, SecurityGroupId, UserId};
use crate::queue::{self, JobId, Kind, Lane, NewJob};
use crate::store::{groups, users};
use sqlx::PgConnection;

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

impl RebuildScope {
    const fn scope(self) -> Scope {
        match self {
            Self::Everyone => Scope::Everyone,
            Self::Customer(id) => Scope::Customer(id),
            Self::SecurityGroup(id) => Scope::SecurityGroup(id),
            Self::User(id) => Scope::User(id),
        }
    }

    fn missing(self) -> ServiceError {
        match self {
            Self::Everyone => ServiceError::not_found("customer", "*"),
            Self::Customer(id) => ServiceError::not_found("customer", id),
            Self::SecurityGroup(id) => ServiceError::not_found("security group", id),
            Self::User(id) => ServiceError::not_found("user", id),
        }
    }
}

impl Cluster {
    /// Asks for a rebuild; joins an equal request that is still queued.
    ///
    /// # Errors
    /// `NotFound` names the customer, group or user, also one of a tenant where the caller may not; `Forbidden`.
    pub async fn rebuild(
        &self,
        caller: &Caller,
        scope: RebuildScope,
        context: &WriteContext,
    ) -> Result<Written, ServiceError> {
        let mut tx = self.observed(self.pool.begin().await)?;
        let customer = self.customer_in(&mut tx, scope).await?;
        self.may_rebuild(caller, scope, customer)?;
        let job =
            NewJob { kind: Kind::Rebuild, ..self.refresh_job(caller, scope.scope(), customer, Lane::Large, context) };
        let joined = self.observed(queue::join_or_enqueue(&mut tx, &job).await)?;
        if joined.fresh {
            let target = job.scope.to_string();
            let told = Told { action: Right::REBUILD.0, target: &target, customer, before: None, after: None };
            self.audit(&mut tx, caller, context, told).await?;
        }
        self.commit_only(tx).await?;
        if joined.fresh {
            self.signals.committed(&job);
        }
        self.requested(joined.id, joined.fresh, context).await
    }

    async fn requested(&self, job: JobId, fresh: bool, context: &WriteContext) -> Result<Written, ServiceError> {
        let waiting = if context.wait { self.join(job).await? } else { None };
        Ok(Self::written(job, fresh, waiting))
    }

    /// The tenant of what is to be rebuilt; none for everything.
    async fn customer_in(
        &self,
        conn: &mut PgConnection,
        scope: RebuildScope,
    ) -> Result<Option<CustomerId>, ServiceError> {
        let customer = match scope {
            RebuildScope::Everyone => return Ok(None),
            RebuildScope::Customer(id) => self.organization_of(id).await?.map(|_| id),
            RebuildScope::SecurityGroup(id) => self.observed(groups::customer(conn, id).await)?,
            RebuildScope::User(id) => self.observed(users::find(conn, id).await)?.map(|user| user.customer),
        };
        customer.ok_or_else(|| scope.missing()).map(Some)
    }

    fn may_rebuild(
        &self,
        caller: &Caller,
        scope: RebuildScope,
        customer: Option<CustomerId>,
    ) -> Result<(), ServiceError> {
        let own = Own::index(customer);
        if caller.holds(Right::REBUILD, own, self.now()) {
            return Ok(());
        }
        // Somebody else's tenant is not there for him.
        let foreign = customer.is_some() && caller.customer().is_some() && customer != caller.customer();
        Err(if foreign { scope.missing() } else { forbidden(Right::REBUILD, own) })
    }
}
