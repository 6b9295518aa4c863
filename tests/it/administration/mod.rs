//! Administration through the front door: the life of a tenant, who may see and change what, what nobody can give, what
//! the audit log keeps.

mod audit;
mod crowd;
mod explaining;
mod giving;
mod held;
mod life;
mod matrix;
mod preview;
mod refusals;
mod skew;
mod writing;

use crate::support::app::{Answer, App, Engine};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Customer 1 is acme with users 10 to 19, customer 2 globex with 20 to 23.
/// - 10 administers acme (policy 1, `permdex:*` in his own customer, and documents), through group 1;
/// - 11 holds only `permdex:user:read` on all users of acme and documents' reading;
/// - 12 holds nothing; 13 is inactive; 14 has a deny on reading documents (policy 5, through group 2);
/// - 20 administers globex.
pub fn lines() -> Vec<String> {
    let mut lines = vec![
        json!({"kind": "customer", "id": 1, "organization": "acme", "name": "Acme"}),
        json!({"kind": "customer", "id": 2, "organization": "globex", "name": "Globex"}),
    ];
    for id in 10..20 {
        let email = format!("u{id}@acme.example");
        lines.push(json!({"kind": "user", "id": id, "customerId": 1, "email": email, "active": id != 13}));
    }
    for id in 20..24 {
        lines.push(json!({"kind": "user", "id": id, "customerId": 2, "email": format!("u{id}@globex.example")}));
    }
    let policy = |id: i64, customer: Option<i64>, name: &str, statements: Value| {
        let mut line = json!({"kind": "policy", "id": id, "name": name, "statements": statements});
        if let Some(customer) = customer {
            line["customerId"] = customer.into();
        }
        line
    };
    let allow =
        |actions: &[&str], resources: &[&str]| json!({"effect": "allow", "actions": actions, "resources": resources});
    let deny =
        |actions: &[&str], resources: &[&str]| json!({"effect": "deny", "actions": actions, "resources": resources});
    lines.extend([
        policy(
            1,
            None,
            "administrators",
            json!([
                allow(&["permdex:*"], &["acrn:permdex:${customerId}:*"]),
                allow(&["doc:*"], &["acrn:app:${customerId}:doc/*"]),
            ]),
        ),
        policy(2, Some(1), "readers of users", json!([allow(&["permdex:user:read"], &["acrn:permdex:1:user/*"])])),
        policy(3, Some(1), "readers", json!([allow(&["doc:read"], &["acrn:app:1:doc/*"])])),
        policy(4, Some(1), "payers", json!([allow(&["invoice:pay"], &["acrn:app:1:invoice/*"])])),
        policy(5, Some(1), "not the secrets", json!([deny(&["invoice:read"], &["acrn:app:1:invoice/secret"])])),
        policy(6, Some(2), "globex readers", json!([allow(&["doc:read"], &["acrn:app:2:doc/*"])])),
        json!({"kind": "role", "id": 1, "organization": "acme", "name": "editor", "frontendView": "client",
            "permissionGrants": [{"permission_name": "doc:edit"}]}),
        json!({"kind": "role", "id": 2, "organization": "globex", "name": "editor", "frontendView": "client",
            "permissionGrants": [{"permission_name": "doc:edit"}]}),
        json!({"kind": "securityGroup", "id": 1, "customerId": 1, "name": "Administrators"}),
        json!({"kind": "securityGroup", "id": 2, "customerId": 1, "name": "Denied"}),
        json!({"kind": "securityGroup", "id": 3, "customerId": 1, "name": "Payers"}),
        json!({"kind": "securityGroup", "id": 4, "customerId": 1, "name": "Empty"}),
        json!({"kind": "securityGroup", "id": 5, "customerId": 2, "name": "Globex"}),
        json!({"kind": "member", "securityGroupId": 1, "userId": 10}),
        json!({"kind": "member", "securityGroupId": 2, "userId": 14}),
        json!({"kind": "member", "securityGroupId": 3, "userId": 15}),
        json!({"kind": "assignment", "policyId": 1, "securityGroupId": 1}),
        json!({"kind": "assignment", "policyId": 1, "userId": 20}),
        json!({"kind": "assignment", "policyId": 2, "userId": 11}),
        json!({"kind": "assignment", "policyId": 3, "userId": 11}),
        json!({"kind": "assignment", "policyId": 5, "securityGroupId": 2}),
        json!({"kind": "assignment", "policyId": 4, "securityGroupId": 3}),
        json!({"kind": "assignment", "policyId": 4, "userId": 13}),
        json!({"kind": "action", "name": "doc:read", "title": "Read documents"}),
    ]);
    lines.iter().map(Value::to_string).collect()
}

/// The organization of [`lines`], on the embedded engine.
pub async fn app() -> App {
    App::start(Engine::Embedded, lines()).await
}

/// Somebody who calls.
pub struct Caller<'a> {
    app: &'a App,
    token: String,
}

/// A user of acme below 20, of globex from 20 on.
pub fn user(app: &App, id: i64) -> Caller<'_> {
    Caller { app, token: app.token_of(id, if id < 20 { "acme" } else { "globex" }) }
}

/// A service.
pub fn service(app: &App) -> Caller<'_> {
    Caller { app, token: app.service().to_owned() }
}

impl Caller<'_> {
    pub async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        self.app.ask_as(&self.token, method, path, body).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Value::Null).await
    }

    /// With `waitForCompletion`, which must succeed.
    #[track_caller]
    pub fn write(&self, method: Method, path: &str, body: Value) -> impl Future<Output = Value> {
        let path = format!("{path}{}waitForCompletion=true", if path.contains('?') { '&' } else { '?' });
        async move {
            let answer = self.send(method, &path, body).await;
            assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.body);
            assert_ne!(answer.status, StatusCode::ACCEPTED, "{path}: {}", answer.body);
            assert_eq!(answer.body["completed"], json!(true), "{path}: {}", answer.body);
            answer.body
        }
    }

    pub async fn assign(&self, body: Value) -> Answer {
        self.send(Method::POST, "/v2/permission/assignPolicy", body).await
    }
}

/// A policy of acme that says this.
pub fn policy(statements: Value) -> Value {
    let mut policy = json!({"customerId": 1, "name": "p"});
    policy["statements"] = statements;
    policy
}
