//! Giving a user a role, in the place of the one he has.

use super::{Tenant, no_role};
use crate::domain::{BoundUser, RoleId, Scope, UserId};
use crate::service::admin::{Touches, Writing};
use crate::service::caller::Caller;
use crate::service::cluster::Cluster;
use crate::service::error::ServiceError;
use crate::service::hint::Whom;
use crate::service::right::{Own, Right};
use crate::service::written::{WriteContext, Written};
use crate::store::records::Lock;
use crate::store::records::roles::{self, Hold, Role};
use crate::store::records::users::{self, UserRecord};
use serde_json::json;

/// A role that was given.
#[derive(Debug)]
pub struct RoleAssigned {
    /// How it stands.
    pub written: Written,
    /// The role's id.
    pub id: RoleId,
}

impl Cluster {
    /// Gives a user of the organization its living role of a name; doing it twice is a success. A user caller must have
    /// everything that the role gives and everything that the replaced one gave; in another organization than his own he
    /// must also be allowed to get the role.
    ///
    /// # Errors
    /// `NotFound` names the role or the user; `NotCovered`.
    pub async fn assign_role(
        &self,
        caller: &Caller,
        tenant: &Tenant,
        name: &str,
        user: UserId,
        context: &WriteContext,
    ) -> Result<RoleAssigned, ServiceError> {
        let made = async {
            let mut write = self.writing(caller, context).await?;
            write.enter_tenant(tenant, Right::ROLE_GET, "role").await?;
            write.require_scope(Right::ROLE_ASSIGN, Own::all(tenant.customer, "role"))?;
            // The order of the locks: roles before the user.
            let found = roles::living(write.conn(), tenant.customer, name, Hold::Share).await;
            let role = self.observed(found)?.ok_or_else(|| no_role(name))?;
            write.may_see(tenant, &role)?;
            write.assign_role(tenant, role, user).await
        };
        let target = format!("user:{user}");
        self.attempted(caller, context, Right::ROLE_ASSIGN, &target, made.await).await
    }
}

impl Writing<'_> {
    /// In one's own organization roles may be given without being listed.
    fn may_see(&self, tenant: &Tenant, role: &Role) -> Result<(), ServiceError> {
        if self.caller.customer().is_none_or(|own| own == tenant.customer) {
            return Ok(());
        }
        let shown = ("role", crate::json::quoted(&role.content.name));
        let named = (role.id, role.content.name.as_str(), role.content.frontend_view);
        self.require_on_role(Right::ROLE_GET, tenant, named, shown)
    }

    async fn assign_role(mut self, tenant: &Tenant, role: Role, id: UserId) -> Result<RoleAssigned, ServiceError> {
        let cluster = self.cluster;
        let user = self.member(tenant, id, Lock::No).await?;
        let replaced = match user.role.filter(|held| *held != role.id) {
            Some(held) => cluster.observed(roles::by_id(self.conn(), held).await)?,
            None => None,
        };
        let user = self.member(tenant, id, Lock::Update).await?;
        if user.role != replaced.as_ref().map(|role| role.id) && user.role != Some(role.id) {
            return Err(ServiceError::Conflict(format!("user `{id}` was given another role meanwhile: try again")));
        }
        for role in std::iter::once(&role).chain(&replaced) {
            self.covers_role(tenant, role, BoundUser::One(id))?;
        }
        if user.role == Some(role.id) {
            let written = self.unchanged(Some(Whom::User(id, Some(tenant.customer)))).await?;
            return Ok(RoleAssigned { written, id: role.id });
        }
        cluster.observed(roles::assign(self.conn(), id, role.id).await)?;
        self.fits(id).await?;
        let named = |name: Option<&str>| json!({"roleName": name});
        let (before, after) = (named(user.role_name.as_deref()), named(Some(&role.content.name)));
        let (target, customer) = (format!("user:{id}"), Some(tenant.customer));
        self.tell(Right::ROLE_ASSIGN, &target, customer, Some(&before), Some(&after)).await?;
        let written = self.finish(Touches::Scope(Scope::User(id)), customer).await?;
        Ok(RoleAssigned { written, id: role.id })
    }

    /// A user of the tenant.
    ///
    /// # Errors
    /// `NotFound`.
    pub(super) async fn member(&mut self, tenant: &Tenant, id: UserId, lock: Lock) -> Result<UserRecord, ServiceError> {
        let cluster = self.cluster;
        let found = cluster.observed(users::get(self.conn(), id, lock).await)?;
        found.filter(|user| user.customer_id == tenant.customer).ok_or_else(|| ServiceError::not_found("user", id))
    }
}
