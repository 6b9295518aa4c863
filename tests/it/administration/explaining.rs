//! What an operator asks when somebody says "I can't see my document": the decision, the rule, and each statement.

use super::{app, service, user};
use crate::support::app::App;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const PATH: &str = "/v2/permission/explain";
const INVOICE: &str = "acrn:app:1:invoice/7";

async fn explain(app: &App, body: Value) -> Value {
    let answer = service(app).send(Method::POST, PATH, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.body
}

fn about(user: i64, action: &str, resource: &str) -> Value {
    json!({"requesterId": user, "action": action, "resource": resource})
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rule_and_what_decided_are_told_by_name() {
    let app = app().await;
    let allowed = explain(&app, about(15, "invoice:pay", INVOICE)).await;
    assert_eq!((&allowed["allow"], &allowed["rule"]), (&json!(true), &json!("allowed")));
    assert_eq!(
        allowed["statements"],
        json!([{"effect": "allow", "matched": true, "why": "action and resource match", "actions": ["invoice:pay"],
            "resources": ["acrn:app:1:invoice/*"], "policy": {"id": 4, "name": "payers"},
            "origin": {"kind": "securityGroup", "id": "3", "name": "Payers"}}])
    );
    // A deny wins, and the allow that it overrules is shown after it.
    let root = service(&app);
    let statements =
        json!([{"effect": "allow", "actions": ["invoice:*"], "resources": ["acrn:app:${customerId}:invoice/*"]}]);
    let body = json!({"customerId": 1, "name": "invoices", "statements": statements});
    let policy = root.write(Method::POST, "/v2/policy", body).await["id"].clone();
    root.assign(json!({"policyId": policy, "userId": 14, "waitForCompletion": true})).await;
    let denied = explain(&app, about(14, "invoice:read", "acrn:app:1:invoice/secret")).await;
    assert_eq!((&denied["allow"], &denied["rule"]), (&json!(false), &json!("denied")));
    let said: Vec<_> =
        denied["statements"].as_array().unwrap().iter().map(|one| (&one["effect"], &one["matched"])).collect();
    assert_eq!(said, [(&json!("deny"), &json!(true)), (&json!("allow"), &json!(true))]);
    assert_eq!(denied["statements"][1]["resources"], json!(["acrn:app:1:invoice/*"]), "variables are bound");
    assert_eq!(denied["statements"][1]["origin"], json!({"kind": "user", "id": "14", "name": "u14@acme.example"}));
    for (user, rule) in [(12, "noMatch"), (13, "inactiveUser"), (99, "unknownUser")] {
        let found = explain(&app, about(user, "invoice:pay", INVOICE)).await;
        assert_eq!((&found["allow"], &found["rule"]), (&json!(false), &json!(rule)));
    }
    let inactive = explain(&app, about(13, "invoice:pay", INVOICE)).await;
    assert!(inactive["statements"][0]["why"].as_str().unwrap().contains("inactive"), "{inactive}");
}

#[tokio::test(flavor = "multi_thread")]
async fn near_misses_say_what_is_missing_and_have_a_bound() {
    let app = app().await;
    let root = service(&app);
    let red = json!({"color": {"type": "Equals", "value": "red"}});
    let mut statements = vec![
        json!({"effect": "allow", "actions": ["paint:see"], "resources": ["acrn:app:1:paint/*"], "conditions": red}),
    ];
    for number in 0..60 {
        statements.push(
            json!({"effect": "allow", "actions": ["paint:see"], "resources": [format!("acrn:app:1:other/{number}")]}),
        );
    }
    let body = json!({"customerId": 1, "name": "paint", "statements": statements});
    let policy = root.write(Method::POST, "/v2/policy", body).await["id"].clone();
    root.assign(json!({"policyId": policy, "userId": 12, "waitForCompletion": true})).await;
    let mut asked = about(12, "paint:see", "acrn:app:1:paint/7");
    let unknown = explain(&app, asked.clone()).await;
    assert_eq!((&unknown["rule"], unknown["statements"].as_array().unwrap().len()), (&json!("noMatch"), 50));
    assert!(unknown["statements"][0]["why"].as_str().unwrap().contains("`color` Equals `red` is unknown"), "{unknown}");
    asked["attributes"] = json!({"color": "blue"});
    let failed = explain(&app, asked.clone()).await;
    assert!(failed["statements"][0]["why"].as_str().unwrap().contains("fails: the resource has `blue`"), "{failed}");
    asked["attributes"] = json!({"color": "red"});
    assert_eq!(explain(&app, asked).await["rule"], json!("allowed"));
    let mut grant = json!({"kind": "temporaryGrant", "id": "00000000-0000-0000-0000-000000000001", "userId": 16,
        "permissionGrant": {"permission_name": "vault:open", "conditions": {}}, "expiresAt": "2020-01-01T00:00:00Z",
        "justification": "long ago, and long enough"});
    let recent = permdex::clock::Clock::System.now() - jiff::SignedDuration::from_hours(2);
    grant["expiresAt"] =
        json!(recent.to_string().split('.').next().map(|text| format!("{}Z", text.trim_end_matches('Z'))));
    let lines = permdex::service::generate::LineReader::new(vec![grant.to_string()].into_iter());
    permdex::service::import::import(&app.database.pool, lines, "cli:test", &permdex::clock::Clock::System)
        .await
        .unwrap();
    let expired = explain(&app, about(16, "vault:open", "acrn:app:1:vault/7")).await;
    assert_eq!(expired["rule"], json!("noMatch"));
    let near = &expired["statements"][0];
    assert!(near["why"].as_str().unwrap().contains("expired") && near["until"].is_string(), "{expired}");
    assert_eq!((&near["origin"]["kind"], &near["origin"]["name"]), (&json!("temporaryGrant"), &json!("vault:open")));
}

#[tokio::test(flavor = "multi_thread")]
async fn others_are_explained_to_who_may_check_them_and_everybody_to_himself() {
    let app = app().await;
    for (caller, asked, status) in
        [(12, 12, 200), (10, 12, 200), (12, 10, 404), (20, 12, 404), (10, 99, 404), (10, 21, 404)]
    {
        let answer = user(&app, caller).send(Method::POST, PATH, about(asked, "doc:read", "acrn:app:1:doc/7")).await;
        assert_eq!(answer.status, status, "{caller} about {asked}: {}", answer.body);
    }
}
