//! The inverted index: term -> who has it.

use super::ids::{Ids, Union};
use super::shape::Entries;
use super::terms::{Held, Shape, Terms};
use crate::domain::CustomerId;
use foldhash::HashMap;
use roaring::RoaringTreemap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Everything a question is answered from. Active users only.
#[derive(Debug, Default)]
pub(super) struct Postings {
    pub allow: Tokens,
    pub deny: Tokens,
    pub anywhere: Tokens,
    pub allows: Nested,
    pub denies: Nested,
    pub anywheres: Nested,
    customers: HashMap<CustomerId, Ids>,
}

/// Token -> ids.
#[derive(Debug, Default)]
pub(super) struct Tokens(HashMap<Box<str>, Ids>);

/// Entries by shape, and the shapes by the patterns in them.
#[derive(Debug, Default)]
pub(super) struct Nested {
    shapes: Vec<Option<Entries>>,
    free: Vec<u64>,
    numbers: HashMap<Arc<Shape>, u64>,
    actions: Tokens,
    resources: Tokens,
}

impl Postings {
    /// Replaces what a user had by what he has.
    pub(super) fn replace(&mut self, user: u64, old: &Terms, new: &Terms) {
        self.allow.replace(user, &old.allow, &new.allow);
        self.deny.replace(user, &old.deny, &new.deny);
        self.anywhere.replace(user, &old.anywhere, &new.anywhere);
        self.allows.replace(user, &old.allows, &new.allows);
        self.denies.replace(user, &old.denies, &new.denies);
        self.anywheres.replace(user, &old.anywheres, &new.anywheres);
    }

    /// Moves a user between customers; `None` for where he is not active.
    pub(super) fn move_customer(&mut self, user: u64, old: Option<CustomerId>, new: Option<CustomerId>) {
        if old == new {
            return;
        }
        if let Some(ids) = old.and_then(|old| self.customers.get_mut(&old)) {
            ids.remove(user);
        }
        if let Some(new) = new {
            self.customers.entry(new).or_default().insert(user);
        }
    }

    /// Whether nothing is left in any map.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        [&self.allow, &self.deny, &self.anywhere].into_iter().all(|tokens| tokens.0.is_empty())
            && [&self.allows, &self.denies, &self.anywheres].into_iter().all(Nested::is_empty)
            && self.customers.values().all(Ids::is_empty)
    }

    /// The users of a customer.
    pub(super) fn of_customer<'a>(&'a self, customer: CustomerId, union: &mut Union<'a>) {
        if let Some(ids) = self.customers.get(&customer) {
            union.add(ids);
        }
    }
}

impl Tokens {
    fn replace(&mut self, id: u64, old: &BTreeSet<String>, new: &BTreeSet<String>) {
        for token in old.difference(new) {
            self.remove(token, id);
        }
        for token in new.difference(old) {
            self.insert(token, id);
        }
    }

    fn insert(&mut self, token: &str, id: u64) {
        match self.0.get_mut(token) {
            Some(ids) => ids.insert(id),
            None => _ = self.0.insert(token.into(), Ids::One(id)),
        }
    }

    fn remove(&mut self, token: &str, id: u64) {
        if let Some(ids) = self.0.get_mut(token) {
            ids.remove(id);
            if ids.is_empty() {
                self.0.remove(token);
            }
        }
    }

    /// Adds who has one of `tokens`.
    pub(super) fn any_of<'a>(&'a self, tokens: &[String], union: &mut Union<'a>) {
        for ids in tokens.iter().filter_map(|token| self.0.get(token.as_str())) {
            union.add(ids);
        }
    }
}

impl Nested {
    fn replace(&mut self, user: u64, old: &BTreeMap<Shape, Held>, new: &BTreeMap<Shape, Held>) {
        for (shape, held) in old.iter().filter(|(shape, held)| new.get(*shape) != Some(*held)) {
            self.remove(user, shape, held);
        }
        for (shape, held) in new.iter().filter(|(shape, held)| old.get(*shape) != Some(*held)) {
            self.insert(user, shape, held);
        }
    }

    fn insert(&mut self, user: u64, shape: &Shape, held: &Held) {
        let number = self.number(shape);
        if let Some(entries) = usize::try_from(number).ok().and_then(|index| self.shapes.get_mut(index)?.as_mut()) {
            entries.insert(user, held);
        }
    }

    fn remove(&mut self, user: u64, shape: &Shape, held: &Held) {
        let Some(number) = self.numbers.get(shape).copied() else { return };
        let Some(place) = usize::try_from(number).ok().and_then(|index| self.shapes.get_mut(index)) else { return };
        let Some(entries) = place else { return };
        entries.remove(user, held);
        if entries.is_empty() {
            *place = None;
            self.numbers.remove(shape);
            self.free.push(number);
            for action in &shape.actions {
                self.actions.remove(action, number);
            }
            for resource in &shape.resources {
                self.resources.remove(resource, number);
            }
        }
    }

    fn number(&mut self, shape: &Shape) -> u64 {
        if let Some(number) = self.numbers.get(shape) {
            return *number;
        }
        let number = self.free.pop().unwrap_or_else(|| {
            self.shapes.push(None);
            self.shapes.len() as u64 - 1
        });
        let shape = Arc::new(shape.clone());
        if let Some(place) = usize::try_from(number).ok().and_then(|index| self.shapes.get_mut(index)) {
            *place = Some(Entries::new(Arc::clone(&shape)));
        }
        for action in &shape.actions {
            self.actions.insert(action, number);
        }
        for resource in &shape.resources {
            self.resources.insert(resource, number);
        }
        self.numbers.insert(shape, number);
        number
    }

    #[cfg(test)]
    fn is_empty(&self) -> bool {
        let unused = self.shapes.iter().all(Option::is_none) && self.shapes.len() == self.free.len();
        unused && self.numbers.is_empty() && self.actions.0.is_empty() && self.resources.0.is_empty()
    }

    /// The numbers of the shapes that have one of these action patterns.
    pub(super) fn with_actions(&self, actions: &[String]) -> RoaringTreemap {
        let mut union = Union::default();
        self.actions.any_of(actions, &mut union);
        union.finish().into_owned()
    }

    /// Those of `numbers` that have one of these resource patterns.
    pub(super) fn with_resources(
        &self,
        numbers: &RoaringTreemap,
        resources: &[String],
    ) -> impl Iterator<Item = &Entries> {
        let mut union = Union::default();
        if !numbers.is_empty() {
            self.resources.any_of(resources, &mut union);
        }
        let both = &*union.finish() & numbers;
        both.into_iter().filter_map(|number| self.entries(number))
    }

    /// The entries of a shape.
    pub(super) fn entries(&self, number: u64) -> Option<&Entries> {
        self.shapes.get(usize::try_from(number).ok()?)?.as_ref()
    }
}
