//! Getting roles.

use super::{app, pointers, role, service, user};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_filtered_by_ids_and_names() {
    let app = app().await;
    let admin = user(&app, 10);
    for (query, names) in [
        ("", &["admin", "editor", "reader", "empty"][..]),
        ("/", &["admin", "editor", "reader", "empty"]),
        ("?id=11", &["editor"]),
        ("?id=11&id=12", &["editor", "reader"]),
        ("?name=reader&name=empty", &["reader", "empty"]),
        ("?id=11&name=reader", &[]),
        ("?id=11&id=12&name=reader", &["reader"]),
        ("?id=21", &[]),
        ("?id=9999", &[]),
        ("?name=nobody", &[]),
        ("?return_permission_grants=false&name=empty", &["empty"]),
    ] {
        assert_eq!(admin.roles(&format!("acme/role{query}")).await, names, "{query}");
    }
    let seen = admin.get("acme/role?id=12").await.body;
    let expected =
        json!({"roles": [{"id": "12", "name": "reader", "description": "reader", "frontend_view": "client"}]});
    assert_eq!(seen, expected, "without grants unless asked for");
    for (query, pointer) in [
        ("?id=x", "/id"),
        ("?id=", "/id"),
        ("?id=0", "/id"),
        ("?return_permission_grants=yes", "/return_permission_grants"),
        ("?names=a", "/names"),
        ("?name=%00", "/name"),
        ("?limit=1", "/limit"),
    ] {
        assert_eq!(pointers(&admin.get(&format!("acme/role{query}")).await), [pointer], "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_caller_may_not_get_is_left_out_silently() {
    let app = app().await;
    assert!(user(&app, 11).roles("acme/role").await.is_empty());
    let admin = user(&app, 10);
    let conditions = json!({"name": {"type": "In", "values": ["reader", "empty"]}, "id": {"type": "NotEquals", "value": "13"},
        "org_id": {"type": "Equals", "value": "{self_org_id}"}});
    let mut some = role("sees some", &[]);
    some["permission_grants"] = json!([{"permission_name": "Role:GetRole", "conditions": conditions}]);
    admin.write("acme/role", some).await;
    admin.write("acme/role/sees some/assign", json!({"user_id": "13"})).await;
    assert_eq!(user(&app, 13).roles("acme/role").await, ["reader"]);
    assert_eq!(user(&app, 13).roles("acme/role?name=editor").await, [""; 0]);
    // A service's scope is all or nothing.
    assert_eq!(service(&app).roles("globex/role").await, ["admin", "reader"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_s_deny_takes_a_role_out_of_the_list() {
    let app = app().await;
    let statements = json!([{"effect": "deny", "actions": ["Role:GetRole"], "resources": ["acrn:permdex:1:role/11"]}]);
    let body = json!({"customerId": 1, "name": "not the editor", "statements": statements});
    let answer = app.ask(reqwest::Method::PUT, "/v2/policy/50?waitForCompletion=true", body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    app.assign(50, 10).await;
    let seen: Vec<Value> = user(&app, 10).roles("acme/role").await.into_iter().map(Value::from).collect();
    assert_eq!(seen, ["admin", "reader", "empty"]);
}
