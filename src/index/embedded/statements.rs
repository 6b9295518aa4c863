//! Statements shared by content: a million users hold the same few.

use crate::domain::Effective;
use crate::index::Document;
use foldhash::{HashMap, HashSet};
use parking_lot::Mutex;
use std::sync::Arc;

/// Below so many nothing is swept.
const FEW: usize = 4_096;

/// Every statement of every document, each once.
#[derive(Debug, Default)]
pub(super) struct Statements {
    all: Mutex<Set>,
}

#[derive(Debug, Default)]
struct Set {
    all: HashSet<Arc<Effective>>,
    /// The addresses of `all`. Whoever comes with one of these very statements again, as the pages of a build do, needs
    /// no look at its content.
    addresses: HashSet<usize>,
    swept: usize,
}

/// Statements of one call by address, so that each is hashed once in it. The call's documents keep them alive.
#[derive(Debug, Default)]
pub(super) struct Seen(HashMap<usize, Arc<Effective>>);

impl Statements {
    /// The document with its statements shared.
    pub(super) fn share(&self, document: &Arc<Document>, seen: &mut Seen) -> Arc<Document> {
        let own = &document.permissions.statements;
        let shared: Vec<_> = own.iter().map(|statement| self.shared(statement, seen)).collect();
        if own.iter().zip(&shared).all(|(own, shared)| Arc::ptr_eq(own, shared)) {
            return Arc::clone(document);
        }
        let mut document = Document::clone(document);
        document.permissions.statements = shared;
        Arc::new(document)
    }

    fn shared(&self, statement: &Arc<Effective>, seen: &mut Seen) -> Arc<Effective> {
        let shared = seen.0.entry(address(statement)).or_insert_with(|| self.all.lock().of(statement));
        Arc::clone(shared)
    }

    pub(super) fn clear(&self) {
        let all = std::mem::take(&mut *self.all.lock());
        drop(all);
    }
}

/// Of a statement in the set: it is nobody else's as long as it is in there.
fn address(statement: &Arc<Effective>) -> usize {
    Arc::as_ptr(statement).addr()
}

impl Set {
    fn of(&mut self, statement: &Arc<Effective>) -> Arc<Effective> {
        if self.addresses.contains(&address(statement)) {
            return Arc::clone(statement);
        }
        if let Some(known) = self.all.get(statement) {
            return Arc::clone(known);
        }
        if self.all.len() > FEW + 2 * self.swept {
            // What only this set still holds goes; each is looked at once per doubling.
            self.all.retain(|statement| Arc::strong_count(statement) > 1);
            self.addresses = self.all.iter().map(address).collect();
            self.swept = self.all.len();
        }
        self.all.insert(Arc::clone(statement));
        self.addresses.insert(address(statement));
        Arc::clone(statement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Effect, Origin, UserId};

    fn statement(user: i64) -> Arc<Effective> {
        Arc::new(Effective {
            effect: Effect::Allow,
            actions: Vec::new(),
            resources: Vec::new(),
            conditions: crate::domain::Conditions::default(),
            until: None,
            policy: None,
            origin: Origin::User(UserId(user)),
        })
    }

    #[test]
    fn what_nobody_holds_any_more_is_swept_with_its_address() {
        let mut set = Set::default();
        let held = set.of(&statement(0));
        for user in 1..=2 * i64::try_from(FEW).unwrap() {
            set.of(&statement(user));
        }
        assert!(set.all.len() <= FEW + 2, "{}", set.all.len());
        assert_eq!(set.addresses, set.all.iter().map(address).collect());
        assert!(Arc::ptr_eq(&set.of(&statement(0)), &held), "by content");
        assert!(Arc::ptr_eq(&set.of(&held), &held), "by address");
    }
}
