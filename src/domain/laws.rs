//! The laws of design section 3 and the decisions of section 4, each against brute force over small alphabets.
//!
//! Here live the oracles: a set of names is every name of a small universe that an obviously right recursive
//! definition puts into it. One segment that no pattern names stands for all others, and names are longer than
//! patterns, so that a wildcard at the end has something below it.

mod algebra;
mod decisions;
mod difference;
mod privilege;
mod reading;

use super::*;
use proptest::prelude::*;
use proptest::sample::select;
use std::sync::{Arc, LazyLock};

/// A text in pieces, each with the separator before it. Written apart from the grammar's own.
type Pieces = Vec<(char, String)>;

fn pieces(text: &str) -> Pieces {
    let mut all = vec![('\0', String::new())];
    for character in text.chars() {
        match character {
            ':' | '/' => all.push((character, String::new())),
            other => all.last_mut().unwrap().1.push(other),
        }
    }
    all
}

/// Whether a name is in the set of a pattern: the definition.
fn is_member(pattern: &[(char, String)], name: &[(char, String)]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        ([(before, last)], [(separator, _), ..]) if last == "*" => before == separator,
        ([(before, wanted), patterns @ ..], [(separator, found), names @ ..]) => {
            before == separator && (wanted == "*" || wanted == found) && is_member(patterns, names)
        }
        _ => false,
    }
}

/// Every text of 1 to `most` pieces over `letters` and both separators, after the kind's first segment.
fn texts<K: Kind>(letters: &[&str], most: usize) -> Vec<String> {
    let mut open: Vec<String> = match K::FIRST {
        Some(first) => letters.iter().map(|letter| format!("{first}:{letter}")).collect(),
        None => letters.iter().map(ToString::to_string).collect(),
    };
    let mut all = open.clone();
    for _ in 1..most {
        open = open
            .iter()
            .flat_map(|text| {
                letters.iter().flat_map(move |letter| [format!("{text}:{letter}"), format!("{text}/{letter}")])
            })
            .collect();
        all.extend_from_slice(&open);
    }
    all
}

/// All names of up to so many pieces, beside the kind's first segment.
struct Universe<K> {
    names: Vec<(Name<K>, Pieces)>,
}

impl<K: Kind> Universe<K> {
    fn of(most: usize) -> Self {
        let name = |text: String| (Name::parse(&text).unwrap(), pieces(&text));
        Self { names: texts::<K>(&["a", "b", "fresh"], most).into_iter().map(name).collect() }
    }

    /// Of each name, whether it is in the set.
    fn set(&self, pattern: &Pattern<K>) -> Vec<bool> {
        let pattern = pieces(pattern.as_str());
        self.names.iter().map(|(_, name)| is_member(&pattern, name)).collect()
    }
}

static ACTIONS: LazyLock<Universe<Action>> = LazyLock::new(|| Universe::of(4));
static RESOURCES: LazyLock<Universe<Resource>> = LazyLock::new(|| Universe::of(4));

/// Patterns of up to `most` pieces that meet each other often.
fn pattern<K: Kind>(most: usize) -> impl Strategy<Value = Pattern<K>> {
    let piece = (select(vec![':', ':', ':', '/']), select(vec!["a", "a", "b", "*", "*"]));
    prop::collection::vec(piece, 1..=most).prop_map(|list| {
        let mut text = K::FIRST.unwrap_or_default().to_owned();
        for (index, (separator, segment)) in list.into_iter().enumerate() {
            match (index, K::FIRST) {
                (0, None) => {}
                (0, Some(_)) => text.push(':'),
                _ => text.push(separator),
            }
            text.push_str(segment);
        }
        Pattern::parse(&text).unwrap()
    })
}

/// The instant around which everything happens.
const NOW: i64 = 100;

fn value() -> impl Strategy<Value = super::Value> {
    select(vec![
        super::Value::string("x"),
        super::Value::string("y"),
        super::Value::Integer(1),
        super::Value::Boolean(true),
    ])
}

fn condition() -> impl Strategy<Value = Condition> {
    prop_oneof![
        value().prop_map(|value| Condition::Equals { value }),
        value().prop_map(|value| Condition::NotEquals { value }),
        prop::collection::vec(value(), 1..3).prop_map(|values| Condition::In { values }),
    ]
}

fn attribute() -> impl Strategy<Value = Box<str>> {
    select(vec!["c", "d", ORGANIZATION_ATTRIBUTE]).prop_map(Into::into)
}

fn conditions() -> impl Strategy<Value = Conditions> {
    prop_oneof![3 => Just(Conditions::new()), 2 => prop::collection::btree_map(attribute(), condition(), 1..3)]
}

fn origin() -> impl Strategy<Value = Origin> {
    let grant = TemporaryGrantId(uuid::Uuid::nil());
    select(vec![Origin::Customer(CustomerId(1)), Origin::Role(RoleId(9)), Origin::TemporaryGrant(grant)])
}

prop_compose! {
    fn statement()(
        effect in select(vec![Effect::Allow, Effect::Allow, Effect::Allow, Effect::Deny]),
        actions in prop::collection::vec(pattern::<Action>(2), 1..3),
        resources in prop::collection::vec(pattern::<Resource>(2), 1..3),
        conditions in conditions(),
        until in select(vec![None, None, None, Some(NOW - 1), Some(NOW), Some(NOW + 1)]),
        policy in select(vec![None, Some(PolicyId(3)), Some(PolicyId(4))]),
        origin in origin(),
    ) -> Arc<Effective> {
        Arc::new(Effective { effect, actions, resources, conditions, until, policy, origin })
    }
}

fn permissions() -> impl Strategy<Value = Permissions> {
    prop::collection::vec(statement(), 0..6).prop_map(holding)
}

fn holding(statements: Vec<Arc<Effective>>) -> Permissions {
    Permissions { user: UserId(17), customer: CustomerId(1), active: true, statements }
}

/// What a request says beside its action: the resource, its attributes and its organization.
#[derive(Debug, Clone)]
struct Asked {
    action: ActionName,
    resource: ResourceName,
    attributes: Attributes,
    organization: Option<&'static str>,
}

impl Asked {
    fn known(&self) -> Known<'_> {
        Known::new(&self.attributes, self.organization)
    }
}

prop_compose! {
    fn asked()(
        action in select(texts::<Action>(&["a", "b"], 2)),
        resource in select(texts::<Resource>(&["a", "b"], 2)),
        attributes in prop::collection::btree_map(attribute(), value(), 0..3),
        organization in select(vec![None, Some("x"), Some("y")]),
    ) -> Asked {
        let (action, resource) = (Name::parse(&action).unwrap(), Name::parse(&resource).unwrap());
        Asked { action, resource, attributes, organization }
    }
}

fn one_matches<K: Kind>(patterns: &[Pattern<K>], name: &Name<K>) -> bool {
    patterns.iter().any(|pattern| is_member(&pieces(pattern.as_str()), &pieces(name.as_str())))
}

/// Of one condition: known to hold, known to fail, or neither.
fn truth(attribute: &str, condition: &Condition, asked: &Asked) -> Option<bool> {
    let organization = asked.organization.map(super::Value::string);
    let found = if attribute == "org_id" { organization.as_ref() } else { asked.attributes.get(attribute) };
    found.map(|found| match condition {
        Condition::Equals { value } => found == value,
        Condition::NotEquals { value } => found != value,
        Condition::In { values } => values.iter().any(|value| value == found),
    })
}
