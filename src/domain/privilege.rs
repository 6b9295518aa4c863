//! Privilege comparison: nobody gives what he does not have (api.md section 1).
//!
//! Exact where no conditions or denies are involved (by the union lemma), on the safe side where they are.

use super::condition::Conditions;
use super::effective::{Effect, Effective, Permissions};
use super::origin::Origin;
use super::pattern::{ActionPattern, ResourcePattern};
use std::fmt;

/// The first pair of what is given that the giver does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotCovered {
    /// Its action pattern.
    pub action: ActionPattern,
    /// Its resource pattern.
    pub resource: ResourcePattern,
}

impl fmt::Display for NotCovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.action, self.resource)
    }
}

impl Permissions {
    /// Whether one own allow covers `(action, resource)` without conditions and no deny meets it: what an own
    /// action such as `permdex:user:read` on `user/*` needs. Temporary grants count: this is using, not giving.
    #[must_use]
    pub fn holds(&self, action: &ActionPattern, resource: &ResourcePattern, now: i64) -> bool {
        let allowed = self.statements().iter().any(|allow| {
            allow.is_alive(now)
                && allow.conditions.is_empty()
                && allow.effect == Effect::Allow
                && has(allow, action, resource)
        });
        allowed && !self.is_met_by_a_deny(action, resource)
    }

    /// Whether some allow covers `action` and meets `resource`, whatever its conditions and whatever is denied: whether
    /// the user can be allowed anything of that kind at all.
    #[must_use]
    pub fn meets(&self, action: &ActionPattern, resource: &ResourcePattern, now: i64) -> bool {
        self.statements().iter().any(|allow| {
            allow.effect == Effect::Allow
                && allow.is_alive(now)
                && allow.actions.iter().any(|own| own.covers(action))
                && allow.resources.iter().any(|own| own.meets(resource))
        })
    }

    /// Whether the user has everything that the allows of `given` give, temporary grants left out.
    ///
    /// # Errors
    /// The first pair he does not have.
    pub fn covers<'g>(&self, given: impl IntoIterator<Item = &'g Effective>) -> Result<(), NotCovered> {
        for allow in given.into_iter().filter(|statement| statement.effect == Effect::Allow) {
            self.covers_pairs(allow)?;
        }
        Ok(())
    }

    /// Whether the user has what `statement` speaks of, whatever its effect: taking a deny away gives back what
    /// it denied. A deny also took what its conditions left unknown, so they don't narrow what he must have.
    ///
    /// # Errors
    /// The first pair he does not have.
    pub fn covers_pairs(&self, statement: &Effective) -> Result<(), NotCovered> {
        let none = Conditions::new();
        let conditions = if statement.effect == Effect::Deny { &none } else { &statement.conditions };
        for action in &statement.actions {
            for resource in &statement.resources {
                if !self.covers_pair(action, resource, conditions) {
                    return Err(NotCovered { action: action.clone(), resource: resource.clone() });
                }
            }
        }
        Ok(())
    }

    fn covers_pair(&self, action: &ActionPattern, resource: &ResourcePattern, conditions: &Conditions) -> bool {
        let allowed = self.statements().iter().any(|own| {
            own.effect == Effect::Allow
                && own.until.is_none()
                && !matches!(own.origin, Origin::TemporaryGrant(_))
                && has(own, action, resource)
                && is_weaker(&own.conditions, conditions)
        });
        allowed && !self.is_met_by_a_deny(action, resource)
    }

    fn is_met_by_a_deny(&self, action: &ActionPattern, resource: &ResourcePattern) -> bool {
        self.statements().iter().filter(|deny| deny.effect == Effect::Deny).any(|deny| {
            deny.actions.iter().any(|denied| denied.meets(action))
                && deny.resources.iter().any(|denied| denied.meets(resource))
        })
    }
}

pub(super) fn has(own: &Effective, action: &ActionPattern, resource: &ResourcePattern) -> bool {
    own.actions.iter().any(|wide| wide.covers(action)) && own.resources.iter().any(|wide| wide.covers(resource))
}

/// Whether `own` holds wherever `given` does: each own condition follows from the given one on its attribute.
pub(super) fn is_weaker(own: &Conditions, given: &Conditions) -> bool {
    own.iter().all(|(attribute, wide)| given.get(attribute).is_some_and(|narrow| narrow.implies(wide)))
}
