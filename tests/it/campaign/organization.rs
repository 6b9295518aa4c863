//! Who there is, how each key is written, and how it is asked for. Every key is asked by an action or a resource of its
//! own, so that what is answered depends on nothing else.

use super::model::{Key, Value};
use super::random::Random;
use reqwest::Method;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Who write. Each has keys of his own; two users and two policies are everybody's.
pub const WRITERS: usize = 8;
/// Users of globex, whom the two large policies are assigned to.
const CROWD: i64 = 1_200;
/// The writers below this have a policy that the whole crowd holds, the others one that a group of [`FEW`] holds.
const LARGE: i64 = 2;
const FEW: i64 = 20;
const ROLES: u64 = 3;
const SHARED_USERS: [i64; 2] = [2_000, 2_001];
const SHARED_POLICIES: [i64; 2] = [90, 91];

/// One call of the API.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub method: Method,
    pub path: String,
    pub body: Json,
}

/// How a value is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// May he do it?
    Check,
    /// What may he do of it?
    List,
    /// Who may do it? Of a policy's content: how many.
    WhoHas,
}

/// All lines, as `import` reads them.
pub fn lines() -> Vec<String> {
    let mut all = vec![
        json!({"kind": "customer", "id": 1, "organization": "acme", "name": "Acme"}),
        json!({"kind": "customer", "id": 2, "organization": "globex", "name": "Globex"}),
        policy(300, "camp:active", "acrn:app:1:active/1"),
    ];
    all.extend((0..ROLES).map(|role| {
        let grants = json!([{"permission_name": format!("camprole:k{role}"), "conditions": {}}]);
        json!({"kind": "role", "id": 1 + role, "organization": "acme", "name": role_name(role), "description": "One of some.",
            "frontendView": "client", "permissionGrants": grants})
    }));
    for shared in SHARED_POLICIES {
        all.push(policy(shared, "camp:assigned", &assigned(shared)));
    }
    all.extend(SHARED_USERS.map(|user| acme(user, None)));
    all.extend((1..=CROWD).map(|user| user_line(10_000 + user, 2, None)));
    for writer in 0..i64::try_from(WRITERS).expect("few") {
        all.extend(of_writer(writer));
    }
    all.iter().map(Json::to_string).collect()
}

fn of_writer(writer: i64) -> Vec<Json> {
    let (group, few, content) = (200 + writer, 500 + writer, 400 + writer);
    let mut all = vec![
        acme(4_000 + writer, Some(role_name(0))),
        acme(5_000 + writer, None),
        json!({"kind": "assignment", "policyId": 300, "userId": 5_000 + writer}),
        json!({"kind": "securityGroup", "id": group, "customerId": 1, "name": format!("group {group}")}),
        policy(group, "camp:member", &member(group)),
        json!({"kind": "assignment", "policyId": group, "securityGroupId": group}),
        policy(content, "camp:content", &content_resource(content, 0)),
    ];
    all.extend((0..3).map(|one| policy(100 + writer * 10 + one, "camp:assigned", &assigned(100 + writer * 10 + one))));
    all.extend((0..4).map(|one| acme(1_000 + writer * 10 + one, None)));
    all.extend((0..3).map(|one| acme(3_000 + writer * 10 + one, None)));
    if writer < LARGE {
        all.push(json!({"kind": "assignment", "policyId": content, "customerId": 2}));
    } else {
        all.push(json!({"kind": "securityGroup", "id": few, "customerId": 2, "name": format!("few {few}")}));
        all.push(json!({"kind": "assignment", "policyId": content, "securityGroupId": few}));
        let member = |user| json!({"kind": "member", "securityGroupId": few, "userId": 10_000 + user});
        all.extend((1..=FEW).map(member));
    }
    all
}

fn policy(id: i64, action: &str, resource: &str) -> Json {
    json!({"kind": "policy", "id": id, "name": format!("policy {id}"), "statements": statements(action, resource)})
}

fn statements(action: &str, resource: &str) -> Json {
    json!([{"effect": "allow", "actions": [action], "resources": [resource]}])
}

