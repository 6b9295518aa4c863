//! Effective permissions: the statements that reach one user, variables bound.

use super::condition::Conditions;
use super::id::{CustomerId, PolicyId, UserId};
use super::kind::Kind;
use super::name::Name;
use super::origin::Origin;
use super::pattern::{ActionPattern, Pattern, ResourcePattern};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Whether a statement gives or takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Gives, unless a deny matches too.
    Allow,
    /// Takes, whatever allows.
    Deny,
}

/// A statement as it reaches a user: every action pattern with every resource pattern.
///
/// Written and read as JSON: this is what an index document keeps of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Effective {
    /// Gives or takes.
    pub effect: Effect,
    /// At least one.
    pub actions: Vec<ActionPattern>,
    /// At least one.
    pub resources: Vec<ResourcePattern>,
    /// All must hold.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub conditions: Conditions,
    /// Microseconds since 1970 from which on it is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// The policy it stands in; none for roles and temporary grants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyId>,
    /// Where it comes from.
    pub origin: Origin,
}

impl Effective {
    /// Whether it says anything at `now`, in microseconds since 1970: nothing from its instant on.
    #[must_use]
    pub fn is_alive(&self, now: i64) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// Whether it holds always and everywhere its patterns match.
    #[must_use]
    pub fn is_unconditional(&self) -> bool {
        self.conditions.is_empty() && self.until.is_none()
    }

    /// The number of (action pattern, resource pattern) pairs it says.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.actions.len().saturating_mul(self.resources.len())
    }

    /// Whether some pattern of `patterns` matches `name`.
    pub(super) fn any_matches<K: Kind>(patterns: &[Pattern<K>], name: &Name<K>) -> bool {
        patterns.iter().any(|pattern| pattern.matches(name))
    }
}

/// Everything that a user's permissions are decided from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// Whose.
    pub user: UserId,
    /// His tenant.
    pub customer: CustomerId,
    /// An inactive user has nothing, whatever is listed.
    pub active: bool,
    /// What reaches him.
    pub statements: Vec<Arc<Effective>>,
}

impl Permissions {
    /// The statements that count: none for an inactive user.
    #[must_use]
    pub fn statements(&self) -> &[Arc<Effective>] {
        if self.active { &self.statements } else { &[] }
    }

    /// Whether `(action, resource)` of an allow is wholly covered by one unconditional deny: nothing is left
    /// of such a pair, and it is left out wherever permissions are listed.
    #[must_use]
    pub fn is_taken_back(&self, action: &ActionPattern, resource: &ResourcePattern) -> bool {
        self.denies().any(|deny| {
            deny.actions.iter().any(|wide| wide.covers(action))
                && deny.resources.iter().any(|wide| wide.covers(resource))
        })
    }

    /// The unconditional denies.
    pub fn denies(&self) -> impl Iterator<Item = &Arc<Effective>> {
        self.statements().iter().filter(|deny| deny.effect == Effect::Deny && deny.is_unconditional())
    }

    /// The same without the allows of which nothing is left: no answer changes, and documents stay small.
    #[must_use]
    pub fn without_what_is_taken_back(mut self) -> Self {
        if self.denies().next().is_none() {
            return self;
        }
        let left = |statement: &Arc<Effective>| {
            statement.effect == Effect::Deny
                || statement
                    .actions
                    .iter()
                    .any(|action| statement.resources.iter().any(|resource| !self.is_taken_back(action, resource)))
        };
        let kept = self.statements.iter().filter(|statement| left(statement)).cloned().collect();
        self.statements = kept;
        self
    }
}
