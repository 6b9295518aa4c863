//! A change that is not made: the same users without it and with it, from one snapshot.
//!
//! The rows are read once, as they are; the change is made to a copy of them in memory, and both states are put together
//! by the code that puts index documents together, one user at a time: only the rows of a page are held.

use super::cache::SnapshotCache;
use super::rows::Rows;
use super::text::{Source, Text};
use super::{Caches, Loaded, assembled, read};
use crate::domain::{PolicyId, Statement, UserId, write_statements};
use crate::store::StoreError;
use crate::store::assignments::{Assignment, Target};
use sqlx::PgConnection;
use std::sync::Arc;

/// A change of what reaches users, supposed to be made.
#[derive(Debug)]
pub struct Supposed {
    change: Change,
    policy: PolicyId,
    /// Keeps what a text that is stored nowhere says when it is bound: in the cache of all loads it would push out
    /// what is stored, and users would share it no more.
    cache: SnapshotCache,
}

#[derive(Debug)]
enum Change {
    /// What the policy says, for where nothing of it is in the snapshot.
    Assign(Assignment, Arc<Text>),
    Remove(Assignment),
    Replace(Arc<Text>),
    Delete,
}

impl Supposed {
    /// The assignment is made. `statements` is what its policy says, as it is stored; the scope of `assignment` is none
    /// where it is the target's own customer.
    #[must_use]
    pub fn assign(assignment: Assignment, statements: &str, cache: &SnapshotCache) -> Self {
        let text = cache.text(Source::Policy(assignment.policy), statements);
        Self::of(assignment.policy, Change::Assign(assignment, text))
    }

    /// The assignment is removed; its scope is none where it is the target's own customer.
    #[must_use]
    pub fn remove(assignment: Assignment) -> Self {
        Self::of(assignment.policy, Change::Remove(assignment))
    }

    /// The policy says `statements`.
    #[must_use]
    pub fn replace(policy: PolicyId, statements: &[Statement]) -> Self {
        let text = Text::read(Source::Policy(policy), &write_statements(statements).to_string());
        Self::of(policy, Change::Replace(Arc::new(text)))
    }

    /// The policy is deleted, with its assignments.
    #[must_use]
    pub fn delete(policy: PolicyId) -> Self {
        Self::of(policy, Change::Delete)
    }

    fn of(policy: PolicyId, change: Change) -> Self {
        Self { change, policy, cache: SnapshotCache::default() }
    }

    /// Makes the change to what was read.
    fn make(&self, rows: &mut Rows) {
        let source = Source::Policy(self.policy);
        match &self.change {
            Change::Assign(assignment, text) => {
                rows.texts.entry(source).or_insert_with(|| Arc::clone(text));
                rows.assign(assignment);
            }
            Change::Remove(assignment) => rows.remove(assignment),
            Change::Replace(text) => _ = rows.texts.insert(source, Arc::clone(text)),
            Change::Delete => rows.delete(self.policy),
        }
    }

    /// Where what `source` says when it is bound is kept: `shared`, unless it says what is stored nowhere.
    pub(super) fn cache_of<'a>(&'a self, source: Source, shared: &'a SnapshotCache) -> &'a SnapshotCache {
        match self.change {
            Change::Replace(_) if source == Source::Policy(self.policy) => &self.cache,
            _ => shared,
        }
    }
}

/// Users in both states, from one snapshot.
#[derive(Debug)]
pub struct Both {
    users: Vec<UserId>,
    before: Rows,
    after: Rows,
    cache: Arc<SnapshotCache>,
    supposed: Arc<Supposed>,
}

/// Reads `users` as [`super::load`] does, to be put together as they are, and as they were if `supposed` were so.
///
/// # Errors
/// As [`super::load`].
pub async fn load_both(
    conn: &mut PgConnection,
    users: &[UserId],
    now: i64,
    cache: &Arc<SnapshotCache>,
    supposed: &Arc<Supposed>,
) -> Result<Both, StoreError> {
    let before = read(conn, users, now, cache).await?;
    let mut after = before.clone();
    supposed.make(&mut after);
    let (cache, supposed) = (Arc::clone(cache), Arc::clone(supposed));
    Ok(Both { users: users.to_vec(), before, after, cache, supposed })
}

impl Both {
    /// Each user without the change and with it, in the order in which they were asked for; put together as they are
    /// taken.
    pub fn states(&self) -> impl Iterator<Item = (Loaded, Loaded)> {
        let before = Caches { shared: &self.cache, supposed: None };
        let after = Caches { supposed: Some(&self.supposed), ..before };
        self.users
            .iter()
            .map(move |user| (assembled(&self.before, *user, before), assembled(&self.after, *user, after)))
    }
}

impl Rows {
    fn assign(&mut self, assignment: &Assignment) {
        let given = (assignment.policy, assignment.scope);
        let list = match assignment.target {
            Target::User(id) => self.to_user.entry(id.0),
            Target::SecurityGroup(id) => self.to_group.entry(id.0),
            Target::Customer(id) => self.to_customer.entry(id.0),
        };
        let list = list.or_default();
        // In order and each once, as they are read.
        if let Err(place) = list.binary_search(&given) {
            list.insert(place, given);
        }
    }

    fn remove(&mut self, assignment: &Assignment) {
        let given = (assignment.policy, assignment.scope);
        let list = match assignment.target {
            Target::User(id) => self.to_user.get_mut(&id.0),
            Target::SecurityGroup(id) => self.to_group.get_mut(&id.0),
            Target::Customer(id) => self.to_customer.get_mut(&id.0),
        };
        if let Some(list) = list {
            list.retain(|one| *one != given);
        }
    }

    fn delete(&mut self, policy: PolicyId) {
        let targets = [&mut self.to_customer, &mut self.to_group, &mut self.to_user];
        for list in targets.into_iter().flat_map(|target| target.values_mut()) {
            list.retain(|given| given.0 != policy);
        }
    }
}
