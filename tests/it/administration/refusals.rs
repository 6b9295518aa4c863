//! Twenty ways in which a tenant's administrator can't reach another tenant or raise himself.

use super::{app, policy, service, user};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_reaches_nobody_else_and_raises_nobody() {
    let app = app().await;
    let allow =
        |action: &str, resource: &str| json!([{"effect": "allow", "actions": [action], "resources": [resource]}]);
    let admin = user(&app, 10);
    let user_of = |customer: i64, more: Value| {
        let mut body = json!({"customerId": customer, "email": "x@acme.example"});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        body
    };
    let before = snapshot(&app).await;
    let ways: Vec<(Method, &str, Value, u16)> = vec![
        // Another tenant's things read as if they were not there.
        (Method::GET, "/v2/user/21", Value::Null, 404),
        (Method::GET, "/v2/policy/6", Value::Null, 404),
        (Method::GET, "/v2/securityGroup/5/member", Value::Null, 404),
        (Method::GET, "/v2/audit?customerId=2", Value::Null, 404),
        (Method::DELETE, "/v2/user/21", Value::Null, 404),
        (Method::PUT, "/v2/user/21", user_of(1, json!({})), 409),
        (Method::PUT, "/v2/policy/6", policy(allow("doc:read", "acrn:app:1:doc/*")), 409),
        (Method::POST, "/v2/user", user_of(2, json!({})), 404),
        (
            Method::POST,
            "/v2/policy",
            json!({"customerId": 2, "name": "x", "statements": allow("doc:read", "acrn:app:2:doc/*")}),
            404,
        ),
        (Method::PUT, "/v2/securityGroup/5/member/21", Value::Null, 404),
        (Method::PUT, "/v2/securityGroup/4/member/21", Value::Null, 404),
        (Method::POST, "/v2/permission/assignPolicy", json!({"policyId": 3, "userId": 21}), 404),
        (Method::POST, "/v2/permission/assignPolicy", json!({"policyId": 3, "userId": 12, "customerId": 2}), 404),
        // He gives only what he has: paying invoices he can't.
        (Method::POST, "/v2/permission/assignPolicy", json!({"policyId": 4, "userId": 10}), 403),
        (Method::POST, "/v2/permission/assignPolicy", json!({"policyId": 4, "customerId": 1}), 403),
        (Method::PUT, "/v2/securityGroup/3/member/10", Value::Null, 403),
        (Method::PUT, "/v2/securityGroup/3/member", json!({"userIds": [10, 15]}), 403),
        (Method::PUT, "/v2/policy/3", policy(allow("invoice:pay", "acrn:app:1:invoice/*")), 403),
        (Method::PUT, "/v2/user/13", user_of(1, json!({"active": true})), 403),
        // Nor takes away what denies somebody what he has not himself.
        (Method::DELETE, "/v2/securityGroup/2/member/14", Value::Null, 403),
        (Method::DELETE, "/v2/securityGroup/2?cascade=true", Value::Null, 403),
        (Method::DELETE, "/v2/policy/5?cascade=true", Value::Null, 403),
        (Method::DELETE, "/v2/permission/removepolicy", json!({"policyId": 5, "securityGroupId": 2}), 403),
        (
            Method::PUT,
            "/v2/policy/5",
            policy(json!([{"effect": "deny", "actions": ["invoice:read"],
            "resources": ["acrn:app:1:invoice/secret"], "conditions": {"color": {"type": "Equals", "value": "red"}}}])),
            403,
        ),
        // What is everybody's is a service's to change.
        (Method::PUT, "/v2/policy/1", json!({"name": "x", "statements": allow("*", "*")}), 403),
        (Method::POST, "/v2/policy", json!({"name": "x", "statements": allow("doc:read", "acrn:app:1:doc/*")}), 403),
        (Method::POST, "/v2/action", json!({"name": "doc:burn", "title": "x"}), 403),
        (Method::POST, "/v2/customer", json!({"organization": "mine", "name": "x"}), 403),
    ];
    assert!(ways.len() >= 20);
    for (method, path, body, status) in ways {
        let answer = admin.send(method.clone(), path, body.clone()).await;
        assert_eq!(answer.status, status, "{method} {path} {body}: {}", answer.body);
        assert!(!answer.body.to_string().contains("globex"), "{method} {path}: {}", answer.body);
    }
    assert_eq!(snapshot(&app).await, before, "something changed");
    // The same things that he may.
    admin.write(Method::PUT, "/v2/user/13", user_of(1, json!({"active": false}))).await;
    admin.write(Method::PUT, "/v2/securityGroup/4/member/12", Value::Null).await;
    // A freed id is not his to use again, but a service's.
    admin.write(Method::DELETE, "/v2/user/19", Value::Null).await;
    assert_eq!(admin.send(Method::PUT, "/v2/user/19", user_of(1, json!({}))).await.status, 409);
    service(&app).write(Method::PUT, "/v2/user/19", user_of(1, json!({}))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_denied_to_all_is_not_given_to_who_is_created_or_activated() {
    let app = app().await;
    let deny = json!({"policyId": 5, "customerId": 1, "waitForCompletion": true});
    assert_eq!(service(&app).assign(deny).await.status, 200);
    let admin = user(&app, 10);
    let mut body = json!({"customerId": 1, "email": "new@acme.example", "active": false});
    let id = admin.write(Method::POST, "/v2/user", body.clone()).await["id"].clone();
    body["active"] = json!(true);
    admin.write(Method::PUT, &format!("/v2/user/{id}"), body.clone()).await;
    admin.write(Method::POST, "/v2/user", body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roles_of_another_tenant_can_not_be_probed() {
    let mut lines = super::lines();
    let role = json!({"kind": "role", "organization": "globex", "name": "secret", "frontendView": "client"});
    lines.push(role.to_string());
    let app = crate::support::app::App::start(crate::support::app::Engine::Embedded, lines).await;
    let admin = user(&app, 10);
    for (method, path) in [
        (Method::POST, "/v2/user"),
        (Method::PUT, "/v2/user/999"),
        (Method::PUT, "/v2/user/21"),
        (Method::PUT, "/v2/user/12"),
    ] {
        let mut answers = Vec::new();
        for role in ["secret", "nonesuch"] {
            let body = json!({"customerId": 2, "email": "x@x.example", "roleName": role});
            let answer = admin.send(method.clone(), path, body).await;
            answers.push((answer.status, answer.body["detail"].clone()));
        }
        assert_eq!(answers[0], answers[1], "{method} {path}");
    }
}

/// Everything that is administered, as it is exported.
async fn snapshot(app: &crate::support::app::App) -> String {
    let mut bytes = Vec::new();
    permdex::service::export::export(&app.database.pool, &mut bytes).await.expect("exported");
    String::from_utf8(bytes).expect("UTF-8")
}
