//! The role API through the front door: a file an operation, and what holds for all of them.

mod assigning;
mod callers;
mod creating;
mod expiring;
mod giving;
mod granting;
mod holes;
mod limits;
mod listing;
mod modifying;
mod paging;
mod reach;
mod skew;

use crate::support::app::{Answer, App, Engine, answer};
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// Three organizations: `acme` (1) with users 10 to 19, `globex` (2) with 20 to 23, `my_org` (3) with 30 and 31.
/// - 10 has `admin`: roles, grants and documents of acme;
/// - 11 has `editor`: documents' reading and editing; 12 has `reader`; 13 to 19 have no role;
/// - 20 has globex' `admin`; 21 may get roles of acme, and give and see grants to acme's user 12;
/// - 30 has the `admin` of `my_org`.
pub fn lines() -> Vec<String> {
    let mut lines = Vec::new();
    for (id, organization) in [(1, "acme"), (2, "globex"), (3, "my_org")] {
        lines.push(json!({"kind": "customer", "id": id, "organization": organization, "name": organization}));
        let grants = ["Role:*", "Doc:*", "permdex:audit:read"];
        let grants: Vec<_> = grants.iter().map(|name| json!({"permission_name": name, "conditions": {}})).collect();
        lines.push(json!({"kind": "role", "id": id, "organization": organization, "name": "admin",
            "description": "Administers.", "frontendView": "admin", "permissionGrants": grants}));
    }
    let role = |id: i64, organization: &str, name: &str, grants: &[&str]| {
        let grants: Vec<_> = grants.iter().map(|name| json!({"permission_name": name, "conditions": {}})).collect();
        json!({"kind": "role", "id": id, "organization": organization, "name": name, "description": name,
            "frontendView": "client", "permissionGrants": grants})
    };
    lines.push(role(11, "acme", "editor", &["Doc:Read", "Doc:Edit"]));
    lines.push(role(12, "acme", "reader", &["Doc:Read"]));
    lines.push(role(13, "acme", "empty", &[]));
    lines.push(role(21, "globex", "reader", &["Doc:Read"]));
    let user = |id: i64, customer: i64, role: Option<&str>| {
        let mut user = json!({"kind": "user", "id": id, "customerId": customer, "email": format!("u{id}@example.org")});
        if let Some(role) = role {
            user["roleName"] = role.into();
        }
        user
    };
    lines.extend([user(10, 1, Some("admin")), user(11, 1, Some("editor")), user(12, 1, Some("reader"))]);
    lines.extend((13..20).map(|id| user(id, 1, None)));
    lines.extend([user(20, 2, Some("admin")), user(21, 2, None), user(22, 2, None), user(23, 2, None)]);
    lines.extend([user(30, 3, Some("admin")), user(31, 3, None)]);
    let allow =
        |actions: &[&str], resource: &str| json!([{"effect": "allow", "actions": actions, "resources": [resource]}]);
    let policy =
        |id: i64, statements: Value| json!({"kind": "policy", "id": id, "name": "p", "statements": statements});
    lines.extend([
        policy(1, allow(&["Role:GetRole"], "acrn:permdex:1:role/*")),
        policy(2, allow(&["Role:*"], "acrn:permdex:1:temporaryGrant/12")),
        json!({"kind": "assignment", "policyId": 1, "userId": 21}),
        json!({"kind": "assignment", "policyId": 2, "userId": 21}),
    ]);
    lines.iter().map(Value::to_string).collect()
}

/// The organizations of [`lines`], on the embedded engine.
pub async fn app() -> App {
    App::start(Engine::Embedded, lines()).await
}

/// Somebody who calls the role API.
pub struct Asker<'a> {
    app: &'a App,
    token: String,
    headers: Vec<(&'static str, String)>,
}

/// A user, with a token of his own organization.
pub fn user(app: &App, id: i64) -> Asker<'_> {
    let organization = match id {
        ..20 => "acme",
        20..30 => "globex",
        _ => "my_org",
    };
    Asker { app, token: app.token_of(id, organization), headers: Vec::new() }
}

/// A service without an organization.
pub fn service(app: &App) -> Asker<'_> {
    Asker { app, token: app.service().to_owned(), headers: Vec::new() }
}

impl Asker<'_> {
    /// With a header.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let client = Client::builder().no_proxy().build().unwrap();
        let mut request = client.request(method, format!("{}/v1/{path}", self.app.url)).bearer_auth(&self.token);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        answer(if body.is_null() { request } else { request.json(body) }).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &Value::Null).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &body).await
    }

    /// As [`Asker::post`], which must succeed and be seen by everybody.
    #[track_caller]
    pub fn write(&self, path: &str, body: Value) -> impl Future<Output = Value> {
        let path = path.to_owned();
        async move {
            let answer = self.post(&path, body).await;
            assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.body);
            assert_eq!(answer.headers["x-job-completed"], "true", "{path}");
            answer.body
        }
    }

    /// The roles that he sees in an answer to `path`, by name.
    pub async fn roles(&self, path: &str) -> Vec<String> {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let roles = answer.body["roles"].as_array().unwrap().iter();
        roles.map(|role| role["name"].as_str().unwrap().to_owned()).collect()
    }
}

/// A role to be.
pub fn role(name: &str, grants: &[&str]) -> Value {
    let grants: Vec<_> = grants.iter().map(|name| json!({"permission_name": name, "conditions": {}})).collect();
    json!({"role_name": name, "description": "It is for something.", "frontend_view": "client", "permission_grants": grants})
}

/// A temporary grant to be.
pub fn grant(user: i64, name: &str, duration: &str) -> Value {
    json!({"user_id": user.to_string(), "duration": duration, "justification": "on call tonight",
        "permission_grant": {"permission_name": name, "conditions": {}}})
}

/// What is wrong, by pointer.
pub fn pointers(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 422, "{}", answer.body);
    let errors = answer.body["errors"].as_array().unwrap().iter();
    errors.map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
}

pub const DOC: &str = "acrn:app:1:doc/7";
