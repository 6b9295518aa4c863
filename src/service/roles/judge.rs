//! Who may do what with *the* role, or grant, that it is about: its attributes are known, so conditions are judged.

use super::{Tenant, no_organization};
use crate::domain::{Attributes, Binding, BoundUser, Effective, FrontendView, Origin, PermissionGrant, RoleId, Value};
use crate::service::admin::Writing;
use crate::service::caller::{Caller, Shown, hidden, permitted};
use crate::service::cluster::Cluster;
use crate::service::error::ServiceError;
use crate::service::right::{Own, Right};
use crate::store::records::roles::Role;

/// What conditions on a role can ask for, beside its organization.
pub(super) fn of_role(id: RoleId, name: &str, view: FrontendView) -> Attributes {
    let pairs = [("id", id.to_string()), ("name", name.to_owned()), ("frontend_view", view.as_str().to_owned())];
    attributes(pairs)
}

/// What conditions on a temporary grant can ask for, beside its organization.
pub(super) fn of_grant(user: &str, permission_name: &str) -> Attributes {
    attributes([("user_id", user.to_owned()), ("permission_name", permission_name.to_owned())])
}

fn attributes<const N: usize>(pairs: [(&str, String); N]) -> Attributes {
    pairs.into_iter().map(|(name, value)| (name.into(), Value::string(value))).collect()
}

impl Cluster {
    /// Whether the caller can be shown anything of a kind in the organization: if not, nothing has to be read. To somebody
    /// of another one it then reads as not found.
    ///
    /// # Errors
    /// `NotFound`.
    pub(super) fn may_look(
        &self,
        caller: &Caller,
        tenant: &Tenant,
        right: Right,
        kind: &'static str,
    ) -> Result<bool, ServiceError> {
        let is_foreign = caller.customer().is_some_and(|own| own != tenant.customer);
        let may = caller.holds_some(right, Own::all(tenant.customer, kind), self.now());
        if is_foreign && !may { Err(no_organization(&tenant.organization)) } else { Ok(may) }
    }
}

impl Writing<'_> {
    /// Enters the tenant. To somebody of another one, who may do nothing of this kind there whatever it is, it reads as not
    /// found.
    ///
    /// # Errors
    /// `Hidden`, `Unauthorized`.
    pub(super) async fn enter_tenant(
        &mut self,
        tenant: &Tenant,
        right: Right,
        kind: &'static str,
    ) -> Result<(), ServiceError> {
        self.enter([tenant.customer]).await?;
        let all = Own::all(tenant.customer, kind);
        let is_foreign = self.caller.customer().is_some_and(|own| own != tenant.customer);
        if is_foreign && !self.may_some(right, all) {
            return Err(hidden(right, all, ("organization", tenant.organization.to_string())));
        }
        Ok(())
    }

    /// Requires that a service's scope lets it do `right`. Of users it asks nothing: what they give is compared.
    ///
    /// # Errors
    /// `Forbidden`.
    pub(super) fn require_scope(&self, right: Right, own: Own) -> Result<(), ServiceError> {
        match self.caller {
            Caller::Service(claims) => permitted(claims, right, own),
            Caller::User(_) => Ok(()),
        }
    }

    /// Requires `right` on a role; `shown` is what somebody of another tenant reads as not found.
    ///
    /// # Errors
    /// `Forbidden`, `Hidden`.
    pub(super) fn require_on_role(
        &self,
        right: Right,
        tenant: &Tenant,
        role: (RoleId, &str, FrontendView),
        shown: Shown,
    ) -> Result<(), ServiceError> {
        let (id, name, view) = role;
        let attributes = of_role(id, name, view);
        self.require_with(right, Own::role(tenant.customer, id), tenant, &attributes, shown)
    }

    /// Requires `right` on the one thing `own`, of which `attributes` are known.
    ///
    /// # Errors
    /// `Forbidden`, `Hidden`.
    pub(super) fn require_with(
        &self,
        right: Right,
        own: Own,
        tenant: &Tenant,
        attributes: &Attributes,
        shown: Shown,
    ) -> Result<(), ServiceError> {
        if self.may_with(right, own, attributes, &tenant.organization) {
            return Ok(());
        }
        Err(self.lacking(right, own, tenant.customer, shown))
    }

    /// Requires that a user caller has everything that a role gives to whoever has it.
    ///
    /// # Errors
    /// `NotCovered` names the first pair he does not have.
    pub(super) fn covers_role(&self, tenant: &Tenant, role: &Role, user: BoundUser) -> Result<(), ServiceError> {
        self.covers(&given_by(tenant, role.id, &role.content.grants, user))
    }
}

/// What grants of a role give to a user of `tenant`.
pub(super) fn given_by(tenant: &Tenant, role: RoleId, grants: &[PermissionGrant], user: BoundUser) -> Vec<Effective> {
    let binding = Binding { scope: tenant.customer, user, organization: &tenant.organization };
    let bind = |grant: &PermissionGrant| grant.bind(&binding, tenant.customer, None, Origin::Role(role));
    grants.iter().map(bind).collect()
}
