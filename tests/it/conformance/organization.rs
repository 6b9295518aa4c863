//! Random organizations over small alphabets, so that names and patterns meet often.

use super::dice::Dice;
use permdex::domain::{
    ActionPattern, Condition, Conditions, CustomerId, Effect, Effective, Kind, Origin, Pattern, Permissions, PolicyId,
    ResourcePattern, UserId, Value,
};
use permdex::index::Document;
use std::sync::Arc;

/// The instant around which everything ends, to the microsecond: no millisecond.
pub const NOW: i64 = 1_790_000_000_123_457;
/// A segment that makes a pattern longer than a token may be.
pub const LONG: &str =
    "a-segment-that-is-longer-than-a-token-may-be-and-differs-at-its-end-only-so-that-what-is-cut-counts-1";
pub const LONGER: &str =
    "a-segment-that-is-longer-than-a-token-may-be-and-differs-at-its-end-only-so-that-what-is-cut-counts-2";
/// One of them is spelled like a token of another.
pub const ATTRIBUTES: [&str; 5] = ["color", "level", "color=s:red", "100%25", "100%"];

/// The users of a few customers and their permissions.
pub struct Organization {
    pub documents: Vec<Arc<Document>>,
}

/// The slug of a customer; the third has none, like one that is unknown.
pub fn slug(customer: i64) -> Option<&'static str> {
    [None, Some("acme"), Some("beta")].get(usize::try_from(customer).ok()?).copied().flatten()
}

impl Organization {
    /// Users `1..=users`, all of this version.
    pub fn roll(dice: &mut Dice, users: usize, version: i64) -> Self {
        // Few policies, held by many, as in life.
        let mut policies: Vec<Arc<Effective>> = (0..12).map(|_| Arc::new(statement(dice))).collect();
        policies.extend((0..3).map(|_| Arc::new(broad_deny(dice))));
        policies.extend((0..5).map(|_| Arc::new(judged(dice))));
        policies.extend((0..2).map(|_| Arc::new(super::statement(Effect::Allow, &["doc:*"], &["acrn:*"]))));
        let document = |user| Arc::new(document(dice, &policies, i64::try_from(user).unwrap(), version));
        Self { documents: (1..=users).map(document).collect() }
    }
}

fn document(dice: &mut Dice, policies: &[Arc<Effective>], user: i64, version: i64) -> Document {
    let statements = (0..dice.below(7)).map(|_| dice.one(policies).clone()).collect();
    let customer = CustomerId(i64::try_from(dice.between(1, 3)).unwrap());
    let permissions = Permissions { user: UserId(user), customer, active: dice.percent(85), statements };
    let permissions = if dice.percent(50) { permissions.without_what_is_taken_back() } else { permissions };
    Document {
        email: format!("{user}@{}.example", customer.0).into(),
        ui_language: dice.pick(&["en", "de", ""]).into(),
        permissions,
        version,
    }
}

fn statement(dice: &mut Dice) -> Effective {
    let many = dice.percent(8);
    let (actions, resources) = if many { (18, 18) } else { (dice.between(1, 3), dice.between(1, 4)) };
    let end = i64::try_from(dice.below(5)).unwrap() - 2;
    Effective {
        effect: if dice.percent(30) { Effect::Deny } else { Effect::Allow },
        actions: patterns(dice, actions, action),
        resources: patterns(dice, resources, resource),
        conditions: if dice.percent(35) { conditions(dice) } else { Conditions::new() },
        until: dice.percent(25).then_some(NOW + end),
        policy: dice.percent(70).then_some(PolicyId(1)),
        origin: Origin::User(UserId(1)),
    }
}

/// Few actions, denied far and wide: what such a deny leaves of a wider allow is the hard part of "anywhere".
fn broad_deny(dice: &mut Dice) -> Effective {
    let action = dice.pick(&["doc:read", "doc:edit", "*:read", "doc:*"]);
    let resource = dice.pick(&["acrn:*", "acrn:app:*", "acrn:*:1:*"]);
    super::statement(Effect::Deny, &[action], &[resource])
}

