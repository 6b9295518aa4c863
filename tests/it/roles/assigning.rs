//! Assigning a role.

use super::{DOC, app, pointers, role, service, user};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_role_replaces_the_one_before_and_shows_at_once() {
    let app = app().await;
    let admin = user(&app, 10);
    let answer = admin.post("acme/role/editor/assign", json!({"user_id": "13"})).await;
    assert_eq!((answer.status.as_u16(), &answer.body), (200, &json!({"role_id": "11"})));
    assert!(answer.headers.contains_key("x-job-id") && answer.headers["x-job-completed"] == "true");
    let check = app.question(json!({"requesterId": 13, "action": "Doc:Edit", "resource": DOC})).await;
    assert_eq!(check["permissions"][0]["origins"], json!(["role:11"]));
    assert_eq!(check["permissions"][0]["usedPolicies"], json!([]));
    let list = app.question(json!({"requesterId": 13, "list": true})).await;
    assert_eq!(list["permissions"].as_array().unwrap().len(), 2);
    assert_eq!(app.who_has("Doc:Edit", DOC, 10).await, [10, 11, 13]);
    // One role a user: it replaces the former.
    admin.write("acme/role/reader/assign/", json!({"user_id": "13"})).await;
    assert!(!app.allows(13, "Doc:Edit", DOC).await && app.allows(13, "Doc:Read", DOC).await);
    // Twice is a success.
    assert_eq!(admin.write("acme/role/reader/assign", json!({"user_id": "13"})).await, json!({"role_id": "12"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn not_waiting_is_said_and_the_job_can_be_asked_for() {
    let app = app().await;
    let answer = service(&app).post("acme/role/editor/assign?waitForCompletion=false", json!({"user_id": "13"})).await;
    assert_eq!((answer.status.as_u16(), &answer.headers["x-job-completed"]), (200, &"false".parse().unwrap()));
    let job = answer.headers["x-job-id"].to_str().unwrap().to_owned();
    let body = json!({"requesterId": 13, "action": "Doc:Edit", "resource": DOC, "afterJobId": job});
    assert_eq!(app.question(body).await["allow"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_assignment_is_named() {
    let app = app().await;
    let service = service(&app);
    for body in [
        json!({"user_id": 13}),
        json!({"user_id": "x"}),
        json!({"user_id": "013"}),
        json!({"user_id": "-1"}),
        json!({"user_id": null}),
        json!({}),
    ] {
        assert_eq!(pointers(&service.post("acme/role/editor/assign", body.clone()).await), ["/user_id"], "{body}");
    }
    assert_eq!(
        pointers(&service.post("acme/role/editor/assign", json!({"user_id": "13", "role": "x"})).await),
        ["/role"]
    );
    for (path, user, named) in [
        ("acme/role/nobody/assign", "13", "role `nobody`"),
        ("acme/role/editor/assign", "9999", "user `9999`"),
        ("acme/role/editor/assign", "22", "user `22`"),
        ("nobody/role/editor/assign", "13", "organization `nobody`"),
    ] {
        let answer = service.post(path, json!({"user_id": user})).await;
        assert_eq!(answer.status, 404, "{path} {user}");
        assert!(answer.body["detail"].as_str().unwrap().contains(named), "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_must_have_what_both_roles_give() {
    let app = app().await;
    let editor = user(&app, 11);
    // No right is asked for but greater or equal privileges.
    assert_eq!(editor.post("acme/role/reader/assign", json!({"user_id": "14"})).await.status, 200);
    let refused = editor.post("acme/role/admin/assign", json!({"user_id": "14"})).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.body["type"], "urn:permdex:problem:not-covered");
    assert!(refused.body["detail"].as_str().unwrap().contains("`Role:* acrn:*:1`"), "{}", refused.body);
    // Nor may he take the admin's away by giving him what he could give.
    assert_eq!(editor.post("acme/role/reader/assign", json!({"user_id": "10"})).await.status, 403);
    assert!(app.allows(10, "Role:GetRole", "acrn:permdex:1:role/1").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn temporary_grants_never_count_in_a_comparison() {
    let app = app().await;
    let admin = user(&app, 10);
    admin.write("acme/role/temporary_permission_grant", super::grant(11, "Doc:Print", "PT1H")).await;
    assert!(app.allows(11, "Doc:Print", DOC).await);
    admin.write("acme/role", role("printer", &["Doc:Print"])).await;
    let refused = user(&app, 11).post("acme/role/printer/assign", json!({"user_id": "14"})).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_are_compared_for_the_user_who_gets_the_role() {
    let app = app().await;
    let (service, admin) = (service(&app), user(&app, 10));
    let mut own = role("own", &["Doc:Sign"]);
    own["permission_grants"][0]["conditions"] = json!({"owner": {"type": "Equals", "value": "{self_user_id}"}});
    service.write("acme/role", own).await;
    // What is for the 13th only, who may sign his own for him, holds the same for him.
    let statements = json!([{"effect": "allow", "actions": ["Doc:Sign"], "resources": ["acrn:*:1", "acrn:*:1:*"],
        "conditions": {"owner": {"type": "In", "values": ["13", "15"]}}}]);
    let body = json!({"customerId": 1, "name": "signs for two", "statements": statements});
    let answer = app.ask(reqwest::Method::PUT, "/v2/policy/60?waitForCompletion=true", body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    app.assign(60, 11).await;
    let editor = user(&app, 11);
    assert_eq!(editor.post("acme/role/own/assign", json!({"user_id": "13"})).await.status, 200);
    assert_eq!(editor.post("acme/role/own/assign", json!({"user_id": "14"})).await.status, 403);
    assert_eq!(admin.post("acme/role/own/assign", json!({"user_id": "14"})).await.status, 200, "he has Doc:*");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assignment_that_would_be_too_much_for_a_document_is_refused() {
    let app = app().await;
    let service = service(&app);
    // 6 x 1,000 grants with conditions are 6,000 nested entries; a document has at most 5,000.
    let statement = |n: i64| {
        let conditions = json!({"n": {"type": "Equals", "value": n}});
        json!({"effect": "allow", "actions": ["Doc:Read"], "resources": [format!("acrn:app:1:doc/{n}")], "conditions": conditions})
    };
    for part in 0..41 {
        let statements: Vec<_> = (0..100).map(|n| statement(part * 100 + n)).collect();
        let body = json!({"customerId": 1, "name": "many", "statements": statements});
        let path = format!("/v2/policy/{}?waitForCompletion=true", 100 + part);
        assert_eq!(app.ask(reqwest::Method::PUT, &path, body).await.status, 201);
        app.assign(100 + part, 13).await;
    }
    let grants: Vec<_> = (0..1_000)
        .map(|n| json!({"permission_name": format!("Doc:A{n}"), "conditions": {"n": {"type": "Equals", "value": n}}}))
        .collect();
    let mut large = role("large", &[]);
    large["permission_grants"] = json!(grants);
    service.write("acme/role", large).await;
    let refused = service.post("acme/role/large/assign", json!({"user_id": "13"})).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body["detail"].as_str().unwrap().contains("user `13`"), "{}", refused.body);
    assert!(!app.allows(13, "Doc:Read", "acrn:app:1:doc/1").await, "the condition is unknown");
    let body = json!({"requesterId": 13, "action": "Doc:Read", "resource": "acrn:app:1:doc/1", "attributes": {"n": 1}});
    assert_eq!(app.question(body).await["allow"], true, "he keeps what he had");
    // Nor by a policy, tried dry or for real.
    let statements: Vec<_> = (5_000..5_100).map(statement).collect();
    for id in 200..210 {
        let body = json!({"customerId": 1, "name": "more", "statements": statements});
        assert_eq!(app.ask(reqwest::Method::PUT, &format!("/v2/policy/{id}"), body).await.status, 202);
    }
    let assign = async |id: i64, more: Value| {
        let mut body = json!({"policyId": id, "userId": 13});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        app.ask(reqwest::Method::POST, "/v2/permission/assignPolicy", body).await.status.as_u16()
    };
    let mut statuses = Vec::new();
    for id in 200..210 {
        statuses.push((assign(id, json!({"dryRun": true})).await, assign(id, json!({})).await));
    }
    assert_eq!(statuses[..9], [(200, 202); 9], "up to 5,000 entries");
    assert_eq!(statuses[9], (422, 422), "and no further");
    // Somebody else can have it.
    service.write("acme/role/large/assign", json!({"user_id": "14"})).await;
}
