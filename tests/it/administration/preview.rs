//! `dryRun`: what a change would give and take is what it then gives and takes, and asking changes nothing.

mod bounds;
mod random;

use super::{Caller, app, policy, service, user};
use crate::support::app::App;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const DOC: &str = "acrn:app:1:doc/*";

/// A change, as it is asked for: method, path, body. It takes `dryRun` and `waitForCompletion` in the query, or in the body.
#[derive(Debug, Clone)]
struct Change(Method, String, Value);

impl Change {
    fn with(&self, word: &str) -> Self {
        let Self(method, path, body) = self.clone();
        if path.starts_with("/v2/policy") {
            let sign = if path.contains('?') { '&' } else { '?' };
            return Self(method, format!("{path}{sign}{word}=true"), body);
        }
        let mut body = body;
        body[word] = json!(true);
        Self(method, path, body)
    }

    async fn preview(&self, caller: &Caller<'_>) -> Value {
        let Self(method, path, body) = self.with("dryRun");
        let answer = caller.send(method, &path, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{self:?}: {}", answer.body);
        assert_eq!(answer.body["dryRun"], json!(true), "{self:?}: {}", answer.body);
        answer.body
    }

    async fn make(&self, caller: &Caller<'_>) -> Value {
        let Self(method, path, body) = self.with("waitForCompletion");
        let answer = caller.send(method, &path, body).await;
        assert!(answer.status.is_success(), "{self:?}: {} {}", answer.status, answer.body);
        assert_eq!(answer.body["completed"], json!(true), "{self:?}: {}", answer.body);
        answer.body
    }
}

fn assign(body: Value) -> Change {
    Change(Method::POST, "/v2/permission/assignPolicy".into(), body)
}

fn remove(body: Value) -> Change {
    Change(Method::DELETE, "/v2/permission/removepolicy".into(), body)
}

fn put(id: i64, body: Value) -> Change {
    Change(Method::PUT, format!("/v2/policy/{id}"), body)
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"effect": "allow", "actions": [action], "resources": [resource]})
}

fn deny(action: &str, resource: &str) -> Value {
    json!({"effect": "deny", "actions": [action], "resources": [resource]})
}

