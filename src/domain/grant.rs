//! Permission grants: an allow statement in the role API's words, and how far it reaches.

use super::condition::{Condition, Conditions, ORGANIZATION_ATTRIBUTE, SELF_ORGANIZATION, SELF_USER};
use super::effective::{Effect, Effective};
use super::id::CustomerId;
use super::origin::Origin;
use super::pattern::{ActionPattern, ResourcePattern};
use super::statement::{Binding, names};

/// A permission name with conditions (api.md section 6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionGrant {
    /// An action pattern.
    pub permission_name: ActionPattern,
    /// At most 10.
    pub conditions: Conditions,
}

impl PermissionGrant {
    /// The grant as it reaches a user of `customer`. It reaches the resources of his own organization;
    /// a condition on `org_id` replaces that reach by what it says.
    #[must_use]
    pub fn bind(&self, binding: &Binding<'_>, customer: CustomerId, until: Option<i64>, origin: Origin) -> Effective {
        let mut conditions = binding.conditions(&self.conditions);
        let resources = match conditions.get(ORGANIZATION_ATTRIBUTE) {
            // By far the most usual reach, and the same as none: patterns cost less than a condition.
            Some(Condition::Equals { value }) if is_own(value, binding.organization) => {
                conditions.remove(ORGANIZATION_ATTRIBUTE);
                reach(customer)
            }
            Some(_) => vec![ResourcePattern::everything()],
            None => reach(customer),
        };
        let actions = vec![self.permission_name.clone()];
        Effective { effect: Effect::Allow, actions, resources, conditions, until, policy: None, origin }
    }

    /// Whether it is another grant for each user.
    #[must_use]
    pub fn names_user(&self) -> bool {
        names(&self.conditions, SELF_USER)
    }

    /// Whether it names the user's own organization.
    #[must_use]
    pub fn names_organization(&self) -> bool {
        names(&self.conditions, SELF_ORGANIZATION)
    }
}

fn is_own(value: &super::value::Value, organization: &str) -> bool {
    matches!(value, super::value::Value::String(text) if **text == *organization)
}

/// Every resource of a customer: what follows `acrn:<service>:<customer>` after a `:`, and that itself.
fn reach(customer: CustomerId) -> Vec<ResourcePattern> {
    [format!("acrn:*:{customer}"), format!("acrn:*:{customer}:*")]
        .into_iter()
        .map(|text| ResourcePattern::of_segments(text.into()))
        .collect()
}
