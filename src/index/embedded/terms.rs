//! What a document puts into the postings.

use crate::domain::{Effective, Permissions};
use crate::index::{EntryKind, Fields, NestedEntry};
use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What entries have in common that differ in their conditions' values and ends alone. Statements that name
/// `{self_user_id}` are one shape, however many users hold one.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Shape {
    pub actions: Vec<String>,
    pub resources: Vec<String>,
    pub except: Vec<String>,
    /// The attributes of `Equals` and `In`.
    pub tests: Vec<String>,
    /// The attributes of `NotEquals`.
    pub excludes: Vec<String>,
}

/// The value tokens of all conditions, sorted: with a shape this is an entry. An attribute has one condition, so the
/// tokens of all of them can stand together.
pub(super) type Values = Vec<String>;
/// Each until when, the latest if there are several.
pub(super) type Held = BTreeMap<Values, i64>;

/// The searchable terms of one document.
#[derive(Debug, Default)]
pub(super) struct Terms {
    pub allow: BTreeSet<String>,
    pub deny: BTreeSet<String>,
    pub anywhere: BTreeSet<String>,
    pub allows: BTreeMap<Shape, Held>,
    pub denies: BTreeMap<Shape, Held>,
    pub anywheres: BTreeMap<Shape, Held>,
}

impl Terms {
    fn of(permissions: &Permissions) -> Self {
        let Fields { allow, deny, anywhere, entries } = Fields::of(permissions);
        let mut terms = Self { allow, deny, anywhere, ..Self::default() };
        for entry in entries {
            let (kind, until) = (entry.kind, entry.until);
            let (shape, values) = split(entry);
            let shapes = match kind {
                EntryKind::Allow => &mut terms.allows,
                EntryKind::Deny => &mut terms.denies,
                EntryKind::Anywhere => &mut terms.anywheres,
            };
            let end = shapes.entry(shape).or_default().entry(values).or_insert(until);
            *end = until.max(*end);
        }
        terms
    }
}

fn split(entry: NestedEntry) -> (Shape, Values) {
    let NestedEntry { actions, resources, except, requires, tests, forbids, .. } = entry;
    // Names of attributes have no `=` as tokens; value tokens do.
    let (mut values, excludes): (Vec<_>, Vec<_>) = requires.into_iter().partition(|token| token.contains('='));
    values.extend(forbids);
    values.sort_unstable();
    values.dedup();
    (Shape { actions, resources, except, tests, excludes }, values)
}

/// Terms of one call by the statements they are made from: users with the same statements share them.
#[derive(Debug, Default)]
pub(super) struct TermsOf {
    known: HashMap<Vec<usize>, Known>,
    nothing: Arc<Terms>,
}

/// The statements are kept, so that no address is used twice.
type Known = (Vec<Arc<Effective>>, Arc<Terms>);

impl TermsOf {
    /// Of an inactive user there are none: nobody asks for him.
    pub(super) fn of(&mut self, permissions: &Permissions) -> Arc<Terms> {
        let statements = permissions.statements();
        if statements.is_empty() {
            return Arc::clone(&self.nothing);
        }
        let key = statements.iter().map(|statement| Arc::as_ptr(statement).addr()).collect();
        let made = || (statements.to_vec(), Arc::new(Terms::of(permissions)));
        Arc::clone(&self.known.entry(key).or_insert_with(made).1)
    }
}
