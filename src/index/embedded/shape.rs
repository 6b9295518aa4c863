//! The entries of one shape: which of them a question's values select, and who holds those.

use super::holders::Holders;
use super::ids::{Ids, Union};
use super::terms::{Held, Shape, Values};
use foldhash::HashMap;
use std::sync::Arc;

/// All entries of one shape. A question visits only the entries that have one of its values: "everybody but whose
/// values these are" is told from the sum.
#[derive(Debug)]
pub(super) struct Entries {
    pub shape: Arc<Shape>,
    /// Who holds any of them, until the last end.
    anybody: Holders,
    /// By number.
    holders: Vec<Holders>,
    free: Vec<u64>,
    numbers: HashMap<Values, u64>,
    /// Value token -> the numbers of the entries that have it.
    values: HashMap<Box<str>, Ids>,
    /// What users hold who hold several.
    several: HashMap<u64, Vec<(u64, i64)>>,
}

/// The value tokens that a question knows of one resource, by attribute.
#[derive(Debug, Clone, Default)]
pub(super) struct KnownValues<'a>(Vec<(&'a str, &'a str)>);

impl<'a> KnownValues<'a> {
    pub(super) fn new(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self(pairs.collect())
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    fn knows(&self, names: &[String]) -> bool {
        names.iter().all(|name| self.get(name).is_some())
    }

    fn of(&self, names: &[String]) -> impl Iterator<Item = &'a str> {
        names.iter().filter_map(|name| self.get(name))
    }
}

impl Entries {
    pub(super) fn new(shape: Arc<Shape>) -> Self {
        Self {
            shape,
            anybody: Holders::default(),
            holders: Vec::new(),
            free: Vec::new(),
            numbers: HashMap::default(),
            values: HashMap::default(),
            several: HashMap::default(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.anybody.is_empty()
    }

    pub(super) fn insert(&mut self, user: u64, held: &Held) {
        let mut own = Vec::with_capacity(held.len());
        for (values, until) in held {
            let number = self.number(values);
            if let Some(entry) = self.entry_mut(number) {
                entry.insert(user, *until);
            }
            own.push((number, *until));
        }
        if let Some(until) = held.values().max() {
            self.anybody.insert(user, *until);
        }
        if own.len() > 1 {
            self.several.insert(user, own);
        }
    }

    pub(super) fn remove(&mut self, user: u64, held: &Held) {
        for (values, until) in held {
            let Some(number) = self.numbers.get(values).copied() else { continue };
            let Some(entry) = self.entry_mut(number) else { continue };
            entry.remove(user, *until);
            if entry.is_empty() {
                self.forget(values, number);
            }
        }
        if let Some(until) = held.values().max() {
            self.anybody.remove(user, *until);
        }
        self.several.remove(&user);
    }

    fn entry(&self, number: u64) -> Option<&Holders> {
        self.holders.get(usize::try_from(number).ok()?)
    }

    fn entry_mut(&mut self, number: u64) -> Option<&mut Holders> {
        self.holders.get_mut(usize::try_from(number).ok()?)
    }

    fn number(&mut self, values: &Values) -> u64 {
        if let Some(number) = self.numbers.get(values) {
            return *number;
        }
        let number = self.free.pop().unwrap_or_else(|| {
            self.holders.push(Holders::default());
            self.holders.len() as u64 - 1
        });
        self.numbers.insert(values.clone(), number);
        for value in values {
            self.values.entry(value.as_str().into()).or_default().insert(number);
        }
        number
    }

    fn forget(&mut self, values: &Values, number: u64) {
        self.numbers.remove(values);
        self.free.push(number);
        for value in values {
            if let Some(ids) = self.values.get_mut(value.as_str()) {
                ids.remove(number);
                if ids.is_empty() {
                    self.values.remove(value.as_str());
                }
            }
        }
    }

    /// Who holds an entry whose conditions are all known to hold.
    pub(super) fn allowed<'a>(&'a self, known: &KnownValues<'_>, now: i64, union: &mut Union<'a>) {
        if known.knows(&self.shape.tests) && known.knows(&self.shape.excludes) {
            self.not_failing(known, now, union);
        }
    }

    /// Who holds an entry of which no condition is known to fail.
    pub(super) fn not_failing<'a>(&'a self, known: &KnownValues<'_>, now: i64, union: &mut Union<'a>) {
        // A value that no entry has fails all of them, or excludes none.
        let wanted: Option<Vec<&Ids>> = known.of(&self.shape.tests).map(|value| self.values.get(value)).collect();
        let Some(mut wanted) = wanted else { return };
        let excluded: Vec<&Ids> = known.of(&self.shape.excludes).filter_map(|value| self.values.get(value)).collect();
        wanted.sort_by_key(|ids| ids.len());
        match wanted.split_first() {
            Some((fewest, others)) => {
                let is_left = |number: &u64| {
                    others.iter().all(|ids| ids.contains(*number)) && !excluded.iter().any(|ids| ids.contains(*number))
                };
                for number in fewest.iter().filter(is_left) {
                    if let Some(entry) = self.entry(number) {
                        entry.alive(now, union);
                    }
                }
            }
            None if excluded.is_empty() => self.anybody.alive(now, union),
            None => self.all_but(&excluded, now, union),
        }
    }

