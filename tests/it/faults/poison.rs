//! A user who was given more than a document can hold: he has nothing, everybody else has what is his, and he is back as
//! soon as something is taken from him.

use crate::support::app::{App, Engine, within};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Policies of the group, each of a hundred statements with a condition; a document has at most 5,000 of those.
const OF_GROUP: i64 = 49;
/// Who has two more.
const GREEDY: i64 = 7;
/// Who has the group's alone.
const MODEST: i64 = 8;

fn policy(id: i64) -> String {
    let statement = |n: i64| {
        let conditions = json!({"n": {"type": "Equals", "value": n}});
        json!({"effect": "allow", "actions": ["doc:sign"], "resources": [format!("acrn:app:1:doc/{n}")],
            "conditions": conditions})
    };
    let statements: Vec<_> = (0..100).map(|n| statement(id * 100 + n)).collect();
    json!({"kind": "policy", "id": id, "name": format!("A hundred, {id}"), "statements": statements}).to_string()
}

fn lines() -> Vec<String> {
    let mut lines = vec![
        json!({"kind": "customer", "id": 1, "organization": "acme", "name": "Acme"}).to_string(),
        json!({"kind": "securityGroup", "id": 1, "customerId": 1, "name": "Signers"}).to_string(),
        json!({"kind": "policy", "id": 90, "name": "Reading", "statements": [
            {"effect": "allow", "actions": ["doc:read"], "resources": ["acrn:app:1:doc/*"]}]})
        .to_string(),
        json!({"kind": "assignment", "policyId": 90, "customerId": 1}).to_string(),
    ];
    lines.extend((1..=OF_GROUP + 2).map(policy));
    for user in [GREEDY, MODEST] {
        let email = format!("{user}@acme.example");
        let user_line =
            json!({"kind": "user", "id": user, "customerId": 1, "email": email, "uiLanguage": "en", "active": true});
        lines.push(user_line.to_string());
        lines.push(json!({"kind": "member", "securityGroupId": 1, "userId": user}).to_string());
    }
    lines.extend(
        [1, 2].map(|more| json!({"kind": "assignment", "policyId": OF_GROUP + more, "userId": GREEDY}).to_string()),
    );
    lines.extend(
        (1..OF_GROUP).map(|policy| json!({"kind": "assignment", "policyId": policy, "securityGroupId": 1}).to_string()),
    );
    lines
}

/// May they read, and sign what the last of the group's policies is about?
async fn may(app: &App, user: i64) -> (bool, bool) {
    let n = OF_GROUP * 100;
    let sign = json!({"requesterId": user, "action": "doc:sign", "resource": format!("acrn:app:1:doc/{n}"),
        "attributes": {"n": n}});
    let reads = app.allows(user, "doc:read", "acrn:app:1:doc/1").await;
    (reads, app.question(sign).await["allow"].as_bool().expect("a decision"))
}

async fn last_one(app: &App, method: Method) -> crate::support::app::Answer {
    let path = if method == Method::POST { "assignPolicy" } else { "removepolicy" };
    let body = json!({"policyId": OF_GROUP, "securityGroupId": 1, "waitForCompletion": true});
    app.ask(method, &format!("/v2/permission/{path}"), body).await
}

async fn who_has_too_much_has_nothing_and_harms_nobody(engine: Engine) {
    let app = App::start(engine, lines()).await;
    assert_eq!((may(&app, GREEDY).await, may(&app, MODEST).await), ((true, false), (true, false)));

    let written = last_one(&app, Method::POST).await;
    assert_eq!((written.status, &written.body["completed"]), (StatusCode::ACCEPTED, &json!(false)), "{}", written.body);
    let path = format!("/v2/permission/job/{}", written.body["jobId"].as_str().expect("an id"));
    let job = async || app.ask(Method::GET, &path, Value::Null).await.body;
    within("the job that met him failed", || async { job().await["state"] == json!("failed") }).await;
    let failed = job().await;
    let error = failed["error"].as_str().expect("a reason");
    assert!(error.contains("user `7`") && !error.contains("user `8`"), "{error}");

    // He has nothing, wherever it is asked; the others have what is theirs.
    assert_eq!(may(&app, GREEDY).await, (false, false));
    let list = app.question(json!({"requesterId": GREEDY, "list": true})).await;
    assert_eq!(list["permissions"], json!([]), "{list}");
    assert_eq!(may(&app, MODEST).await, (true, true));
    assert_eq!(app.who_has("doc:read", "acrn:app:1:doc/1", 10).await, [MODEST]);
    let read_after = json!({"action": "doc:read", "resource": "acrn:app:1:doc/1", "afterJobId": failed["id"]});
    let answer = app.ask(Method::POST, "/v2/permission", read_after).await;
    assert!(!answer.status.is_server_error() || answer.status == StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);

    // Trying again does not help while nothing was taken from him, and does when something was.
    let retried = app.ask(Method::POST, &format!("{path}/retry"), Value::Null).await;
    assert!(retried.status.is_success(), "{}", retried.body);
    within("it failed again", || async { job().await["state"] == json!("failed") }).await;
    sqlx::query("delete from assignments where policy_id = $1 and user_id = $2")
        .bind(OF_GROUP + 1)
        .bind(GREEDY)
        .execute(&app.database.pool)
        .await
        .expect("taken behind permdex's back");
    let retried = app.ask(Method::POST, &format!("{path}/retry"), Value::Null).await;
    assert!(retried.status.is_success(), "{}", retried.body);
    within("it is done", || async { job().await["state"] == json!("done") }).await;
    assert_eq!(may(&app, GREEDY).await, (true, true));
    assert_eq!(app.who_has("doc:read", "acrn:app:1:doc/1", 10).await, [GREEDY, MODEST]);

    // Too much again, and this time a change takes it from him.
    app.assign(OF_GROUP + 2, MODEST).await;
    let refused = app.ask(Method::POST, "/v2/permission/assignPolicy", json!({"policyId": 51, "userId": MODEST})).await;
    assert!(refused.status.is_success(), "he has it: nothing changes");
    let removed = last_one(&app, Method::DELETE).await;
    assert_eq!((removed.status, &removed.body["completed"]), (StatusCode::OK, &json!(true)), "{}", removed.body);
    assert_eq!((may(&app, GREEDY).await, may(&app, MODEST).await), ((true, false), (true, false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_too_much_has_nothing_and_harms_nobody_in_memory() {
    who_has_too_much_has_nothing_and_harms_nobody(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_too_much_has_nothing_and_harms_nobody_in_elasticsearch() {
    who_has_too_much_has_nothing_and_harms_nobody(Engine::Elastic).await;
}
