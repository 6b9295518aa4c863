//! The decision: default deny, and deny wins.

use super::attributes::Known;
use super::condition::{Truth, judge_all};
use super::effective::{Effect, Effective, Permissions};
use super::id::PolicyId;
use super::name::{ActionName, ResourceName};
use super::origin::Origin;
use super::pattern::ResourcePattern;
use std::sync::Arc;

/// An answer, and the statements that decided it: the matching denies if any, else the matching allows; none
/// when nothing matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<'a> {
    /// Whether it is allowed.
    pub allow: bool,
    /// What decided.
    pub deciding: Vec<&'a Arc<Effective>>,
}

impl Decision<'_> {
    /// The policies among what decided, sorted, each once.
    #[must_use]
    pub fn used_policies(&self) -> Vec<PolicyId> {
        sorted(self.deciding.iter().filter_map(|statement| statement.policy).collect())
    }

    /// Where what decided comes from, sorted, each once.
    #[must_use]
    pub fn origins(&self) -> Vec<Origin> {
        sorted(self.deciding.iter().map(|statement| statement.origin).collect())
    }

    /// The resource patterns of what decided, sorted, each once.
    #[must_use]
    pub fn resources(&self) -> Vec<&ResourcePattern> {
        sorted(self.deciding.iter().flat_map(|statement| &statement.resources).collect())
    }
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort_unstable();
    list.dedup();
    list
}

impl Permissions {
    /// May the user do `action` on `resource`, of which `known` is known, at `now` (microseconds since 1970)?
    #[must_use]
    pub fn check(&self, action: &ActionName, resource: &ResourceName, known: &Known<'_>, now: i64) -> Decision<'_> {
        let mut allows = Vec::new();
        let mut denies = Vec::new();
        for statement in self.statements() {
            let matches = statement.is_alive(now)
                && Effective::any_matches(&statement.actions, action)
                && Effective::any_matches(&statement.resources, resource);
            if !matches {
                continue;
            }
            // Fail closed: an unknown condition gives nothing and takes everything.
            match (statement.effect, judge_all(&statement.conditions, known)) {
                (Effect::Allow, Truth::Holds) => allows.push(statement),
                (Effect::Deny, Truth::Holds | Truth::Unknown) => denies.push(statement),
                _ => {}
            }
        }
        if denies.is_empty() {
            Decision { allow: !allows.is_empty(), deciding: allows }
        } else {
            Decision { allow: false, deciding: denies }
        }
    }

    /// May the user do `action` anywhere at all? An allow counts unless one unconditional deny of the action
    /// covers a resource pattern of it whole; conditions of allows are taken as possible, conditional denies
    /// take nothing away (api.md section 3).
    ///
    /// What decided: the allows that count, else the unconditional denies of the action.
    #[must_use]
    pub fn check_anywhere(&self, action: &ActionName, now: i64) -> Decision<'_> {
        let denies: Vec<_> = self.denies().filter(|deny| Effective::any_matches(&deny.actions, action)).collect();
        let left = |resource: &ResourcePattern| {
            !denies.iter().any(|deny| deny.resources.iter().any(|wide| wide.covers(resource)))
        };
        let allows: Vec<_> = self
            .statements()
            .iter()
            .filter(|allow| allow.effect == Effect::Allow && allow.is_alive(now))
            .filter(|allow| Effective::any_matches(&allow.actions, action) && allow.resources.iter().any(left))
            .collect();
        let allow = !allows.is_empty();
        Decision { allow, deciding: if allow { allows } else { denies } }
    }
}