/// All that a change leaves behind, beside the change.
async fn traces(app: &App) -> Vec<i64> {
    let mut all = Vec::new();
    for sql in [
        "select count(*) from jobs",
        "select count(*) from audit",
        "select count(*) from assignments",
        "select count(*) from policies",
        "select last_value from index_version",
        "select coalesce(sum(hashtext(p::text)::bigint), 0)::bigint from policies p",
    ] {
        all.push(sqlx::query_scalar(sql).fetch_one(&app.database.pool).await.unwrap());
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gains_and_loses_what_is_told_and_nothing_is_changed() {
    let app = app().await;
    let root = service(&app);
    let before = traces(&app).await;
    // 11 reads documents already, 13 is inactive.
    let all: Vec<_> = [10, 12, 14, 15, 16, 17, 18, 19].into_iter().collect();
    let found = assign(json!({"policyId": 3, "customerId": 1})).preview(&root).await;
    let gains: Vec<_> = all
        .iter()
        .filter(|id| **id != 10)
        .map(|id| json!({"id": id, "gains": [format!("doc:read {DOC}")], "loses": []}))
        .collect();
    assert_eq!(
        found,
        json!({"dryRun": true, "changed": true, "gaining": 7, "losing": 0, "users": gains, "complete": true})
    );
    let nobody = |changed: bool| json!({"dryRun": true, "changed": changed, "gaining": 0, "losing": 0, "users": [], "complete": true});
    for (change, expected) in [
        // Twice is nothing, as is what isn't there; the holder who keeps it by another way loses nothing.
        (assign(json!({"policyId": 3, "userId": 11})), nobody(false)),
        (remove(json!({"policyId": 3, "userId": 12})), nobody(false)),
        (assign(json!({"policyId": 3, "userId": 10})), nobody(true)),
        (assign(json!({"policyId": 3, "userId": 13})), nobody(true)),
        // A policy that is not there yet, a new name, the same, one that nobody holds.
        (put(99, policy(json!([allow("doc:read", DOC)]))), nobody(true)),
        (put(3, policy(json!([allow("doc:read", DOC)]))), nobody(true)),
        (put(3, json!({"customerId": 1, "name": "readers", "statements": [allow("doc:read", DOC)]})), nobody(false)),
        (Change(Method::DELETE, "/v2/policy/6".into(), Value::Null), nobody(true)),
    ] {
        assert_eq!(change.preview(&root).await, expected, "{change:?}");
    }
    let one = |id: i64, gains: Value, loses: Value| json!([{"id": id, "gains": gains, "loses": loses}]);
    let pay = "invoice:pay acrn:app:1:invoice/*";
    for (change, users) in [
        (
            Change(Method::DELETE, "/v2/policy/3?cascade=true".into(), Value::Null),
            one(11, json!([]), json!([format!("doc:read {DOC}")])),
        ),
        (remove(json!({"policyId": 4, "securityGroupId": 3})), one(15, json!([]), json!([pay]))),
        (
            Change(Method::POST, "/v2/permission/usertopolicy".into(), json!({"policyId": 4, "userId": 12})),
            one(12, json!([pay]), json!([])),
        ),
        (
            Change(Method::DELETE, "/v2/permission/usertopolicy".into(), json!({"policyId": 3, "userId": 11})),
            one(11, json!([]), json!([format!("doc:read {DOC}")])),
        ),
        // A deny takes out what it meets.
        (
            put(3, policy(json!([allow("doc:*", DOC), deny("*:read", "acrn:app:*:doc/7")]))),
            one(11, json!([format!("doc:* {DOC}")]), json!(["doc:read acrn:app:1:doc/7"])),
        ),
    ] {
        let found = change.preview(&root).await;
        assert_eq!((&found["users"], &found["complete"]), (&users, &json!(true)), "{change:?}");
    }
    // A DELETE takes it in its query too.
    let path = "/v2/permission/removepolicy?policyId=3&userId=11&dryRun=true";
    let found = root.send(Method::DELETE, path, Value::Null).await;
    assert_eq!((found.status, &found.body["losing"]), (StatusCode::OK, &json!(1)), "{}", found.body);
    assert_eq!(traces(&app).await, before, "a dry run left something behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_make_the_change_may_not_ask_what_it_would_do() {
    let app = app().await;
    for (caller, change, status, said) in [
        (12, assign(json!({"policyId": 3, "userId": 12})), 403, "permdex:permission:assign"),
        (20, assign(json!({"policyId": 3, "userId": 12})), 404, "user `12`"),
        // He administers, and lacks what he would give.
        (10, assign(json!({"policyId": 4, "userId": 12})), 403, "invoice:pay"),
        (10, remove(json!({"policyId": 5, "securityGroupId": 2})), 403, "invoice:read"),
        (10, put(3, policy(json!([allow("invoice:pay", "acrn:app:1:*")]))), 403, "invoice:pay"),
        (12, put(3, policy(json!([allow("doc:read", DOC)]))), 403, "permdex:policy:update"),
        (20, put(3, policy(json!([allow("doc:read", DOC)]))), 409, "policy id `3`"),
        (10, Change(Method::DELETE, "/v2/policy/3".into(), Value::Null), 409, "1 assignments"),
        (20, Change(Method::DELETE, "/v2/policy/3?cascade=true".into(), Value::Null), 404, "policy `3`"),
        (10, Change(Method::DELETE, "/v2/policy/98".into(), Value::Null), 404, "policy `98`"),
        (10, put(1, json!({"name": "x", "statements": [allow("doc:read", DOC)]})), 403, "shared policies"),
        (
            10,
            put(97, json!({"customerId": 2, "name": "x", "statements": [allow("doc:read", DOC)]})),
            404,
            "customer `2`",
        ),
    ] {
        let Change(method, path, body) = change.with("dryRun");
        let answer = user(&app, caller).send(method, &path, body).await;
        let text = answer.body.to_string();
        assert!(answer.status == status && text.contains(said), "{caller} {change:?}: {} {text}", answer.status);
    }
    let root = service(&app);
    for (change, status, said) in [
        (assign(json!({"policyId": 6, "userId": 12})), 422, "/policyId"),
        (assign(json!({"policyId": 3, "userId": 99})), 404, "user `99`"),
        (assign(json!({"policyId": 3, "userId": 12, "waitForCompletion": false})), 422, "/waitForCompletion"),
        (put(3, json!({"customerId": 2, "name": "x", "statements": [allow("doc:read", DOC)]})), 422, "/customerId"),
        (Change(Method::DELETE, "/v2/policy/3?waitForCompletion=true".into(), Value::Null), 422, "/waitForCompletion"),
        (Change(Method::PUT, "/v2/policy/3?dryRun=true".into(), policy(json!([]))), 422, "/dryRun"),
    ] {
        let Change(method, path, body) = change.with("dryRun");
        let answer = root.send(method, &path, body).await;
        let text = answer.body.to_string();
        assert!(answer.status == status && text.contains(said), "{change:?}: {} {text}", answer.status);
    }
    // The audit log tells of them as of attempts at the change.
    let sql = "select count(*) from audit where refused is not null and request_id is not null";
    let refused: i64 = sqlx::query_scalar(sql).fetch_one(&app.database.pool).await.unwrap();
    assert_eq!(refused, 9);
    // Who may, is answered.
    let found = assign(json!({"policyId": 3, "userId": 12})).preview(&user(&app, 10)).await;
    assert_eq!(found["gaining"], json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_is_about_what_was_read() {
    let app = app().await;
    let tag = service(&app).get("/v2/policy/3").await.headers["etag"].to_str().unwrap().to_owned();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (method, tag, status) in [
        (Method::PUT, "\"another\"", 412),
        (Method::PUT, &*tag, 200),
        (Method::DELETE, "\"another\"", 412),
        (Method::DELETE, &*tag, 200),
    ] {
        let query = if method == Method::DELETE { "dryRun=true&cascade=true" } else { "dryRun=true" };
        let request = client.request(method.clone(), format!("{}/v2/policy/3?{query}", app.url));
        let request = request.bearer_auth(app.service()).header("If-Match", tag);
        let request =
            if method == Method::PUT { request.json(&policy(json!([allow("doc:write", DOC)]))) } else { request };
        let answer = crate::support::app::answer(request).await;
        assert_eq!(answer.status, status, "{method} {tag}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_can_t_be_read_gives_nothing_until_it_is_written_anew() {
    let app = app().await;
    let root = service(&app);
    // Somebody's hand was in the database: 11 has nothing now.
    sqlx::query("update policies set statements = '[{\"effect\": \"perhaps\"}]' where id = 3")
        .execute(&app.database.pool)
        .await
        .unwrap();
    let users = "permdex:user:read acrn:permdex:1:user/*";
    let found = put(3, policy(json!([allow("doc:write", DOC)]))).preview(&root).await;
    assert_eq!(
        found["users"],
        json!([{"id": 11, "gains": [format!("doc:write {DOC}"), users.to_owned()], "loses": []}]),
        "{found}"
    );
    let found = assign(json!({"policyId": 3, "securityGroupId": 3})).preview(&root).await;
    assert_eq!(
        found["users"],
        json!([{"id": 15, "gains": [], "loses": ["invoice:pay acrn:app:1:invoice/*"]}]),
        "{found}"
    );
}
