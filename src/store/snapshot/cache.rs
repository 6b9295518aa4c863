//! What was read and bound already, so that pages and users share it: the memory of the embedded index depends on
//! users of one group holding the same `Arc`, whichever page they came in.

use super::text::{Said, Source, Text};
use crate::domain::{Binding, CustomerId, Effective, Origin, PermissionGrant, Statement};
use foldhash::HashMap;
use parking_lot::Mutex;
use std::sync::Arc;

/// Keeps at most so many read policies and roles.
const MAX_TEXTS: usize = 20_000;
/// Keeps at most so many bound ones.
const MAX_BOUND: usize = 200_000;

/// Policies and roles as they were last read and bound. Exact: an entry counts only for the very text that is in
/// the snapshot at hand. Shared by all loads of a process; bounded.
#[derive(Debug, Default)]
pub struct SnapshotCache {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    texts: HashMap<Source, Arc<Text>>,
    bound: HashMap<Key, Arc<Bound>>,
}

/// What a bound text depends on, beside its text and the organization. The origin (a customer, a group, a role)
/// tells the customer whose users it reaches.
type Key = (Source, Origin, CustomerId);

/// A text bound for everybody whom it reaches through one origin.
#[derive(Debug)]
pub(super) struct Bound {
    of: Arc<Text>,
    organization: Arc<str>,
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    /// The same for all of them.
    Shared(Arc<Effective>),
    /// Names the user: bound for each, from the statement of this number.
    PerUser(usize),
}

impl SnapshotCache {
    /// The text as it was read.
    pub(super) fn text(&self, source: Source, text: &str) -> Arc<Text> {
        if let Some(known) = self.inner.lock().texts.get(&source).filter(|known| *known.text == *text) {
            return Arc::clone(known);
        }
        // Read without the lock: it may be a large one.
        let read = Arc::new(Text::read(source, text));
        let mut inner = self.inner.lock();
        if inner.texts.len() >= MAX_TEXTS {
            inner.texts.clear();
        }
        inner.texts.insert(source, Arc::clone(&read));
        read
    }

    /// `text` bound for whom it reaches from `origin`, the parts that name the user left open.
    pub(super) fn bound(
        &self,
        (source, text): (Source, &Arc<Text>),
        origin: Origin,
        binding: &Binding<'_>,
        own: (CustomerId, &Arc<str>),
    ) -> Result<Arc<Bound>, Arc<str>> {
        let key = (source, origin, binding.scope);
        let same = |known: &&Arc<Bound>| Arc::ptr_eq(&known.of, text) && known.organization == *own.1;
        if let Some(known) = self.inner.lock().bound.get(&key).filter(same) {
            return Ok(Arc::clone(known));
        }
        let said = text.read.as_ref().map_err(Arc::clone)?;
        let pieces = pieces(said, source, origin, binding, own.0);
        let bound = Arc::new(Bound { of: Arc::clone(text), organization: Arc::clone(own.1), pieces });
        let mut inner = self.inner.lock();
        if inner.bound.len() >= MAX_BOUND {
            inner.bound.retain(|_, bound| bound.is_in_use());
            if inner.bound.len() > MAX_BOUND / 2 {
                inner.bound.clear();
            }
        }
        inner.bound.insert(key, Arc::clone(&bound));
        Ok(bound)
    }
}

impl Bound {
    /// Adds what reaches one user.
    pub(super) fn give(
        &self,
        to: &mut Vec<Arc<Effective>>,
        source: Source,
        origin: Origin,
        binding: &Binding<'_>,
        own: CustomerId,
    ) {
        for piece in &self.pieces {
            match piece {
                Piece::Shared(effective) => to.push(Arc::clone(effective)),
                Piece::PerUser(index) => {
                    if let Ok(said) = &self.of.read {
                        to.extend(said.bind_one(*index, source, origin, binding, own).map(Arc::new));
                    }
                }
            }
        }
    }

    fn is_in_use(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Shared(effective) if Arc::strong_count(effective) > 1))
    }
}

fn pieces(said: &Said, source: Source, origin: Origin, binding: &Binding<'_>, own: CustomerId) -> Vec<Piece> {
    let piece = |index: usize| {
        if said.names_user(index) {
            return Some(Piece::PerUser(index));
        }
        said.bind_one(index, source, origin, binding, own).map(|effective| Piece::Shared(Arc::new(effective)))
    };
    (0..said.len()).filter_map(piece).collect()
}

impl Said {
    fn len(&self) -> usize {
        match self {
            Self::Statements(statements) => statements.len(),
            Self::Grants(grants) => grants.len(),
        }
    }

    fn names_user(&self, index: usize) -> bool {
        match self {
            Self::Statements(statements) => statements.get(index).is_some_and(Statement::names_user),
            Self::Grants(grants) => grants.get(index).is_some_and(PermissionGrant::names_user),
        }
    }

    fn bind_one(
        &self,
        index: usize,
        source: Source,
        origin: Origin,
        binding: &Binding<'_>,
        own: CustomerId,
    ) -> Option<Effective> {
        let policy = match source {
            Source::Policy(id) => Some(id),
            Source::Role(_) => None,
        };
        match self {
            Self::Statements(statements) => Some(statements.get(index)?.bind(binding, policy, origin)),
            Self::Grants(grants) => Some(grants.get(index)?.bind(binding, own, None, origin)),
        }
    }

    /// All of it bound for one user.
    pub(super) fn bind_all(
        &self,
        to: &mut Vec<Arc<Effective>>,
        source: Source,
        origin: Origin,
        binding: &Binding<'_>,
        own: CustomerId,
    ) {
        to.extend((0..self.len()).filter_map(|index| self.bind_one(index, source, origin, binding, own)).map(Arc::new));
    }
}
