//! Who holds an entry, and until when.

use super::ids::{Ids, Union};
use crate::index::NO_END;
use roaring::RoaringTreemap;
use std::collections::BTreeSet;
use std::ops::Bound;

/// The users who hold something, each once: who holds it twice holds it until the later end.
///
/// Ends are no part of an entry's content. A hundred thousand temporary grants of one permission are one set of users
/// and a list of ends in order, of which a question reads the part that has passed.
#[derive(Debug, Default)]
pub(super) struct Holders {
    always: Ids,
    timed: Option<Box<Timed>>,
}

#[derive(Debug, Default)]
struct Timed {
    users: RoaringTreemap,
    ends: BTreeSet<(i64, u64)>,
}

impl Holders {
    pub(super) fn insert(&mut self, user: u64, until: i64) {
        if until == NO_END {
            self.always.insert(user);
        } else {
            let timed = self.timed.get_or_insert_default();
            timed.users.insert(user);
            timed.ends.insert((until, user));
        }
    }

    /// Takes out what was put in with the same `until`.
    pub(super) fn remove(&mut self, user: u64, until: i64) {
        if until == NO_END {
            self.always.remove(user);
        } else if let Some(timed) = &mut self.timed {
            timed.users.remove(user);
            timed.ends.remove(&(until, user));
            if timed.ends.is_empty() {
                self.timed = None;
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.always.is_empty() && self.timed.is_none()
    }

    /// All of them, whether or not their time has passed.
    pub(super) fn everybody<'a>(&'a self, union: &mut Union<'a>) {
        union.add(&self.always);
        if let Some(timed) = &self.timed {
            union.add_map(&timed.users);
        }
    }

    /// Those who hold it at `now`.
    pub(super) fn alive<'a>(&'a self, now: i64, union: &mut Union<'a>) {
        union.add(&self.always);
        let Some(timed) = &self.timed else { return };
        let mut ended = timed.ends.range(..=(now, u64::MAX)).map(|(_, user)| *user);
        let mut left = timed.ends.range((Bound::Excluded((now, u64::MAX)), Bound::Unbounded)).map(|(_, user)| *user);
        // Both at once, until the shorter list is read: it says who is in the longer one.
        let (mut few_ended, mut few_left) = (Vec::new(), Vec::new());
        loop {
            match ended.next() {
                Some(user) => few_ended.push(user),
                None if few_ended.is_empty() => return union.add_map(&timed.users),
                None => return union.add_owned(but(&timed.users, few_ended)),
            }
            match left.next() {
                Some(user) => few_left.push(user),
                None => return union.add_all(few_left),
            }
        }
    }
}

fn but(users: &RoaringTreemap, mut ended: Vec<u64>) -> RoaringTreemap {
    // By end they come, by id they are put together without a search for each.
    ended.sort_unstable();
    users - ended.into_iter().collect::<RoaringTreemap>()
}
