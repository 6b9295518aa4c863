//! P3: a deny wins from whatever origin, in check, list, who-has and count.

use crate::support::app::{App, Engine};
use serde_json::{Value, json};

const RESOURCE: &str = "acrn:app:1:doc/7";

/// User 17 has the allow by every origin; one deny by `origin`.
fn lines(origin: &str) -> Vec<String> {
    let statement =
        |effect: &str| json!([{"effect": effect, "actions": ["doc:read"], "resources": ["acrn:app:1:doc/*"]}]);
    let grant = json!({"permission_name": "doc:read", "conditions": {}});
    let target = |policy: i64, origin: &str| match origin {
        "customer" => json!({"kind": "assignment", "policyId": policy, "customerId": 1}),
        "securityGroup" => json!({"kind": "assignment", "policyId": policy, "securityGroupId": 5}),
        _ => json!({"kind": "assignment", "policyId": policy, "userId": 17}),
    };
    let mut all = vec![
        json!({"kind": "customer", "id": 1, "organization": "acme", "name": "Acme"}),
        json!({"kind": "role", "id": 9, "organization": "acme", "name": "reader", "description": "reads", "frontendView": "client", "permissionGrants": [grant.clone()]}),
        json!({"kind": "user", "id": 17, "customerId": 1, "email": "a@acme.example", "uiLanguage": "en", "active": true, "roleName": "reader"}),
        json!({"kind": "securityGroup", "id": 5, "customerId": 1, "name": "Writers"}),
        json!({"kind": "member", "securityGroupId": 5, "userId": 17}),
        json!({"kind": "policy", "id": 1, "name": "allow", "statements": statement("allow")}),
        json!({"kind": "policy", "id": 2, "name": "deny", "statements": statement("deny")}),
        json!({"kind": "temporaryGrant", "id": "00000000-0000-4000-8000-000000000001", "userId": 17, "permissionGrant": grant,
            "expiresAt": "2100-01-01T00:00:00Z", "justification": "for the test of denies", "tags": {}}),
    ];
    all.extend(["customer", "securityGroup", "user"].map(|origin| target(1, origin)));
    if origin != "none" {
        all.push(target(2, origin));
    }
    all.iter().map(Value::to_string).collect()
}

async fn answers(engine: Engine, origin: &str) -> (bool, bool, Vec<i64>, u64) {
    let app = App::start(engine, lines(origin)).await;
    let check = app.allows(17, "doc:read", RESOURCE).await;
    let list = app.question(json!({"requesterId": 17, "list": true, "action": "doc:read", "resource": RESOURCE})).await;
    let count = app.question(json!({"action": "doc:read", "resource": RESOURCE, "limit": 0})).await;
    let who = app.who_has("doc:read", RESOURCE, 1_000).await;
    (check, list["allow"].as_bool().unwrap(), who, count["size"].as_u64().unwrap())
}

async fn denies_win(engine: Engine) {
    assert_eq!(answers(engine, "none").await, (true, true, vec![17], 1), "the allows alone");
    for origin in ["customer", "securityGroup", "user"] {
        let (check, list, who, size) = answers(engine, origin).await;
        assert!(!check && who.is_empty() && size == 0, "a deny by {origin}");
        // What the role and the grant give reaches beyond the deny, so it is listed, like the deny.
        assert!(list, "what reaches beyond stays listed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deny_wins_in_memory() {
    denies_win(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deny_wins_in_elasticsearch() {
    denies_win(Engine::Elastic).await;
}