    fn all_but<'a>(&'a self, excluded: &[&Ids], now: i64, union: &mut Union<'a>) {
        let mut anybody = Union::default();
        self.anybody.alive(now, &mut anybody);
        let mut failing = Union::default();
        for entry in excluded.iter().flat_map(|ids| ids.iter()).filter_map(|number| self.entry(number)) {
            entry.everybody(&mut failing);
        }
        let failing = failing.finish();
        let mut left = anybody.finish().into_owned();
        left -= &*failing;
        // Who holds another one still has that.
        let holds = |(number, until): &(u64, i64)| *until > now && !excluded.iter().any(|ids| ids.contains(*number));
        let keeps = |user: &u64| self.several.get(user).is_some_and(|own| own.iter().any(holds));
        left.extend(failing.iter().filter(keeps));
        union.add_owned(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::select;
    use std::collections::BTreeMap;

    const NOW: i64 = 10;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(ToString::to_string).collect()
    }

    /// `a` and `b` are tested, `c` and `d` excluded.
    fn entries() -> Entries {
        let shape = Shape { tests: texts(&["a", "b"]), excludes: texts(&["c", "d"]), ..Shape::default() };
        Entries::new(Arc::new(shape))
    }

    /// What a user holds: some entries, each until some instant.
    fn held() -> impl Strategy<Value = Held> {
        let tested = |name: &'static str| {
            let one_of = select(vec![vec![1], vec![2], vec![1, 2]]);
            one_of.prop_map(move |values| values.iter().map(|value| format!("{name}=n:{value}")).collect::<Vec<_>>())
        };
        let excluded = |name: &'static str| (1..3).prop_map(move |value| format!("{name}=n:{value}"));
        let values = (tested("a"), tested("b"), excluded("c"), excluded("d")).prop_map(|(a, b, c, d)| {
            let mut all = [a, b, vec![c, d]].concat();
            all.sort_unstable();
            all
        });
        prop::collection::btree_map(values, select(vec![NOW, NOW + 1, crate::index::NO_END]), 0..4)
    }

    /// Each name with its value, if it is known.
    fn known() -> impl Strategy<Value = Vec<(&'static str, String)>> {
        let one = |name: &'static str| {
            prop::option::weighted(0.8, (1..4).prop_map(move |value| (name, format!("{name}=n:{value}"))))
        };
        (one("a"), one("b"), one("c"), one("d")).prop_map(|(a, b, c, d)| [a, b, c, d].into_iter().flatten().collect())
    }

    /// Of each condition: known to hold, known to fail, or neither.
    fn truths(values: &Values, known: &[(&'static str, String)]) -> Vec<Option<bool>> {
        let truth = |name: &str| {
            let (_, value) = known.iter().find(|(known, _)| *known == name)?;
            Some(values.contains(value) == ["a", "b"].contains(&name))
        };
        ["a", "b", "c", "d"].map(truth).to_vec()
    }

    fn expected(all: &BTreeMap<u64, Held>, holds: impl Fn(&Values) -> bool) -> Vec<u64> {
        let has = |held: &Held| held.iter().any(|(values, until)| *until > NOW && holds(values));
        all.iter().filter(|(_, held)| has(held)).map(|(user, _)| *user).collect()
    }

    proptest! {
        #[test]
        fn an_entry_is_found_by_its_values_whatever_came_and_went(
            changes in prop::collection::vec((1_u64..6, held()), 1..20),
            questions in prop::collection::vec(known(), 1..10),
        ) {
            let (mut entries, mut all) = (entries(), BTreeMap::<u64, Held>::new());
            for (user, held) in changes {
                if let Some(old) = all.insert(user, held.clone()) {
                    entries.remove(user, &old);
                }
                entries.insert(user, &held);
            }
            for known in questions {
                let values = KnownValues::new(known.iter().map(|(name, value)| (*name, value.as_str())));
                let (mut allowed, mut left) = (Union::default(), Union::default());
                entries.allowed(&values, NOW, &mut allowed);
                entries.not_failing(&values, NOW, &mut left);
                let hold = expected(&all, |values| truths(values, &known).iter().all(|truth| *truth == Some(true)));
                let may = expected(&all, |values| !truths(values, &known).contains(&Some(false)));
                prop_assert_eq!(allowed.finish().iter().collect::<Vec<_>>(), hold, "{:?}", known);
                prop_assert_eq!(left.finish().iter().collect::<Vec<_>>(), may, "{:?}", known);
            }
            for (user, held) in &all {
                entries.remove(*user, held);
            }
            prop_assert!(entries.is_empty() && entries.numbers.is_empty());
            prop_assert!(entries.values.is_empty() && entries.several.is_empty());
            prop_assert_eq!(entries.free.len(), entries.holders.len());
        }
    }

    #[test]
    fn a_number_that_is_free_is_used_again() {
        let mut entries = entries();
        for value in 0..100 {
            let held = Held::from([(texts(&["a=n:1", "b=n:1", "c=n:1", &format!("d=n:{value}")]), NOW)]);
            entries.insert(1, &held);
            entries.remove(1, &held);
        }
        assert_eq!(entries.holders.len(), 1);
    }
}
