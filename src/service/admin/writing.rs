//! A write in the making: one transaction in which it is judged, made, told of and enqueued.
//!
//! Judged writes of user callers follow one another within a tenant: each first locks its own customer and the one it
//! writes in, in the order of their ids. So what a judgement relies on is not changed by another judged write before
//! this one is committed, whatever the two are about. A service's writes are judged by nobody: in any order they are
//! as if they came after.

use super::difference::difference;
use super::thing::Thing;
use crate::domain::{Attributes, CustomerId, Effect, Effective, Known, Origin, Permissions, Scope, UserId};
use crate::queue::Lane;
use crate::service::assign::SMALL;
use crate::service::caller::{Caller, Shown, forbidden, hidden, holds, holds_some, may, permitted};
use crate::service::cluster::Cluster;
use crate::service::error::ServiceError;
use crate::service::hint::Whom;
use crate::service::right::{Own, Right};
use crate::service::written::{Told, WriteContext, Written};
use crate::store::records::{customers, freed};
use crate::store::{StoreError, snapshot};
use serde::Serialize;
use sqlx::{PgConnection, Postgres, Transaction};
use std::sync::Arc;

/// Whose index documents a change touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::service) enum Touches {
    /// Nobody's: it is complete when it is committed.
    Nobody,
    /// These, looked up when the job runs.
    Scope(Scope),
    /// These: whom no query finds any more, or who are known.
    Users(Vec<i64>),
}

/// See the module's text.
pub(in crate::service) struct Writing<'a> {
    pub cluster: &'a Cluster,
    pub caller: &'a Caller,
    pub context: &'a WriteContext,
    tx: Transaction<'static, Postgres>,
    /// A user caller's, from PostgreSQL, once he has entered.
    own: Option<Permissions>,
}

impl Cluster {
    /// Begins a write.
    pub(in crate::service) async fn writing<'a>(
        &'a self,
        caller: &'a Caller,
        context: &'a WriteContext,
    ) -> Result<Writing<'a>, ServiceError> {
        let tx = self.observed(self.pool.begin().await)?;
        Ok(Writing { cluster: self, caller, context, tx, own: None })
    }
}

