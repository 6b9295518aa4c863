//! Creating a role.

use super::{Tenant, no_organization};
use crate::domain::{BoundUser, RoleId};
use crate::service::admin::Touches;
use crate::service::caller::Caller;
use crate::service::cluster::Cluster;
use crate::service::error::ServiceError;
use crate::service::right::Right;
use crate::service::written::{WriteContext, Written};
use crate::store::directory;
use crate::store::records::roles::{self, Role, RoleContent};
use serde_json::{Value as Json, json};

/// A role to be.
pub type NewRole = RoleContent;

/// A role that was created.
#[derive(Debug)]
pub struct RoleMade {
    /// How it stands.
    pub written: Written,
    /// Its id.
    pub id: RoleId,
}

impl Cluster {
    /// Creates a role. A user caller needs the right on it, and everything it gives.
    ///
    /// # Errors
    /// `Conflict` when the name is taken; `NotFound` for the organization, `Forbidden`, `NotCovered`.
    pub async fn create_role(
        &self,
        caller: &Caller,
        tenant: &Tenant,
        new: NewRole,
        context: &WriteContext,
    ) -> Result<RoleMade, ServiceError> {
        let target = format!("role:new of customer:{}", tenant.customer);
        let made = self.create_role_in_one(caller, tenant, new, context).await;
        self.attempted(caller, context, Right::ROLE_CREATE, &target, made).await
    }

    async fn create_role_in_one(
        &self,
        caller: &Caller,
        tenant: &Tenant,
        new: NewRole,
        context: &WriteContext,
    ) -> Result<RoleMade, ServiceError> {
        let mut write = self.writing(caller, context).await?;
        write.enter_tenant(tenant, Right::ROLE_CREATE, "role").await?;
        let id = self.observed(roles::next_id(write.conn()).await)?;
        let role = Role { id, customer: tenant.customer, content: new };
        let shown = ("organization", tenant.organization.to_string());
        let named = (id, role.content.name.as_str(), role.content.frontend_view);
        write.require_on_role(Right::ROLE_CREATE, tenant, named, shown)?;
        write.covers_role(tenant, &role, BoundUser::Any)?;
        // What is remembered of an organization may be gone.
        let found = self.observed(directory::organization(write.conn(), tenant.customer).await)?;
        found.ok_or_else(|| no_organization(&tenant.organization))?;
        if !self.observed(roles::insert(write.conn(), &role).await)? {
            let name = crate::json::quoted(&role.content.name);
            let why = format!("a role `{name}` is there already: choose another name, or modify that one");
            return Err(ServiceError::Conflict(why));
        }
        let after = told(&role);
        write.tell(Right::ROLE_CREATE, &target_of(id), Some(tenant.customer), None, Some(&after)).await?;
        let written = write.finish(Touches::Nobody, Some(tenant.customer)).await?;
        Ok(RoleMade { written, id })
    }
}

/// As the audit log names a role.
pub(super) fn target_of(id: RoleId) -> String {
    format!("role:{id}")
}

/// As the audit log tells of a role.
pub(super) fn told(role: &Role) -> Json {
    let grants: Json = role.content.grants.iter().map(crate::domain::write_grant).collect();
    json!({"id": role.id, "name": role.content.name, "description": role.content.description,
        "frontendView": role.content.frontend_view, "permissionGrants": grants})
}
