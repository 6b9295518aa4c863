//! Making a temporary grant: somebody may do something until an instant.

use super::judge::of_grant;
use super::{Longest, Tenant};
use crate::domain::{
    ActionName, Condition, ORGANIZATION_ATTRIBUTE, PermissionGrant, SELF_ORGANIZATION, Scope, TemporaryGrantId, UserId,
    Value, write_grant,
};
use crate::service::admin::{Touches, Writing};
use crate::service::caller::Caller;
use crate::service::cluster::Cluster;
use crate::service::error::ServiceError;
use crate::service::right::{Own, Right};
use crate::service::written::{WriteContext, Written};
use crate::store::records::Lock;
use crate::store::records::temporary_grants::{self, NewGrant};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use std::time::Duration;
use uuid::Uuid;

/// A temporary grant to be. It is not compared with what the caller has: it is for emergencies, and limited by the
/// conditions under which he may make one.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTemporaryGrant {
    /// To whom.
    pub user: UserId,
    /// What.
    pub grant: PermissionGrant,
    /// How long, from the instant of the request on.
    pub duration: Duration,
    /// Why.
    pub justification: String,
    /// Text to text or null.
    pub tags: Json,
}

/// A temporary grant that was made.
#[derive(Debug)]
pub struct GrantMade {
    /// How it stands.
    pub written: Written,
    /// Its id.
    pub id: TemporaryGrantId,
    /// From this instant on it gives nothing.
    pub expires_at: Timestamp,
}

impl Cluster {
    /// Gives a user of the organization something until an instant. A user caller's grant reaches the organization only and
    /// names no wildcard.
    ///
    /// # Errors
    /// `NotFound` names the user; `Forbidden`, `Refused`, `Invalid` when he would have too much.
    pub async fn create_temporary_grant(
        &self,
        caller: &Caller,
        tenant: &Tenant,
        new: NewTemporaryGrant,
        context: &WriteContext,
    ) -> Result<GrantMade, ServiceError> {
        let target = format!("user:{}", new.user);
        let context = WriteContext { justification: Some(new.justification.clone()), ..context.clone() };
        let made = async {
            let mut write = self.writing(caller, &context).await?;
            write.enter_tenant(tenant, Right::TEMPORARY_GRANT_CREATE, "temporaryGrant").await?;
            write.may_grant(tenant, &new)?;
            write.grant(tenant, new).await
        };
        self.attempted(caller, &context, Right::TEMPORARY_GRANT_CREATE, &target, made.await).await
    }
}

impl Writing<'_> {
    fn may_grant(&self, tenant: &Tenant, new: &NewTemporaryGrant) -> Result<(), ServiceError> {
        let own = Own::one(tenant.customer, "temporaryGrant", new.user.0);
        let attributes = of_grant(&new.user.to_string(), new.grant.permission_name.as_str());
        let shown = ("user", new.user.to_string());
        self.require_with(Right::TEMPORARY_GRANT_CREATE, own, tenant, &attributes, shown)?;
        if self.caller.is_service() {
            return Ok(());
        }
        let why = if ActionName::parse(new.grant.permission_name.as_str()).is_err() {
            "a permission with `*` is granted for a time by services only: name one action"
        } else if !stays_within(&new.grant, &tenant.organization) {
            "a grant beyond its organization is made by services only: leave the condition on `org_id` out"
        } else {
            return Ok(());
        };
        Err(ServiceError::Refused(why.into()))
    }

    async fn grant(mut self, tenant: &Tenant, new: NewTemporaryGrant) -> Result<GrantMade, ServiceError> {
        let (cluster, user) = (self.cluster, new.user);
        self.member(tenant, user, Lock::Update).await?;
        let now = cluster.now();
        let expires_at = now.saturating_add(i64::try_from(new.duration.as_micros()).unwrap_or(i64::MAX));
        let made = NewGrant {
            id: TemporaryGrantId(Uuid::new_v4()),
            customer: tenant.customer,
            user,
            grant: new.grant,
            expires_at,
            justification: new.justification,
            tags: new.tags,
            creator: creator(self.caller),
        };
        cluster.observed(temporary_grants::insert(self.conn(), &made).await)?;
        self.fits(user).await?;
        let expires_at = Timestamp::from_microsecond(expires_at).unwrap_or(Timestamp::MAX);
        let after = json!({"userId": user, "permissionGrant": write_grant(&made.grant),
            "expiresAt": expires_at, "tags": made.tags});
        let (target, customer) = (format!("temporaryGrant:{}", made.id), Some(tenant.customer));
        self.tell(Right::TEMPORARY_GRANT_CREATE, &target, customer, None, Some(&after)).await?;
        let written = self.finish(Touches::Scope(Scope::User(user)), customer).await?;
        Ok(GrantMade { written, id: made.id, expires_at })
    }
}

/// Whether it reaches no further than the organization.
fn stays_within(grant: &PermissionGrant, organization: &str) -> bool {
    let is_own =
        |value: &Value| matches!(value, Value::String(text) if **text == *organization || **text == *SELF_ORGANIZATION);
    match grant.conditions.get(ORGANIZATION_ATTRIBUTE) {
        None => true,
        Some(Condition::Equals { value }) => is_own(value),
        Some(Condition::In { values }) => values.iter().all(is_own),
        Some(Condition::NotEquals { .. }) => false,
    }
}

/// As the list tells who made it: `{org_id}_{user_id}`, a service's organization only where its token names one.
fn creator(caller: &Caller) -> String {
    match (caller.is_service(), caller.organization()) {
        (true, Some(organization)) => format!("{organization}_{}", caller.actor()),
        _ => caller.actor(),
    }
}

/// The longest that is allowed without configuration.
impl Default for Longest {
    fn default() -> Self {
        Self(Duration::from_hours(30 * 24))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::read_grant;
    use crate::json::{Errors, parse};

    #[test]
    fn a_grant_within_its_organization_is_told_from_one_beyond() {
        let stays = |condition: &str| {
            let text = format!(r#"{{"permission_name":"doc:read","conditions":{{{condition}}}}}"#);
            let grant = read_grant(parse(text.as_bytes()).unwrap(), "", &mut Errors::default()).unwrap();
            stays_within(&grant, "acme")
        };
        for within in [
            "",
            r#""color":{"type":"Equals","value":"red"}"#,
            r#""org_id":{"type":"Equals","value":"acme"}"#,
            r#""org_id":{"type":"Equals","value":"{self_org_id}"}"#,
            r#""org_id":{"type":"In","values":["acme","{self_org_id}"]}"#,
        ] {
            assert!(stays(within), "{within}");
        }
        for beyond in [
            r#""org_id":{"type":"Equals","value":"globex"}"#,
            r#""org_id":{"type":"Equals","value":1}"#,
            r#""org_id":{"type":"In","values":["acme","globex"]}"#,
            r#""org_id":{"type":"NotEquals","value":"globex"}"#,
            r#""org_id":{"type":"NotEquals","value":"acme"}"#,
        ] {
            assert!(!stays(beyond), "{beyond}");
        }
    }
}
