//! What a user gains and loses when what reaches him changes: the answer of a dry run.
//!
//! Exact where conditions and ends are not involved (by the union lemma), on the safe side where they are: whatever is
//! newly allowed, or no longer, is always among what is found.

use super::condition::Conditions;
use super::effective::{Effect, Effective, Permissions};
use super::pattern::{ActionPattern, ResourcePattern};
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::sync::Arc;

/// An action pattern on a resource pattern, written with a space between the two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// The actions.
    pub action: ActionPattern,
    /// The resources.
    pub resource: ResourcePattern,
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.action, self.resource)
    }
}

/// How far two states of a user are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// So many gains, and so many losses, are looked for; there may be more.
    pub pairs: usize,
    /// About so many patterns are compared with another.
    pub comparisons: usize,
}

/// What differs between two states of a user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// What he may do after and not before, each once.
    pub gains: BTreeSet<Pair>,
    /// What he may do before and not after, each once.
    pub losses: BTreeSet<Pair>,
    /// Whether the comparison was given up: there may be more, even where nothing was found.
    pub is_cut: bool,
}

impl Difference {
    /// What the user gains and loses from `now` (microseconds since 1970) on when `after` takes the place of `before`.
    ///
    /// A pair of an allow is gained when no single allow said it before, under the same or weaker conditions and for no
    /// shorter, and no deny takes all of it. Of a pair that was said already, that part is gained which a deny took and
    /// none takes any more. Losses are the gains of the way back.
    #[must_use]
    pub fn between(before: &Permissions, after: &Permissions, now: i64, effort: Effort) -> Self {
        let (before, after) = sides(before, after, now);
        let mut left = effort.comparisons;
        let mut gained = |before, after| {
            let mut search = Search { before, after, found: BTreeSet::new(), most: effort.pairs, left };
            let end = search.run();
            left = search.left;
            (search.found, end == Err(Stop::Cut))
        };
        let (gains, cut_gaining) = gained(&before, &after);
        let (losses, cut_losing) = gained(&after, &before);
        Self { gains, losses, is_cut: cut_gaining || cut_losing }
    }
}

/// What is alive of one state.
struct Side<'a> {
    allows: Vec<&'a Effective>,
    denies: Vec<&'a Effective>,
    /// Those that the other state does not have word for word.
    own_allows: Vec<&'a Effective>,
    own_denies: Vec<&'a Effective>,
}

/// Both states. Most of what reaches a user stays, and users share it: it is found by address, the rest by what it says.
fn sides<'a>(before: &'a Permissions, after: &'a Permissions, now: i64) -> (Side<'a>, Side<'a>) {
    let alive = |all: &'a Permissions| -> Vec<&'a Arc<Effective>> {
        all.statements().iter().filter(|statement| statement.is_alive(now)).collect()
    };
    let (before, after) = (alive(before), alive(after));
    let (others, own) = (beside(&before, &after), beside(&after, &before));
    let said = |list: &[&'a Effective]| list.iter().copied().collect::<HashSet<_>>();
    let (in_before, in_after) = (said(&others), said(&own));
    let side = |all: &[&'a Arc<Effective>], own: Vec<&'a Effective>, other: &HashSet<&Effective>| {
        let own: Vec<_> = own.into_iter().filter(|statement| !other.contains(statement)).collect();
        let of = |list: &[&'a Effective], effect| list.iter().copied().filter(|one| one.effect == effect).collect();
        let all: Vec<_> = all.iter().map(|statement| &***statement).collect();
        Side {
            allows: of(&all, Effect::Allow),
            denies: of(&all, Effect::Deny),
            own_allows: of(&own, Effect::Allow),
            own_denies: of(&own, Effect::Deny),
        }
    };
    (side(&before, others, &in_after), side(&after, own, &in_before))
}

/// Those of `list` that are not, at the same address, among `others`.
fn beside<'a>(list: &[&'a Arc<Effective>], others: &[&Arc<Effective>]) -> Vec<&'a Effective> {
    let others: HashSet<_> = others.iter().map(|statement| Arc::as_ptr(statement)).collect();
    list.iter().filter(|statement| !others.contains(&Arc::as_ptr(statement))).map(|statement| &***statement).collect()
}

/// Why a search ended before it had looked at everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// It has found as many as are asked for.
    Enough,
    /// It would take too long.
    Cut,
}