fn acme(id: i64, role: Option<String>) -> Json {
    user_line(id, 1, role)
}

fn user_line(id: i64, customer: i64, role: Option<String>) -> Json {
    let mut line = json!({"kind": "user", "id": id, "customerId": customer, "email": email(id), "uiLanguage": "en",
        "active": true});
    if let Some(role) = role {
        line["roleName"] = json!(role);
    }
    line
}

fn email(user: i64) -> String {
    format!("u{user}@example.org")
}

fn role_name(role: u64) -> String {
    format!("role{role}")
}

fn assigned(policy: i64) -> String {
    format!("acrn:app:1:assigned/{policy}")
}

fn member(group: i64) -> String {
    format!("acrn:app:1:member/{group}")
}

fn content_resource(policy: i64, number: Value) -> String {
    format!("acrn:app:1:content/{policy}/{number}")
}

/// The keys of a writer, by how often they are written: each kind, and its keys.
pub fn keys_of(writer: usize) -> [(u64, Vec<Key>); 6] {
    let writer = i64::try_from(writer).expect("few");
    let grid = |users: Vec<i64>, policies: Vec<i64>| -> Vec<Key> {
        users
            .iter()
            .flat_map(|user| policies.iter().map(|policy| Key::Assigned { user: *user, policy: *policy }))
            .collect()
    };
    let own = |from: i64, count: i64| (0..count).map(|one| from + writer * 10 + one).collect::<Vec<_>>();
    let group = 200 + writer;
    [
        (50, grid(own(1_000, 4), own(100, 3))),
        (12, grid(SHARED_USERS.into(), SHARED_POLICIES.into())),
        (12, vec![Key::Active { user: 5_000 + writer }]),
        (12, own(3_000, 3).into_iter().map(|user| Key::Member { group, user }).collect()),
        // A write of the large ones costs as much as a hundred others.
        (if writer < LARGE { 2 } else { 7 }, vec![Key::Content { policy: 400 + writer }]),
        (7, vec![Key::Role { user: 4_000 + writer }]),
    ]
}

/// Every key with its first value.
pub fn first_values() -> BTreeMap<Key, Value> {
    let keys = (0..WRITERS).flat_map(|writer| keys_of(writer).into_iter().flat_map(|(_, keys)| keys));
    keys.map(|key| (key, Value::from(matches!(key, Key::Active { .. })))).collect()
}

/// The value that comes after `last`.
pub fn next_value(key: Key, last: Value, random: &mut Random) -> Value {
    match key {
        Key::Content { .. } => last + 1,
        Key::Role { .. } => (last + 1 + random.below(ROLES - 1)) % ROLES,
        _ => 1 - last,
    }
}

/// How `key` gets `value`.
pub fn write(key: Key, value: Value, wait: bool) -> Call {
    let yes = value == 1;
    let admin = |method, path: String, body| Call { method, path: format!("{path}?waitForCompletion={wait}"), body };
    match key {
        Key::Assigned { user, policy } => {
            let (method, path) = if yes { (Method::POST, "assignPolicy") } else { (Method::DELETE, "removepolicy") };
            let body = json!({"policyId": policy, "userId": user, "waitForCompletion": wait});
            Call { method, path: format!("/v2/permission/{path}"), body }
        }
        Key::Active { user } => {
            let body = json!({"customerId": 1, "email": email(user), "uiLanguage": "en", "active": yes});
            admin(Method::PUT, format!("/v2/user/{user}"), body)
        }
        Key::Member { group, user } => {
            let method = if yes { Method::PUT } else { Method::DELETE };
            admin(method, format!("/v2/securityGroup/{group}/member/{user}"), Json::Null)
        }
        Key::Content { policy } => {
            let statements = statements("camp:content", &content_resource(policy, value));
            let body = json!({"name": format!("policy {policy}"), "statements": statements});
            admin(Method::PUT, format!("/v2/policy/{policy}"), body)
        }
        Key::Role { user } => {
            let path = format!("/v1/acme/role/{}/assign", role_name(value));
            admin(Method::POST, path, json!({"user_id": user.to_string()}))
        }
    }
}

