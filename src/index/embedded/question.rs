//! Who may do this: the query of index.md over the postings.

use super::ids::Union;
use super::postings::Postings;
use super::shape::KnownValues;
use crate::index::{Customers, QuestionTerms, ResourceTerms, Search};
use roaring::RoaringTreemap;
use std::borrow::Cow;

/// The users whose check of the question allows.
pub(super) fn users<'a>(postings: &'a Postings, search: &Search, terms: &QuestionTerms) -> Cow<'a, RoaringTreemap> {
    if terms.resources.is_empty() {
        return of_customers(postings, anywhere(postings, search, terms), &search.customers);
    }
    let organization = QuestionTerms::organization_name();
    let known: Vec<_> = terms.resources.iter().map(|resource| known_values(terms, resource, &organization)).collect();
    let allowed = allowed_on_all(postings, search, terms, &known);
    if allowed.is_empty() {
        return allowed;
    }
    let denied = denied_on_any(postings, search, terms, &known);
    of_customers(postings, without(allowed, &denied), &search.customers)
}

fn known_values<'t>(terms: &'t QuestionTerms, resource: &'t ResourceTerms, organization: &'t str) -> KnownValues<'t> {
    let given = terms.names.iter().zip(&terms.values).map(|(name, value)| (name.as_str(), value.as_str()));
    KnownValues::new(given.chain(resource.organization.as_deref().map(|value| (organization, value))))
}

fn allowed_on_all<'a>(
    postings: &'a Postings,
    search: &Search,
    terms: &QuestionTerms,
    known: &[KnownValues<'_>],
) -> Cow<'a, RoaringTreemap> {
    let shapes = postings.allows.with_actions(&terms.actions);
    let mut all: Option<Cow<'a, RoaringTreemap>> = None;
    for (resource, known) in terms.resources.iter().zip(known) {
        let mut union = Union::default();
        postings.allow.any_of(&resource.pairs, &mut union);
        for entries in postings.allows.with_resources(&shapes, &resource.patterns) {
            entries.allowed(known, search.now, &mut union);
        }
        let allowed = union.finish();
        let both = match all {
            None => allowed,
            Some(all) => both(all, &allowed),
        };
        if both.is_empty() {
            return both;
        }
        all = Some(both);
    }
    all.unwrap_or_default()
}

fn denied_on_any<'a>(
    postings: &'a Postings,
    search: &Search,
    terms: &QuestionTerms,
    known: &[KnownValues<'_>],
) -> Cow<'a, RoaringTreemap> {
    let shapes = postings.denies.with_actions(&terms.actions);
    let mut union = Union::default();
    for (resource, known) in terms.resources.iter().zip(known) {
        postings.deny.any_of(&resource.pairs, &mut union);
        for entries in postings.denies.with_resources(&shapes, &resource.patterns) {
            entries.not_failing(known, search.now, &mut union);
        }
    }
    union.finish()
}

fn anywhere<'a>(postings: &'a Postings, search: &Search, terms: &QuestionTerms) -> Cow<'a, RoaringTreemap> {
    let mut union = Union::default();
    postings.anywhere.any_of(&terms.actions, &mut union);
    for number in postings.anywheres.with_actions(&terms.actions) {
        let Some(entries) = postings.anywheres.entries(number) else { continue };
        if !entries.shape.except.iter().any(|denied| terms.actions.contains(denied)) {
            entries.allowed(&KnownValues::default(), search.now, &mut union);
        }
    }
    union.finish()
}

fn of_customers<'a>(
    postings: &'a Postings,
    users: Cow<'a, RoaringTreemap>,
    customers: &Customers,
) -> Cow<'a, RoaringTreemap> {
    let Customers::Only(customers) = customers else { return users };
    let mut union = Union::default();
    for customer in customers {
        postings.of_customer(*customer, &mut union);
    }
    both(users, &union.finish())
}

/// Without copying what is about to be thrown away.
fn both<'a>(one: Cow<'a, RoaringTreemap>, other: &RoaringTreemap) -> Cow<'a, RoaringTreemap> {
    Cow::Owned(match one {
        Cow::Borrowed(one) => one & other,
        Cow::Owned(mut one) => {
            one &= other;
            one
        }
    })
}

fn without<'a>(one: Cow<'a, RoaringTreemap>, other: &RoaringTreemap) -> Cow<'a, RoaringTreemap> {
    if other.is_empty() {
        return one;
    }
    Cow::Owned(match one {
        Cow::Borrowed(one) => one - other,
        Cow::Owned(mut one) => {
            one -= other;
            one
        }
    })
}
