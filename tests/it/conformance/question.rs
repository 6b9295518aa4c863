//! Random questions, and the answers that the pure domain gives, user by user.

use super::dice::Dice;
use super::organization::{ATTRIBUTES, LONG, LONGER, NOW, slug, value};
use permdex::domain::{ActionName, Attributes, CustomerId, Known, ResourceName};
use permdex::index::{Customers, Document, Search, SearchResource, UserEntry};
use std::sync::Arc;

/// A question; its page is up to the caller.
pub fn roll(dice: &mut Dice) -> Search {
    let resources = if dice.percent(25) { 0 } else { dice.between(1, 3) };
    Search {
        action: ActionName::parse(&action(dice)).unwrap(),
        resources: (0..resources).map(|_| resource(dice)).collect(),
        attributes: if resources == 0 { Attributes::new() } else { attributes(dice) },
        customers: customers(dice),
        now: NOW + i64::try_from(dice.below(5)).unwrap() - 2,
        limit: 1_000,
        after: None,
    }
}

fn action(dice: &mut Dice) -> String {
    let mut text = dice.pick(&["doc:read", "doc:read", "doc:edit", "Role:read", "other:read"]).to_owned();
    if dice.percent(25) {
        text += dice.pick(&[":deep", "/deep", "/deep:er"]);
    }
    text
}

fn resource(dice: &mut Dice) -> SearchResource {
    let text = format!(
        "acrn:{}:{}:{}{}",
        dice.pick(&["app", "app", "crm"]),
        dice.pick(&["1", "1", "2", "3"]),
        dice.pick(&["doc", "doc", "img", LONG, LONGER]),
        dice.pick(&["/1", "/2", "/1/x", "/1/x/y", "", ":1"]),
    );
    named(&text)
}

/// A resource with the organization of its customer.
pub fn named(text: &str) -> SearchResource {
    let name = ResourceName::parse(text).unwrap();
    let organization = name.customer().and_then(|customer| slug(customer.0)).map(Arc::from);
    SearchResource { name, organization }
}

fn attributes(dice: &mut Dice) -> Attributes {
    let mut attributes = Attributes::new();
    for name in ATTRIBUTES {
        if dice.percent(40) {
            attributes.insert(name.into(), value(dice));
        }
    }
    attributes
}

fn customers(dice: &mut Dice) -> Customers {
    match dice.below(6) {
        0 => Customers::Only(vec![CustomerId(1)]),
        1 => Customers::Only(vec![CustomerId(2), CustomerId(3)]),
        _ => Customers::All,
    }
}

/// Who may, by asking everybody's check.
pub fn answer(documents: &[Arc<Document>], search: &Search) -> Vec<UserEntry> {
    let asked = |document: &&Arc<Document>| match &search.customers {
        Customers::All => true,
        Customers::Only(customers) => customers.contains(&document.permissions.customer),
    };
    let entry = |document: &Arc<Document>| UserEntry {
        id: document.user(),
        customer: document.permissions.customer,
        email: document.email.clone(),
        ui_language: document.ui_language.clone(),
    };
    documents.iter().filter(asked).filter(|document| may(document, search)).map(entry).collect()
}

fn may(document: &Document, search: &Search) -> bool {
    let permissions = &document.permissions;
    if search.resources.is_empty() {
        return permissions.check_anywhere(&search.action, search.now).allow;
    }
    search.resources.iter().all(|resource| {
        let known = Known::new(&search.attributes, resource.organization.as_deref());
        permissions.check(&search.action, &resource.name, &known, search.now).allow
    })
}
