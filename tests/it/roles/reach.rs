//! How far grants reach, and a property: random roles, grants, conditions and attributes: check, list and who-has agree
//! with brute force on both engines.

use super::service;
use crate::support::app::{App, Engine};
use crate::support::organization::Dice;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ORGANIZATIONS: [&str; 2] = ["acme", "globex"];
const ACTIONS: [&str; 4] = ["Doc:Read", "Doc:Edit", "Sheet:Read", "Sheet:Edit"];
const NAMES: [&str; 5] = ["Doc:Read", "Doc:*", "*", "Sheet:Edit", "*:Read"];
/// Resources with whose they are.
const RESOURCES: [(&str, Option<&str>); 6] = [
    ("acrn:app:1", Some("acme")),
    ("acrn:app:1:doc/7", Some("acme")),
    ("acrn:app:2:doc/7", Some("globex")),
    ("acrn:app:9:doc/7", None),
    ("acrn:app:01:doc/7", None),
    ("acrn:app/1:doc/7", None),
];

/// A grant as it is sent.
fn roll_grant(roll: &mut impl FnMut(usize) -> usize) -> Value {
    let mut conditions = json!({});
    if roll(2) == 0 {
        conditions["org_id"] = match roll(6) {
            0 => json!({"type": "Equals", "value": "{self_org_id}"}),
            1 => json!({"type": "Equals", "value": "globex"}),
            2 => json!({"type": "NotEquals", "value": "acme"}),
            3 => json!({"type": "In", "values": ["acme", "{self_org_id}"]}),
            4 => json!({"type": "NotEquals", "value": "{self_org_id}"}),
            _ => json!({"type": "In", "values": ["globex", 1]}),
        };
    }
    if roll(3) == 0 {
        conditions["color"] = match roll(4) {
            0 => json!({"type": "Equals", "value": "red"}),
            1 => json!({"type": "NotEquals", "value": "red"}),
            2 => json!({"type": "In", "values": ["red", 1, true]}),
            _ => json!({"type": "NotEquals", "value": 1}),
        };
    }
    if roll(4) == 0 {
        conditions["owner"] = json!({"type": (["Equals", "NotEquals"][roll(2)]), "value": "{self_user_id}"});
    }
    json!({"permission_name": NAMES[roll(NAMES.len())], "conditions": conditions})
}

/// The meaning of a grant, by the words of the contract.
fn allows(grant: &Value, user: &User, action: &str, resource: (&str, Option<&str>), attributes: &Value) -> bool {
    let name = grant["permission_name"].as_str().unwrap();
    let (model, verb) = action.split_once(':').unwrap();
    let named = match name.split_once(':') {
        None => name == "*",
        Some((wide, narrow)) => (wide == "*" || wide == model) && (narrow == "*" || narrow == verb),
    };
    let conditions = grant["conditions"].as_object().unwrap();
    let reaches = conditions.contains_key("org_id") || resource.1 == Some(user.organization);
    named
        && reaches
        && conditions.iter().all(|(attribute, condition)| {
            let known =
                if attribute == "org_id" { resource.1.map(Value::from) } else { attributes.get(attribute).cloned() };
            let Some(known) = known else { return false };
            let bound = |value: &Value| match value.as_str() {
                Some("{self_org_id}") => json!(user.organization),
                Some("{self_user_id}") => json!(user.id.to_string()),
                _ => value.clone(),
            };
            match condition["type"].as_str().unwrap() {
                "Equals" => bound(&condition["value"]) == known,
                "NotEquals" => bound(&condition["value"]) != known,
                _ => condition["values"].as_array().unwrap().iter().any(|value| bound(value) == known),
            }
        })
}

struct User {
    id: i64,
    organization: &'static str,
    grants: Vec<Value>,
}