/// Looks for what is allowed after and was not before.
struct Search<'s> {
    before: &'s Side<'s>,
    after: &'s Side<'s>,
    found: BTreeSet<Pair>,
    most: usize,
    left: usize,
}

impl Search<'_> {
    fn run(&mut self) -> Result<(), Stop> {
        self.new_allows()?;
        self.lifted_denies()
    }

    /// Pairs that nothing said before.
    fn new_allows(&mut self) -> Result<(), Stop> {
        let (before, after) = (self.before, self.after);
        for allow in &after.own_allows {
            for action in &allow.actions {
                for resource in &allow.resources {
                    if !self.is_said(&before.allows, action, resource, &[allow])?
                        && !self.is_said(&after.denies, action, resource, &[allow])?
                    {
                        self.add(action.clone(), resource.clone())?;
                    }
                }
            }
        }
        Ok(())
    }

    /// What a deny took of pairs that are allowed, and no deny takes any more.
    fn lifted_denies(&mut self) -> Result<(), Stop> {
        for deny in &self.before.own_denies {
            for allow in self.after.allows.iter().filter(|allow| !exclude(&deny.conditions, &allow.conditions)) {
                self.spend(1 + deny.actions.len().saturating_mul(allow.actions.len()))?;
                let meet =
                    |one: &ActionPattern| allow.actions.iter().filter_map(|other| one.intersect(other)).collect();
                for action in deny.actions.iter().flat_map::<Vec<_>, _>(meet) {
                    self.lifted(&action, deny, allow)?;
                }
            }
        }
        Ok(())
    }

    /// The same of an action that both speak of.
    fn lifted(&mut self, action: &ActionPattern, deny: &Effective, allow: &Effective) -> Result<(), Stop> {
        for denied in &deny.resources {
            self.spend(allow.resources.len())?;
            for resource in allow.resources.iter().filter_map(|allowed| denied.intersect(allowed)) {
                self.spend(self.found.len())?;
                let is_found = self.found.iter().any(|wide| wide.covers(action, &resource));
                if !is_found && !self.is_said(&self.after.denies, action, &resource, &[deny, allow])? {
                    self.add(action.clone(), resource)?;
                }
            }
        }
        Ok(())
    }

    /// Whether one of `statements` says all of the pair wherever, and as long as, all of `given` apply.
    fn is_said(
        &mut self,
        statements: &[&Effective],
        action: &ActionPattern,
        resource: &ResourcePattern,
        given: &[&Effective],
    ) -> Result<bool, Stop> {
        for own in statements {
            self.spend(1 + own.actions.len())?;
            if !own.actions.iter().any(|wide| wide.covers(action)) || !follows(own, given) {
                continue;
            }
            self.spend(own.resources.len())?;
            if own.resources.iter().any(|wide| wide.covers(resource)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn add(&mut self, action: ActionPattern, resource: ResourcePattern) -> Result<(), Stop> {
        self.found.insert(Pair { action, resource });
        if self.found.len() < self.most { Ok(()) } else { Err(Stop::Enough) }
    }

    fn spend(&mut self, comparisons: usize) -> Result<(), Stop> {
        self.left = self.left.checked_sub(comparisons).ok_or(Stop::Cut)?;
        Ok(())
    }
}

impl Pair {
    fn covers(&self, action: &ActionPattern, resource: &ResourcePattern) -> bool {
        self.action.covers(action) && self.resource.covers(resource)
    }
}

/// Whether `own` applies wherever, and as long as, all of `given` do: each of its conditions follows from one on the same
/// attribute. That is so for denies too: of an attribute that is not known, neither's condition fails.
fn follows(own: &Effective, given: &[&Effective]) -> bool {
    let lasts = own.until.is_none_or(|end| given.iter().any(|given| given.until.is_some_and(|until| until <= end)));
    lasts
        && own.conditions.iter().all(|(attribute, wide)| {
            let implied = |given: &&Effective| given.conditions.get(attribute).is_some_and(|one| one.implies(wide));
            given.iter().any(implied)
        })
}

/// Whether a deny with the first conditions takes nothing where an allow with the others gives: then the attribute is
/// known, and is none of the deny's.
fn exclude(deny: &Conditions, allow: &Conditions) -> bool {
    deny.iter().any(|(attribute, denied)| allow.get(attribute).is_some_and(|allowed| allowed.excludes(denied)))
}
