//! The searchable fields of a document (`../shared/index.md`), the same for both engines.

use super::tokens;
use crate::domain::{ActionPattern, Condition, Conditions, Effect, Effective, Permissions, ResourcePattern};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// `until` of what has no end.
pub const NO_END: i64 = i64::MAX;
/// A statement of more pairs becomes an entry, where actions and resources add up instead of multiplying.
const MAX_PLAIN_PAIRS: usize = 256;

/// What an entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// Allows its actions on its resources.
    Allow,
    /// Denies them.
    Deny,
    /// Answers questions without a resource: these actions somewhere, except where `except` matches.
    Anywhere,
}

/// A statement with conditions, a time bound or many patterns: one nested object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NestedEntry {
    /// What it says.
    pub kind: EntryKind,
    /// Action pattern tokens, sorted.
    pub actions: Vec<String>,
    /// Resource pattern tokens, sorted; none for `anywhere`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// `anywhere` only: action pattern tokens whose actions are denied throughout.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// Microseconds since 1970; [`NO_END`] for none.
    pub until: i64,
    /// `Equals` and `In`: their value tokens; `NotEquals`: the attribute's name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
    /// The number of conditions: how many of `requires` must be there.
    pub requires_count: usize,
    /// The attributes of `Equals` and `In`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<String>,
    /// The value tokens of `NotEquals`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbids: Vec<String>,
}

/// The searchable fields. Sorted, so that equal permissions give equal bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Fields {
    /// Tokens `<action pattern> <resource pattern>` of plain allows.
    pub allow: BTreeSet<String>,
    /// The same of plain denies.
    pub deny: BTreeSet<String>,
    /// Action pattern tokens that are allowed somewhere, whatever is denied.
    pub anywhere: BTreeSet<String>,
    /// Everything else.
    #[serde(rename = "statements")]
    pub entries: Vec<NestedEntry>,
}

impl Fields {
    /// The fields of a user's permissions. An inactive user's are made too: who-has asks for active ones.
    #[must_use]
    pub fn of(permissions: &Permissions) -> Self {
        let mut fields = Self::default();
        let denies: Vec<_> = permissions.denies().collect();
        // Sets are made of whole lists: one sort costs a fraction of a search for each.
        let (mut allow, mut deny) = (Vec::new(), Vec::new());
        for statement in &permissions.statements {
            match statement.effect {
                _ if !is_plain(statement) => fields.entries.push(entry(statement)),
                Effect::Deny => add_pairs(&mut deny, statement, |_, _| false),
                Effect::Allow if denies.is_empty() => add_pairs(&mut allow, statement, |_, _| false),
                Effect::Allow => {
                    add_pairs(&mut allow, statement, |action, resource| permissions.is_taken_back(action, resource));
                }
            }
        }
        (fields.allow, fields.deny) = (allow.into_iter().collect(), deny.into_iter().collect());
        fields.add_anywhere(permissions, &denies);
        fields
    }

