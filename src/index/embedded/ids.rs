//! Sets of ids, and unions of borrowed ones.

use roaring::{MultiOps, RoaringTreemap};
use std::borrow::Cow;

/// A set of ids that most often has one: a pattern with `${userId}` in it is held by one user, and an empty treemap
/// around one id costs half a kilobyte.
#[derive(Debug, Default)]
pub(super) enum Ids {
    #[default]
    None,
    One(u64),
    Many(Box<RoaringTreemap>),
}

impl Ids {
    pub(super) fn insert(&mut self, id: u64) {
        match self {
            Self::None => *self = Self::One(id),
            Self::One(only) if *only == id => {}
            Self::One(only) => *self = Self::Many(Box::new([*only, id].into_iter().collect())),
            Self::Many(many) => _ = many.insert(id),
        }
    }

    pub(super) fn remove(&mut self, id: u64) {
        match self {
            Self::One(only) if *only == id => *self = Self::None,
            Self::Many(many) => {
                many.remove(id);
                if many.is_empty() {
                    *self = Self::None;
                }
            }
            _ => {}
        }
    }

    pub(super) fn contains(&self, id: u64) -> bool {
        match self {
            Self::None => false,
            Self::One(only) => *only == id,
            Self::Many(many) => many.contains(id),
        }
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Many(many) => many.len(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::None)
    }

    /// In order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        let (one, many) = match self {
            Self::None => (None, None),
            Self::One(only) => (Some(*only), None),
            Self::Many(many) => (None, Some(many.iter())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }
}

/// A union that is being made: nothing is copied before [`Union::finish`], and nothing at all when it is one set.
#[derive(Debug, Default)]
pub(super) struct Union<'a> {
    many: Vec<&'a RoaringTreemap>,
    owned: Vec<RoaringTreemap>,
    single: Vec<u64>,
}

impl<'a> Union<'a> {
    pub(super) fn add(&mut self, ids: &'a Ids) {
        match ids {
            Ids::None => {}
            Ids::One(only) => self.single.push(*only),
            Ids::Many(many) => self.many.push(many),
        }
    }

    pub(super) fn add_map(&mut self, map: &'a RoaringTreemap) {
        self.many.push(map);
    }

    pub(super) fn add_owned(&mut self, map: RoaringTreemap) {
        self.owned.push(map);
    }

    pub(super) fn add_all(&mut self, ids: impl IntoIterator<Item = u64>) {
        self.single.extend(ids);
    }

    pub(super) fn finish(mut self) -> Cow<'a, RoaringTreemap> {
        if let ([only], true, true) = (&*self.many, self.owned.is_empty(), self.single.is_empty()) {
            return Cow::Borrowed(only);
        }
        if !self.single.is_empty() {
            self.single.sort_unstable();
            self.single.dedup();
            // Sorted and each once, so the fast way works; the other one is for a mistake of ours.
            let singles = RoaringTreemap::from_sorted_iter(self.single.iter().copied())
                .unwrap_or_else(|_| self.single.iter().copied().collect());
            self.owned.push(singles);
        }
        let mut all = match self.many.len() {
            0 => self.owned.pop().unwrap_or_default(),
            _ => self.many.into_iter().union(),
        };
        for owned in self.owned {
            all |= owned;
        }
        Cow::Owned(all)
    }
}
