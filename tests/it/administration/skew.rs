//! Write skew: two judged writes at once, each fine alone. The second is judged by what the first has left.

use super::{app, policy, user};
use crate::support::line_up::line_up;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Both, the second when the first is about to be committed.
async fn at_once(first: (i64, Method, &str, Value), second: (i64, Method, &str, Value)) -> [StatusCode; 2] {
    let app = app().await;
    let send = async |(caller, method, path, body): (i64, Method, &str, Value)| {
        user(&app, caller).send(method, path, body).await.status
    };
    let (first, second) = line_up(&app, send(first), send(second)).await;
    [first, second]
}

const OK: StatusCode = StatusCode::ACCEPTED;

#[tokio::test(flavor = "multi_thread")]
async fn each_pair_of_judged_writes_follows_one_another() {
    let wide =
        policy(json!([{"effect": "allow", "actions": ["doc:read", "doc:write"], "resources": ["acrn:app:1:doc/*"]}]));
    let assign = |target: Value| {
        let mut body = target;
        body["policyId"] = json!(3);
        (10, Method::POST, "/v2/permission/assignPolicy", body)
    };
    // Who administers is stripped, and uses what he had: whichever is first, the other is judged after it.
    let strip = (10, Method::DELETE, "/v2/securityGroup/1/member/10", Value::Null);
    for second in [
        assign(json!({"userId": 12})),
        assign(json!({"securityGroupId": 4})),
        assign(json!({"customerId": 1})),
        (10, Method::PUT, "/v2/policy/3", wide.clone()),
        (10, Method::PUT, "/v2/securityGroup/4/member/12", Value::Null),
        (10, Method::PUT, "/v2/securityGroup/4/member", json!({"userIds": [12]})),
        (10, Method::POST, "/v2/user", json!({"customerId": 1, "email": "x@acme.example"})),
        (10, Method::PUT, "/v2/user/12", json!({"customerId": 1, "email": "x@acme.example"})),
        (10, Method::DELETE, "/v2/user/12", Value::Null),
        (10, Method::DELETE, "/v2/policy/3?cascade=true", Value::Null),
        (10, Method::DELETE, "/v2/securityGroup/4?cascade=true", Value::Null),
        (10, Method::POST, "/v2/securityGroup", json!({"customerId": 1, "name": "x"})),
        (10, Method::POST, "/v2/policy", wide.clone()),
        (10, Method::PUT, "/v2/customer/1", json!({"organization": "acme", "name": "Other"})),
    ] {
        let shown = format!("{} {}", second.1, second.2);
        let statuses = at_once(strip.clone(), second).await;
        assert_eq!(statuses, [OK, StatusCode::FORBIDDEN], "{shown}");
    }
}
