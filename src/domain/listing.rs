//! The list: everything a user may do, in few lines.

use super::condition::Conditions;
use super::effective::{Effect, Permissions};
use super::id::PolicyId;
use super::origin::Origin;
use super::pattern::{ActionPattern, ResourcePattern};
use std::collections::{BTreeMap, BTreeSet};

/// One line of a list: one action pattern with all resources that are the same in everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The action pattern.
    pub action: ActionPattern,
    /// An allow or a deny.
    pub allow: bool,
    /// Sorted, each once.
    pub resources: Vec<ResourcePattern>,
    /// Sorted, each once.
    pub policies: Vec<PolicyId>,
    /// Sorted, each once.
    pub origins: Vec<Origin>,
    /// All must hold.
    pub conditions: Conditions,
    /// Microseconds since 1970 from which on it is nothing.
    pub until: Option<i64>,
}

/// What to list: what meets the action and one of the resources; no filter lists everything.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only what meets this.
    pub action: Option<ActionPattern>,
    /// Only what meets one of these; empty: everything.
    pub resources: Vec<ResourcePattern>,
}

impl Filter {
    fn has_action(&self, action: &ActionPattern) -> bool {
        self.action.as_ref().is_none_or(|wanted| wanted.meets(action))
    }

    fn has_resource(&self, resource: &ResourcePattern) -> bool {
        self.resources.is_empty() || self.resources.iter().any(|wanted| wanted.meets(resource))
    }
}

/// A list of more (action pattern, resource pattern) pairs is refused.
pub const MAX_LISTED_PAIRS: usize = 100_000;

/// The list would be too long to read or to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "more than {MAX_LISTED_PAIRS} pairs of action and resource are to be listed: ask for an `action` or a `resource`"
)]
pub struct TooLong;

/// Conditions in an order: as their JSON text, which sorts and compares like they do.
type Pair<'a> = (&'a ActionPattern, bool, String, Option<i64>, &'a ResourcePattern);
type Rest = (ActionPattern, bool, Vec<PolicyId>, Vec<Origin>, String, Option<i64>);

impl Permissions {
    /// The effective permissions at `now` (microseconds since 1970), one entry per distinct (action pattern,
    /// allow, policies, origins, conditions, until), sorted by these. Allows of which an unconditional deny
    /// leaves nothing are not listed; denies are.
    ///
    /// # Errors
    /// [`TooLong`] beyond [`MAX_LISTED_PAIRS`].
    pub fn list(&self, filter: &Filter, now: i64) -> Result<Vec<Entry>, TooLong> {
        let mut count = 0;
        let mut pairs: BTreeMap<Pair, (BTreeSet<PolicyId>, BTreeSet<Origin>, &Conditions)> = BTreeMap::new();
        for statement in self.statements().iter().filter(|statement| statement.is_alive(now)) {
            let allow = statement.effect == Effect::Allow;
            let text = serde_json::to_string(&statement.conditions).unwrap_or_default();
            for action in statement.actions.iter().filter(|action| filter.has_action(action)) {
                for resource in statement.resources.iter().filter(|resource| filter.has_resource(resource)) {
                    count += 1;
                    if count > MAX_LISTED_PAIRS {
                        return Err(TooLong);
                    }
                    if allow && self.is_taken_back(action, resource) {
                        continue;
                    }
                    let pair = (action, allow, text.clone(), statement.until, resource);
                    let (policies, origins, _) =
                        pairs.entry(pair).or_insert_with(|| (BTreeSet::new(), BTreeSet::new(), &statement.conditions));
                    policies.extend(statement.policy);
                    origins.insert(statement.origin);
                }
            }
        }
        let mut entries: BTreeMap<Rest, (Vec<ResourcePattern>, &Conditions)> = BTreeMap::new();
        for ((action, allow, text, until, resource), (policies, origins, conditions)) in pairs {
            let policies = policies.into_iter().collect();
            let origins = origins.into_iter().collect();
            let rest = (action.clone(), allow, policies, origins, text, until);
            entries.entry(rest).or_insert_with(|| (Vec::new(), conditions)).0.push(resource.clone());
        }
        let entry =
            |((action, allow, policies, origins, _, until), (resources, conditions)): (Rest, (_, &Conditions))| Entry {
                action,
                allow,
                resources,
                policies,
                origins,
                conditions: conditions.clone(),
                until,
            };
        Ok(entries.into_iter().map(entry).collect())
    }
}
