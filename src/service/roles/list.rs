//! Listing roles: those that the caller may get, the others silently left out.

use super::Tenant;
use super::judge::of_role;
use crate::domain::{FrontendView, PermissionGrant, READABLE_AFTER, RoleId};
use crate::service::caller::Caller;
use crate::service::cluster::Cluster;
use crate::service::error::ServiceError;
use crate::service::right::{Own, Right};
use crate::store::records::roles::{self, Listed, RoleFilter};
use sqlx::PgConnection;
use std::collections::HashMap;

/// One answer looks at no more roles.
pub const MAX_ROLES: usize = 10_000;
/// One answer has no more permission grants.
pub const MAX_LISTED_GRANTS: usize = 100_000;

/// A list of roles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleQuestion {
    /// Which.
    pub filter: RoleFilter,
    /// Whether to say what they give.
    pub with_grants: bool,
}

/// A role as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRole {
    /// Its id.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// For people.
    pub description: String,
    /// What its users see first.
    pub frontend_view: FrontendView,
    /// What it gives, when that was asked for.
    pub grants: Option<Vec<PermissionGrant>>,
}

impl Cluster {
    /// The roles of an organization that the caller may get, by id.
    ///
    /// # Errors
    /// `NotFound` for an organization in which somebody of another may get none; `Invalid` when there are too many.
    pub async fn roles(
        &self,
        caller: &Caller,
        tenant: &Tenant,
        asked: &RoleQuestion,
    ) -> Result<Vec<SeenRole>, ServiceError> {
        if !self.may_look(caller, tenant, Right::ROLE_GET, "role")? {
            return Ok(Vec::new());
        }
        let now = self.now();
        let since = now.saturating_sub(i64::try_from(READABLE_AFTER.as_micros()).unwrap_or(i64::MAX));
        let mut connection = self.connection().await?;
        let found = roles::list(&mut connection, tenant.customer, &asked.filter, since, MAX_ROLES + 1).await;
        let found = self.observed(found)?;
        if found.len() > MAX_ROLES {
            let detail = format!("there are more than {MAX_ROLES} roles: ask for some by `id` or `name`");
            return Err(ServiceError::invalid("", detail));
        }
        let seen: Vec<Listed> = found.into_iter().filter(|role| may_get(caller, tenant, role, now)).collect();
        let grants = if asked.with_grants { Some(self.grants(&mut connection, &seen).await?) } else { None };
        Ok(shown(seen, grants))
    }

    async fn grants(
        &self,
        conn: &mut PgConnection,
        seen: &[Listed],
    ) -> Result<HashMap<RoleId, Vec<PermissionGrant>>, ServiceError> {
        let count: usize = seen.iter().map(|role| role.grants).sum();
        if count > MAX_LISTED_GRANTS {
            let detail =
                format!("these roles have {count} grants, {MAX_LISTED_GRANTS} are shown at once: ask for fewer");
            return Err(ServiceError::invalid("/return_permission_grants", detail));
        }
        let ids: Vec<RoleId> = seen.iter().map(|role| role.id).collect();
        self.observed(roles::grants(conn, &ids).await)
    }
}

fn may_get(caller: &Caller, tenant: &Tenant, role: &Listed, now: i64) -> bool {
    let attributes = of_role(role.id, &role.name, role.frontend_view);
    let own = Own::role(tenant.customer, role.id);
    caller.may(Right::ROLE_GET, own, &attributes, Some(&tenant.organization), now)
}

fn shown(seen: Vec<Listed>, mut grants: Option<HashMap<RoleId, Vec<PermissionGrant>>>) -> Vec<SeenRole> {
    let show = |role: Listed| SeenRole {
        id: role.id,
        name: role.name,
        description: role.description,
        frontend_view: role.frontend_view,
        // One that was purged meanwhile gives nothing.
        grants: grants.as_mut().map(|grants| grants.remove(&role.id).unwrap_or_default()),
    };
    seen.into_iter().map(show).collect()
}