/// One condition that decides: a deny takes nothing where it is known to fail, an allow gives where it holds.
fn judged(dice: &mut Dice) -> Effective {
    let (attribute, value) =
        if dice.percent(50) { ("org_id", Value::string(dice.pick(&["acme", "beta"]))) } else { ("color", value(dice)) };
    let condition = if dice.percent(60) { Condition::Equals { value } } else { Condition::NotEquals { value } };
    let conditions = Conditions::from([(attribute.into(), condition)]);
    let effect = if dice.percent(50) { Effect::Allow } else { Effect::Deny };
    Effective { effect, conditions, ..broad_deny(dice) }
}

fn patterns<K: Kind>(dice: &mut Dice, count: usize, roll: impl Fn(&mut Dice, bool) -> String) -> Vec<Pattern<K>> {
    // A large statement names many things that nobody asks for.
    let wide = count > 4;
    let mut patterns: Vec<_> = (0..count).map(|_| Pattern::parse(&roll(dice, wide)).unwrap()).collect();
    patterns.sort();
    patterns.dedup();
    patterns
}

fn action(dice: &mut Dice, wide: bool) -> String {
    if dice.percent(8) {
        return "*".into();
    }
    let mut text = dice.pick(&["doc", "doc", "Role", "*"]).to_owned();
    text += if wide && dice.percent(60) { ":x" } else { dice.pick(&[":read", ":edit", ":*", ":read"]) };
    if wide {
        text += &dice.below(100).to_string();
    }
    if dice.percent(15) {
        text += dice.pick(&[":deep", "/deep", ":*", "/*"]);
    }
    // A digit after a wildcard segment would make it a part of one.
    if text.contains('*') && ActionPattern::parse(&text).is_err() { "doc:*".into() } else { text }
}

fn resource(dice: &mut Dice, wide: bool) -> String {
    if dice.percent(8) {
        return dice.pick(&["*", "acrn:*"]).to_owned();
    }
    let mut text = String::from("acrn:");
    text += dice.pick(&["app", "app", "crm", "*"]);
    text += dice.pick(&[":1", ":2", ":1", ":*"]);
    text += dice.pick(&[":doc", ":img", ":*", ":doc", &format!(":{LONG}"), &format!(":{LONGER}")]);
    if wide {
        text.push('/');
        text += &dice.below(100).to_string();
    } else {
        text += dice.pick(&["/1", "/2", "/*", "/*/x", "/1/*", ""]);
    }
    if ResourcePattern::parse(&text).is_err() { "acrn:app:*:doc/*".into() } else { text }
}

/// Values that are easily taken for one another.
pub fn value(dice: &mut Dice) -> Value {
    match dice.below(11) {
        0 | 1 => Value::string("red"),
        2 => Value::string("blue"),
        3 => Value::Integer(1),
        4 => Value::string("1"),
        5 => Value::Integer(9_007_199_254_740_993),
        6 => Value::Integer(9_007_199_254_740_992),
        7 => Value::Float(1.5),
        8 => Value::Boolean(true),
        9 => Value::string("true"),
        _ => Value::string("v".repeat(1_000) + dice.pick(&["1", "2"])),
    }
}

fn conditions(dice: &mut Dice) -> Conditions {
    let condition = |dice: &mut Dice, roll: fn(&mut Dice) -> Value| match dice.below(3) {
        0 => Condition::Equals { value: roll(dice) },
        1 => Condition::NotEquals { value: roll(dice) },
        _ => Condition::In { values: (0..dice.between(1, 4)).map(|_| roll(dice)).collect() },
    };
    let organization = |dice: &mut Dice| Value::string(dice.pick(&["acme", "beta"]));
    let mut conditions = Conditions::new();
    for _ in 0..dice.between(1, 3) {
        if dice.percent(25) {
            conditions.insert("org_id".into(), condition(dice, organization));
        } else {
            conditions.insert(dice.pick(&ATTRIBUTES).into(), condition(dice, value));
        }
    }
    conditions
}