impl Writing<'_> {
    /// The connection, within the transaction.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Locks the tenants that the write is about and the caller's own, and reads what he has. Nothing for a service.
    ///
    /// # Errors
    /// `Unauthorized` when he is not there or not active any more.
    pub async fn enter(&mut self, tenants: impl IntoIterator<Item = CustomerId>) -> Result<(), ServiceError> {
        let Caller::User(user) = self.caller else { return Ok(()) };
        let ids: Vec<i64> = tenants.into_iter().chain([user.customer]).map(|customer| customer.0).collect();
        self.cluster.observed(customers::lock(&mut self.tx, &ids).await)?;
        self.own = Some(self.cluster.own_permissions(&mut self.tx, user).await?);
        Ok(())
    }

    /// Whether the caller holds `right` on one thing of `customer`.
    pub fn may(&self, right: Right, own: Own) -> bool {
        match (self.caller, &self.own) {
            (Caller::Service(_), _) => self.caller.holds(right, own, self.cluster.now()),
            (Caller::User(_), Some(permissions)) => holds(permissions, right, own, self.cluster.now()),
            (Caller::User(_), None) => false,
        }
    }

    /// Requires `right` on one thing of `customer`; a foreign tenant's reads as missing, as `shown`.
    ///
    /// # Errors
    /// `Forbidden` names what is missing, `Hidden` what reads as not found.
    pub fn require(
        &self,
        right: Right,
        own: Own,
        customer: CustomerId,
        shown: (&'static str, i64),
    ) -> Result<(), ServiceError> {
        let shown = (shown.0, shown.1.to_string());
        if let Caller::Service(claims) = self.caller {
            return permitted(claims, right, own);
        }
        if self.may(right, own) {
            return Ok(());
        }
        Err(lacking(self.caller, right, own, customer, shown))
    }

    /// Whether the caller may do `right` to the one thing `own`, whose attributes are known.
    pub fn may_with(&self, right: Right, own: Own, attributes: &Attributes, organization: &str) -> bool {
        let now = self.cluster.now();
        match (self.caller, &self.own) {
            (Caller::Service(_), _) => self.caller.holds(right, own, now),
            (Caller::User(_), Some(permissions)) => {
                may(permissions, right, own, &Known::new(attributes, Some(organization)), now)
            }
            (Caller::User(_), None) => false,
        }
    }

    /// Whether the caller holds `right` on anything of `own`, under whatever conditions.
    pub fn may_some(&self, right: Right, own: Own) -> bool {
        match (self.caller, &self.own) {
            (Caller::Service(_), _) => self.caller.holds(right, own, self.cluster.now()),
            (Caller::User(_), Some(permissions)) => holds_some(permissions, right, own, self.cluster.now()),
            (Caller::User(_), None) => false,
        }
    }

    /// What the caller reads who lacks `right`.
    pub fn lacking(&self, right: Right, own: Own, customer: CustomerId, shown: Shown) -> ServiceError {
        lacking(self.caller, right, own, customer, shown)
    }

    /// Requires that a user's document can be kept with what the transaction gives him: one that can't would leave him
    /// with nothing.
    ///
    /// # Errors
    /// `Invalid` says which bound he would break.
    pub async fn fits(&mut self, user: UserId) -> Result<(), ServiceError> {
        self.cluster.fits(&mut self.tx, user).await
    }

    /// Requires the right to change one thing of `customer`. An id that is held in a foreign tenant is taken: here alone it does
    /// not read as missing (api.md section 5).
    ///
    /// # Errors
    /// `Conflict`, `Forbidden`.
    pub(super) fn require_update(&self, thing: Thing, customer: CustomerId, id: i64) -> Result<(), ServiceError> {
        let own = thing.own(customer, id);
        if !self.may(thing.update, own) && self.caller.customer().is_some_and(|tenant| tenant != customer) {
            return Err(thing.taken(id));
        }
        self.require(thing.update, own, customer, (thing.word, id))
    }

    /// The slug of a customer.
    ///
    /// # Errors
    /// `NotFound` when there is no such customer.
    pub async fn organization(&self, customer: CustomerId) -> Result<Arc<str>, ServiceError> {
        let found = self.cluster.organization_of(customer).await?;
        found.ok_or_else(|| ServiceError::not_found("customer", customer))
    }

    /// Requires a service: no user can be permitted this.
    ///
    /// # Errors
    /// `Refused` with `why`, `Forbidden` for a service whose scope lacks it.
    pub fn require_service(&self, right: Right, own: Own, why: &'static str) -> Result<(), ServiceError> {
        match self.caller {
            Caller::Service(claims) => permitted(claims, right, own),
            Caller::User(_) => Err(ServiceError::Refused(why.into())),
        }
    }

    /// Whether an id may be used for a new thing: one that was freed is a service's to use.
    ///
    /// # Errors
    /// `Conflict`.
    pub(super) async fn may_use(&mut self, thing: Thing, id: i64) -> Result<(), ServiceError> {
        if !self.is_judged() || !self.cluster.observed(freed::is_freed(&mut self.tx, thing.ids, id).await)? {
            return Ok(());
        }
        let why = format!("{} id `{id}` belonged to another that was deleted: POST chooses a fresh one", thing.word);
        Err(ServiceError::Conflict(why))
    }

    /// Whether the caller is a user, whose giving is compared with what he has.
    pub fn is_judged(&self) -> bool {
        self.own.is_some()
    }

    /// Requires that a user caller has what is given.
    ///
    /// # Errors
    /// `NotCovered` names the first pair he does not have.
    pub fn covers<'g>(&self, given: impl IntoIterator<Item = &'g Effective>) -> Result<(), ServiceError> {
        let Some(own) = &self.own else { return Ok(()) };
        given.into_iter().try_for_each(|given| own.covers_pairs(given).map_err(ServiceError::from))
    }

    /// What a user is allowed, were he active, as the transaction sees it. What he is denied nobody gives him.
    ///
    /// # Errors
    /// `Internal` when something that reaches him can't be read: then nobody can say what is given.
    pub async fn allowed_to(&mut self, user: UserId) -> Result<Vec<Effective>, ServiceError> {
        let (cluster, now) = (self.cluster, self.cluster.now());
        let loaded = match snapshot::load_one(&mut self.tx, user, now, &cluster.snapshots).await {
            Err(StoreError::Unreadable(why)) => return Err(ServiceError::Internal(Box::new(why))),
            loaded => cluster.observed(loaded)?,
        };
        let statements = loaded.map(|loaded| loaded.permissions.statements).unwrap_or_default();
        let allows = statements.iter().filter(|statement| statement.effect == Effect::Allow);
        Ok(allows.map(|allow| Effective::clone(allow)).collect())
    }

    /// Tells the audit log what differs.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn tell<T: Serialize>(
        &mut self,
        right: Right,
        target: &str,
        customer: Option<CustomerId>,
        before: Option<&T>,
        after: Option<&T>,
    ) -> Result<(), ServiceError> {
        let (before, after) = difference(before, after);
        let told = Told { action: right.0, target, customer, before: before.as_ref(), after: after.as_ref() };
        self.cluster.audit(&mut self.tx, self.caller, self.context, told).await
    }

    /// Enqueues the job, and commits.
    ///
    /// # Errors
    /// `Unavailable`, which says so when it can't be known whether the commit succeeded.
    pub async fn finish(mut self, touches: Touches, customer: Option<CustomerId>) -> Result<Written, ServiceError> {
        let (scope, cut_off) = match touches {
            Touches::Nobody => return self.finish_at_once(customer).await,
            Touches::Scope(scope) => (scope, Vec::new()),
            Touches::Users(users) => (Scope::Listed, users),
        };
        let lane = if scope != Scope::Listed {
            self.cluster.lane(&mut self.tx, scope).await?
        } else if cut_off.len() <= usize::from(SMALL) {
            Lane::Small
        } else {
            Lane::Large
        };
        let job = self.cluster.refresh_job(self.caller, scope, customer, lane, self.context);
        self.cluster.commit(self.tx, job, &cut_off).await
    }

    async fn finish_at_once(self, customer: Option<CustomerId>) -> Result<Written, ServiceError> {
        let job = self.cluster.refresh_job(self.caller, Scope::Listed, customer, Lane::Small, self.context);
        self.cluster.commit_done(self.tx, job).await
    }

    /// Nothing changed.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn unchanged(self, whom: Option<Whom>) -> Result<Written, ServiceError> {
        let (cluster, context) = (self.cluster, self.context);
        self.abandon().await?;
        match whom {
            Some(whom) => cluster.unchanged(whom, context).await,
            None => Ok(Written::nothing()),
        }
    }

    /// Ends the transaction as if nothing had been done in it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn abandon(self) -> Result<(), ServiceError> {
        self.cluster.observed(self.tx.rollback().await)
    }
}

/// What a caller reads who lacks `right`: of his own tenant what he lacks, of another that there is no such thing.
pub(super) fn lacking(caller: &Caller, right: Right, own: Own, customer: CustomerId, shown: Shown) -> ServiceError {
    let is_own = caller.customer().is_none_or(|tenant| tenant == customer);
    if is_own { forbidden(right, own) } else { hidden(right, own, shown) }
}

/// What of `statements` comes from a role.
pub(super) fn of_roles(statements: &[Effective]) -> impl Iterator<Item = &Effective> {
    statements.iter().filter(|statement| matches!(statement.origin, Origin::Role(_)))
}
