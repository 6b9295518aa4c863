//! The role API's use cases: roles of an organization, who has them, and temporary grants.
//!
//! Here: whom the caller must be and what he must hold, in the words of the role API. What a write leaves behind is
//! [`super::admin`]'s, what roles mean the domain's. Called by `http::v1`.

mod assign;
mod create;
mod duration;
mod grant;
mod grants;
mod judge;
mod list;
mod modify;

pub use assign::RoleAssigned;
pub use create::{NewRole, RoleMade};
pub use duration::{Longest, read_duration};
pub use grant::{GrantMade, NewTemporaryGrant};
pub use grants::{GrantPage, GrantQuestion, MAX_PAGE};
pub use list::{MAX_LISTED_GRANTS, MAX_ROLES, RoleQuestion, SeenRole};
pub use modify::{RoleChange, RoleModified};

pub use crate::store::records::roles::RoleFilter;
pub use crate::store::records::temporary_grants::{GrantFilter, SortBy, SortField, TagFilter, TemporaryGrant};

use super::cluster::Cluster;
use super::error::ServiceError;
use crate::domain::{CustomerId, check_organization};
use crate::json::quoted;
use std::sync::Arc;

/// The organization that a request names, and its customer.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// The customer.
    pub customer: CustomerId,
    /// Its slug.
    pub organization: Arc<str>,
}

impl Cluster {
    /// The tenant of an organization.
    ///
    /// # Errors
    /// `NotFound` when there is none; `Unavailable` when that can't be found out.
    pub async fn tenant(&self, organization: &str) -> Result<Tenant, ServiceError> {
        let is_slug = check_organization(organization).is_ok();
        let found = if is_slug { self.customer_of(organization).await? } else { None };
        let customer = found.ok_or_else(|| no_organization(organization))?;
        Ok(Tenant { customer, organization: organization.into() })
    }
}

/// There is no such organization, or none that the caller may know of: both read alike.
fn no_organization(organization: &str) -> ServiceError {
    ServiceError::not_found("organization", quoted(organization))
}

/// There is no such role.
fn no_role(name: &str) -> ServiceError {
    ServiceError::not_found("role", quoted(name))
}
