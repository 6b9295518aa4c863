//! Statements as policies write them, and their binding to a user.

use super::condition::{Condition, Conditions, SELF_ORGANIZATION, SELF_USER};
use super::effective::{Effect, Effective};
use super::id::{CustomerId, PolicyId, UserId};
use super::origin::Origin;
use super::template::{ActionTemplate, BoundUser, ResourceTemplate};
use super::value::Value;

/// A statement of a policy: effect, actions, resources, conditions; variables not yet bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Gives or takes.
    pub effect: Effect,
    /// 1 to 100.
    pub actions: Vec<ActionTemplate>,
    /// 1 to 1,000.
    pub resources: Vec<ResourceTemplate>,
    /// At most 10.
    pub conditions: Conditions,
}

/// Who a statement is bound for.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// `${customerId}`: the assignment's scope customer, else the user's own.
    pub scope: CustomerId,
    /// `${userId}` and `{self_user_id}`.
    pub user: BoundUser,
    /// `{self_org_id}`: the user's own organization (slug).
    pub organization: &'a str,
}

impl<'a> Binding<'a> {
    /// For one user of `organization`, within `scope`.
    #[must_use]
    pub fn new(scope: CustomerId, user: UserId, organization: &'a str) -> Self {
        Self { scope, user: BoundUser::One(user), organization }
    }

    fn value(&self, value: &Value) -> Option<Value> {
        match (value, self.user) {
            (Value::String(text), BoundUser::One(user)) if **text == *SELF_USER => {
                Some(Value::string(user.to_string()))
            }
            (Value::String(text), BoundUser::Any) if **text == *SELF_USER => None,
            (Value::String(text), _) if **text == *SELF_ORGANIZATION => Some(Value::string(self.organization)),
            _ => Some(value.clone()),
        }
    }

    /// The conditions bound. For any member of a group, one that names the member is left out: what is given is
    /// then taken to be more than it is, which is the safe side of a comparison.
    #[must_use]
    pub fn conditions(&self, conditions: &Conditions) -> Conditions {
        let bound = |condition: &Condition| condition.map_values(|value| self.value(value));
        conditions.iter().filter_map(|(attribute, condition)| Some((attribute.clone(), bound(condition)?))).collect()
    }
}

impl Statement {
    /// Whether it is another statement for each user, so that what is bound can't be shared between users.
    #[must_use]
    pub fn names_user(&self) -> bool {
        self.actions.iter().any(ActionTemplate::names_user)
            || self.resources.iter().any(ResourceTemplate::names_user)
            || names(&self.conditions, SELF_USER)
    }

    /// Whether it is another statement in each scope customer or organization.
    #[must_use]
    pub fn names_customer(&self) -> bool {
        self.actions.iter().any(ActionTemplate::names_customer)
            || self.resources.iter().any(ResourceTemplate::names_customer)
            || names(&self.conditions, SELF_ORGANIZATION)
    }

    /// The statement as it reaches one user.
    #[must_use]
    pub fn bind(&self, binding: &Binding<'_>, policy: Option<PolicyId>, origin: Origin) -> Effective {
        let (scope, user) = (binding.scope, binding.user);
        Effective {
            effect: self.effect,
            actions: self.actions.iter().map(|action| action.bind(scope, user)).collect(),
            resources: self.resources.iter().map(|resource| resource.bind(scope, user)).collect(),
            conditions: binding.conditions(&self.conditions),
            until: None,
            policy,
            origin,
        }
    }
}

/// Whether some value of `conditions` is the placeholder.
pub(super) fn names(conditions: &Conditions, placeholder: &str) -> bool {
    let is = |value: &Value| matches!(value, Value::String(text) if **text == *placeholder);
    conditions.values().any(|condition| condition.values().iter().any(is))
}