    /// Rule 4 of index.md. Entries with the same exceptions and end are one.
    fn add_anywhere(&mut self, permissions: &Permissions, denies: &[&Arc<Effective>]) {
        let mut plain = Vec::new();
        let mut groups: BTreeMap<(BTreeSet<String>, i64), BTreeSet<String>> = BTreeMap::new();
        for allow in permissions.statements.iter().filter(|statement| statement.effect == Effect::Allow) {
            let until = allow.until.unwrap_or(NO_END);
            for action in &allow.actions {
                let token = tokens::pattern(action.as_str());
                let meeting: Vec<_> =
                    denies.iter().filter(|deny| deny.actions.iter().any(|denied| denied.meets(action))).collect();
                if meeting.is_empty() && until == NO_END {
                    plain.push(token.into_owned());
                    continue;
                }
                if meeting.is_empty() {
                    groups.entry((BTreeSet::new(), until)).or_default().insert(token.into_owned());
                    continue;
                }
                for resource in &allow.resources {
                    let over = meeting.iter().filter(|deny| deny.resources.iter().any(|wide| wide.covers(resource)));
                    let except: Vec<_> =
                        over.flat_map(|deny| deny.actions.iter().filter(|denied| denied.meets(action))).collect();
                    if except.iter().any(|denied| denied.covers(action)) {
                        continue;
                    }
                    let except = except.iter().map(|denied| tokens::pattern(denied.as_str()).into_owned()).collect();
                    groups.entry((except, until)).or_default().insert(token.to_string());
                }
            }
        }
        plain.extend(groups.remove(&(BTreeSet::new(), NO_END)).into_iter().flatten());
        self.anywhere = plain.into_iter().collect();
        for ((except, until), mut actions) in groups {
            // What is allowed somewhere without exception needs no entry with one.
            actions.retain(|action| !self.anywhere.contains(action));
            if !actions.is_empty() {
                self.entries.push(NestedEntry {
                    kind: EntryKind::Anywhere,
                    actions: actions.into_iter().collect(),
                    resources: Vec::new(),
                    except: except.into_iter().collect(),
                    until,
                    requires: Vec::new(),
                    requires_count: 0,
                    tests: Vec::new(),
                    forbids: Vec::new(),
                });
            }
        }
    }

    /// About what the fields take as JSON, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let sum = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| text.len() + 3).sum::<usize>();
        let plain = sum(&mut self.allow.iter().chain(&self.deny).chain(&self.anywhere));
        let nested: usize = self
            .entries
            .iter()
            .map(|entry| {
                let lists =
                    [&entry.actions, &entry.resources, &entry.except, &entry.requires, &entry.tests, &entry.forbids];
                sum(&mut lists.into_iter().flatten()) + 128
            })
            .sum();
        plain + nested
    }
}

/// Adds the tokens of a plain statement's pairs but those to be left out.
fn add_pairs(to: &mut Vec<String>, statement: &Effective, left_out: impl Fn(&ActionPattern, &ResourcePattern) -> bool) {
    for action in &statement.actions {
        let action_token = tokens::pattern(action.as_str());
        for resource in statement.resources.iter().filter(|resource| !left_out(action, resource)) {
            to.push(tokens::pair(&action_token, &tokens::pattern(resource.as_str())));
        }
    }
}

/// Whether the statement's pairs can stand as tokens: the question then asks for few generalisations.
fn is_plain(statement: &Effective) -> bool {
    statement.is_unconditional()
        && statement.pairs() <= MAX_PLAIN_PAIRS
        && statement.actions.iter().all(|action| action.inner_wildcards() <= 1)
        && statement.resources.iter().all(|resource| resource.inner_wildcards() <= 1)
}

fn entry(statement: &Effective) -> NestedEntry {
    let kind = if statement.effect == Effect::Allow { EntryKind::Allow } else { EntryKind::Deny };
    let mut entry = NestedEntry {
        kind,
        actions: sorted(statement.actions.iter().map(|action| tokens::pattern(action.as_str()).into_owned())),
        resources: sorted(statement.resources.iter().map(|resource| tokens::pattern(resource.as_str()).into_owned())),
        except: Vec::new(),
        until: statement.until.unwrap_or(NO_END),
        requires: Vec::new(),
        requires_count: statement.conditions.len(),
        tests: Vec::new(),
        forbids: Vec::new(),
    };
    add_conditions(&mut entry, &statement.conditions);
    entry
}

/// Rule 2 of index.md.
fn add_conditions(entry: &mut NestedEntry, conditions: &Conditions) {
    for (attribute, condition) in conditions {
        let values = condition.values().iter().map(|value| tokens::value(attribute, value));
        if matches!(condition, Condition::NotEquals { .. }) {
            entry.forbids.extend(values);
            entry.requires.push(tokens::attribute(attribute));
        } else {
            entry.requires.extend(values);
            entry.tests.push(tokens::attribute(attribute));
        }
    }
}

fn sorted(tokens: impl Iterator<Item = String>) -> Vec<String> {
    let set: BTreeSet<String> = tokens.collect();
    set.into_iter().collect()
}