/// The ways in which `key` can be asked for.
pub fn ways(key: Key) -> &'static [Asked] {
    match key {
        Key::Content { .. } | Key::Role { .. } => &[Asked::List, Asked::WhoHas],
        _ => &[Asked::Check, Asked::List, Asked::WhoHas],
    }
}

/// The question for `key`, which may have `value`.
pub fn question(key: Key, value: Value, asked: Asked, random: &mut Random) -> Json {
    let (user, action, resource) = match key {
        Key::Assigned { user, policy } => (user, "camp:assigned".to_owned(), assigned(policy)),
        Key::Active { user } => (user, "camp:active".to_owned(), "acrn:app:1:active/1".to_owned()),
        Key::Member { group, user } => (user, "camp:member".to_owned(), member(group)),
        Key::Content { policy } => {
            let holder = 10_001 + i64::try_from(random.below(holders(policy))).expect("few");
            let resource = match asked {
                Asked::List => format!("acrn:app:1:content/{policy}/*"),
                _ => content_resource(policy, value),
            };
            (holder, "camp:content".to_owned(), resource)
        }
        Key::Role { user } => {
            let action = if asked == Asked::List { "camprole:*".to_owned() } else { format!("camprole:k{value}") };
            (user, action, "acrn:app:1:any/1".to_owned())
        }
    };
    match asked {
        Asked::Check => json!({"requesterId": user, "action": action, "resource": resource}),
        Asked::List => json!({"requesterId": user, "list": true, "action": action, "resource": resource}),
        Asked::WhoHas => json!({"action": action, "resource": resource, "limit": 100}),
    }
}

/// How many hold the policy of a content.
fn holders(policy: i64) -> u64 {
    u64::try_from(if policy < 400 + LARGE { CROWD } else { FEW }).expect("few")
}

/// The values that an answer stands for. `value` is what was asked for, where the question names one; then an answer
/// that it is not so is none of them.
pub fn answered(key: Key, value: Value, asked: Asked, answer: &Json) -> Vec<Value> {
    let entries = || answer["permissions"].as_array().into_iter().flatten();
    match (key, asked) {
        (Key::Content { policy }, Asked::List) => {
            let prefix = format!("acrn:app:1:content/{policy}/");
            let resources = entries().flat_map(|entry| entry["resource"].as_array().into_iter().flatten());
            let numbers = resources.filter_map(|resource| resource.as_str()?.strip_prefix(&prefix)?.parse().ok());
            numbers.collect()
        }
        (Key::Content { policy }, _) => {
            if answer["size"].as_u64() == Some(holders(policy)) {
                vec![value]
            } else {
                vec![]
            }
        }
        (Key::Role { .. }, Asked::List) => {
            let roles =
                entries().filter_map(|entry| entry["action"].as_str()?.strip_prefix("camprole:k")?.parse().ok());
            roles.collect()
        }
        (Key::Role { user }, _) => {
            if is_listed(answer, user) {
                vec![value]
            } else {
                vec![]
            }
        }
        (Key::Assigned { user, .. } | Key::Active { user } | Key::Member { user, .. }, Asked::WhoHas) => {
            vec![Value::from(is_listed(answer, user))]
        }
        _ => answer["allow"].as_bool().map(Value::from).into_iter().collect(),
    }
}

/// Nobody but some writers' users is listed, so one page has them all.
fn is_listed(answer: &Json, user: i64) -> bool {
    answer["users"].as_array().into_iter().flatten().any(|one| one["id"] == json!(user))
}

#[test]
fn every_key_is_somebodys_and_only_the_shared_ones_are_several_writers() {
    let mut writers = BTreeMap::<Key, usize>::new();
    for writer in 0..WRITERS {
        for key in keys_of(writer).into_iter().flat_map(|(_, keys)| keys) {
            *writers.entry(key).or_default() += 1;
        }
    }
    let shared = writers.values().filter(|count| **count == WRITERS).count();
    assert_eq!((writers.len(), shared), (8 * (12 + 1 + 3 + 1 + 1) + 4, 4));
    assert!(writers.values().all(|count| *count == 1 || *count == WRITERS));
}