async fn agree_with_brute_force(engine: Engine) {
    let seed = std::env::var("PERMDEX_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(3);
    let mut dice = Dice(seed);
    let mut throw = |sides| dice.below(sides);
    let mut lines = Vec::new();
    let (mut users, mut roles) = (Vec::new(), Vec::new());
    for (customer, organization) in ORGANIZATIONS.iter().enumerate() {
        lines.push(json!({"kind": "customer", "id": customer + 1, "organization": organization, "name": organization}));
        for id in 0..12 {
            let id = 10 * (i64::try_from(customer).unwrap() * 2 + 1) + id;
            lines.push(
                json!({"kind": "user", "id": id, "customerId": customer + 1, "email": format!("u{id}@example.org")}),
            );
            users.push(User { id, organization, grants: Vec::new() });
        }
    }
    let app = App::start(engine, lines.iter().map(Value::to_string).collect()).await;
    let service = service(&app);
    for organization in ORGANIZATIONS {
        for number in 0..5 {
            let mut role = super::role(&format!("r{number}"), &[]);
            let grants: Vec<Value> = (0..=throw(4)).map(|_| roll_grant(&mut throw)).collect();
            role["permission_grants"] = json!(grants);
            let made = service.post(&format!("{organization}/role?waitForCompletion=false"), role).await;
            assert_eq!(made.status, 201, "{}", made.body);
            roles.push((organization, number, grants));
        }
    }
    for user in &mut users {
        let wait = "waitForCompletion=false";
        if throw(4) > 0 {
            let chosen = throw(5);
            let path = format!("{}/role/r{chosen}/assign?{wait}", user.organization);
            assert_eq!(service.post(&path, json!({"user_id": user.id.to_string()})).await.status, 200);
            let given =
                roles.iter().find(|(organization, number, _)| *organization == user.organization && *number == chosen);
            user.grants.extend(given.unwrap().2.clone());
        }
        for _ in 0..throw(3) {
            let grant = roll_grant(&mut throw);
            let body = json!({"user_id": user.id.to_string(), "duration": "P1D", "justification": "on call tonight", "permission_grant": grant});
            let path = format!("{}/role/temporary_permission_grant?{wait}", user.organization);
            let made = service.post(&path, body).await;
            assert_eq!(made.status, 201, "{}", made.body);
            user.grants.push(grant);
        }
    }
    app.drained().await;
    let (mut asked, mut allowed) = (0, 0);
    for round in 0..60 {
        let action = ACTIONS[throw(ACTIONS.len())];
        let resource = RESOURCES[throw(RESOURCES.len())];
        let attributes = match throw(5) {
            0 => json!({}),
            1 => json!({"color": "red"}),
            2 => json!({"color": 1, "owner": users[throw(users.len())].id.to_string()}),
            3 => json!({"color": true}),
            _ => json!({"owner": users[throw(users.len())].id.to_string()}),
        };
        let question = json!({"action": action, "resource": resource.0, "attributes": attributes});
        let expected: BTreeSet<i64> = users
            .iter()
            .filter(|user| user.grants.iter().any(|grant| allows(grant, user, action, resource, &attributes)))
            .map(|user| user.id)
            .collect();
        let found = app.question(question.clone()).await;
        let ids: BTreeSet<i64> =
            found["users"].as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()).collect();
        assert_eq!(ids, expected, "PERMDEX_TEST_SEED={seed} round {round}: {question}");
        assert_eq!(found["size"], expected.len());
        for user in &users {
            let mut check = question.clone();
            check["requesterId"] = user.id.into();
            let said = app.question(check).await["allow"].as_bool().unwrap();
            assert_eq!(
                said,
                expected.contains(&user.id),
                "PERMDEX_TEST_SEED={seed} round {round}: {} {question}",
                user.id
            );
            asked += 1;
            allowed += usize::from(said);
        }
    }
    for user in &users {
        let list = app.question(json!({"requesterId": user.id, "list": true})).await;
        let listed: BTreeSet<&str> =
            list["permissions"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
        let given: BTreeSet<&str> =
            user.grants.iter().map(|grant| grant["permission_name"].as_str().unwrap()).collect();
        assert_eq!(listed, given, "{}", user.id);
    }
    println!("{engine:?}: {asked} decisions of seed {seed}, {allowed} of them allow");
    assert!(allowed * 10 > asked && allowed * 10 < asked * 9, "{allowed} of {asked} tell little");
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_grants_agree_with_brute_force_embedded() {
    agree_with_brute_force(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_grants_agree_with_brute_force_elastic() {
    agree_with_brute_force(Engine::Elastic).await;
}
