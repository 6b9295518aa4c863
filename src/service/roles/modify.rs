//! Modifying a role: in place, or by another of the same name to which everybody moves.

use super::create::{target_of, told};
use super::{Tenant, no_role};
use crate::domain::{BoundUser, FrontendView, PermissionGrant, RoleId, Scope};
use crate::service::admin::{Touches, Writing};
use crate::service::caller::Caller;
use crate::service::cluster::Cluster;
use crate::service::error::ServiceError;
use crate::service::right::Right;
use crate::service::written::{WriteContext, Written};
use crate::store::records::roles::{self, Hold, Role, RoleContent};

/// What of a role is to change; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleChange {
    /// In place.
    pub description: Option<String>,
    /// By a new role.
    pub grants: Option<Vec<PermissionGrant>>,
    /// By a new role.
    pub frontend_view: Option<FrontendView>,
}

/// A role that was modified.
#[derive(Debug)]
pub struct RoleModified {
    /// How it stands.
    pub written: Written,
    /// Its id now.
    pub id: RoleId,
}

impl Cluster {
    /// Modifies the living role of a name. Where grants or view really change, a new role takes its name and all its users
    /// in the same transaction: at every instant each of them has one of the two. A user caller needs the right on the role
    /// as it is and as it will be, everything the new one gives, and what the old one gave to whoever has it.
    ///
    /// # Errors
    /// `NotFound` names the role; `Forbidden`, `NotCovered`.
    pub async fn modify_role(
        &self,
        caller: &Caller,
        tenant: &Tenant,
        name: &str,
        change: RoleChange,
        context: &WriteContext,
    ) -> Result<RoleModified, ServiceError> {
        let target = format!("role:{} of customer:{}", crate::json::quoted(name), tenant.customer);
        let made = async {
            let mut write = self.writing(caller, context).await?;
            write.enter_tenant(tenant, Right::ROLE_MODIFY, "role").await?;
            let found = roles::living(write.conn(), tenant.customer, name, Hold::Update).await;
            let before = self.observed(found)?.ok_or_else(|| no_role(name))?;
            write.may_modify(tenant, &before, before.content.frontend_view)?;
            let after = changed(&before.content, change);
            write.modify_role(tenant, before, after).await
        };
        self.attempted(caller, context, Right::ROLE_MODIFY, &target, made.await).await
    }
}

fn changed(before: &RoleContent, change: RoleChange) -> RoleContent {
    RoleContent {
        name: before.name.clone(),
        description: change.description.unwrap_or_else(|| before.description.clone()),
        frontend_view: change.frontend_view.unwrap_or(before.frontend_view),
        grants: change.grants.unwrap_or_else(|| before.grants.clone()),
    }
}

impl Writing<'_> {
    fn may_modify(&self, tenant: &Tenant, role: &Role, view: FrontendView) -> Result<(), ServiceError> {
        let shown = ("role", crate::json::quoted(&role.content.name));
        self.require_on_role(Right::ROLE_MODIFY, tenant, (role.id, &role.content.name, view), shown)
    }

    async fn modify_role(
        self,
        tenant: &Tenant,
        before: Role,
        content: RoleContent,
    ) -> Result<RoleModified, ServiceError> {
        if before.content == content {
            let id = before.id;
            let written = self.unchanged(Some(crate::service::hint::Whom::Customer(tenant.customer))).await?;
            return Ok(RoleModified { written, id });
        }
        let is_immutable =
            before.content.grants == content.grants && before.content.frontend_view == content.frontend_view;
        if is_immutable {
            self.describe_role(tenant, before, content).await
        } else {
            self.replace_role(tenant, before, content).await
        }
    }

    async fn describe_role(
        mut self,
        tenant: &Tenant,
        before: Role,
        content: RoleContent,
    ) -> Result<RoleModified, ServiceError> {
        let cluster = self.cluster;
        let id = before.id;
        cluster.observed(roles::describe(self.conn(), id, &content.description).await)?;
        let after = Role { content, ..before.clone() };
        let written = self.tell_role(tenant, &before, &after, Touches::Nobody).await?;
        Ok(RoleModified { written, id })
    }

    async fn replace_role(
        mut self,
        tenant: &Tenant,
        before: Role,
        content: RoleContent,
    ) -> Result<RoleModified, ServiceError> {
        let cluster = self.cluster;
        self.may_modify(tenant, &before, content.frontend_view)?;
        let id = cluster.observed(roles::next_id(self.conn()).await)?;
        let after = Role { id, customer: before.customer, content };
        self.covers_role(tenant, &after, BoundUser::Any)?;
        let is_held = cluster.observed(roles::is_held(self.conn(), before.id).await)?;
        if is_held {
            // Who may not give it may not take it away by putting another in its place.
            self.covers_role(tenant, &before, BoundUser::Any)?;
        }
        cluster.observed(roles::retire(self.conn(), before.id, cluster.now()).await)?;
        if !cluster.observed(roles::insert(self.conn(), &after).await)? {
            return Err(ServiceError::Conflict("the role was created anew meanwhile: try again".to_owned()));
        }
        cluster.observed(roles::move_users(self.conn(), before.id, id).await)?;
        let touches = if is_held { Touches::Scope(Scope::Role(id)) } else { Touches::Nobody };
        let written = self.tell_role(tenant, &before, &after, touches).await?;
        Ok(RoleModified { written, id })
    }

    async fn tell_role(
        mut self,
        tenant: &Tenant,
        before: &Role,
        after: &Role,
        touches: Touches,
    ) -> Result<Written, ServiceError> {
        let (target, customer) = (target_of(after.id), Some(tenant.customer));
        self.tell(Right::ROLE_MODIFY, &target, customer, Some(&told(before)), Some(&told(after))).await?;
        self.finish(touches, customer).await
    }
}
