//! Creating temporary grants.

use super::{DOC, app, grant, pointers, service, user};
use jiff::Timestamp;
use permdex::clock::Clock;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_made_and_shows_everywhere() {
    let app = app().await;
    let before = Clock::System.now();
    let mut body = grant(13, "Doc:Read", "PT1H30M");
    body["tags"] = json!({"ticket": "4711", "note": null});
    let answer = user(&app, 10).post("acme/role/temporary_permission_grant/", body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.headers["x-job-completed"], "true");
    let (id, expires_at) = (answer.body["temporary_permission_grant_id"].clone(), answer.body["expires_at"].clone());
    let until: Timestamp = expires_at.as_str().unwrap().parse().unwrap();
    let lasts = until.as_second() - before.as_second();
    assert!((5_400..5_430).contains(&lasts), "{lasts}");
    let check = app.question(json!({"requesterId": 13, "action": "Doc:Read", "resource": DOC})).await;
    assert_eq!(check["allow"], true);
    assert_eq!(check["permissions"][0]["origins"], json!([format!("temporaryGrant:{}", id.as_str().unwrap())]));
    let list = app.question(json!({"requesterId": 13, "list": true})).await;
    assert_eq!(list["permissions"][0]["until"].as_str().unwrap().parse::<Timestamp>().unwrap(), until);
    assert_eq!(app.who_has("Doc:Read", DOC, 10).await, [10, 11, 12, 13]);
    let listed = service(&app).get("acme/role/temporary_permission_grants").await.body;
    let seen = &listed["temporary_permission_grants"][0];
    assert_eq!((&seen["_id"], &seen["expires_at"]), (&id, &expires_at));
    assert_eq!(seen["org_id"], "acme");
    assert_eq!(seen["user_id"], "13");
    assert_eq!(seen["justification"], "on call tonight");
    assert_eq!(seen["creator"], json!({"org_id": "acme", "user_id": "10"}));
    assert_eq!(seen["tags"], json!({"ticket": "4711", "note": null}));
    assert_eq!(seen["permission_grant"], json!({"permission_name": "Doc:Read", "conditions": {}}));
    assert_eq!((&listed["has_more"], &listed["continuation_token"]), (&json!(false), &Value::Null));
    // Why it was made stands in the audit log.
    let audit = app.ask(reqwest::Method::GET, "/v2/audit?limit=1", Value::Null).await.body;
    let row = &audit["items"][0];
    assert_eq!((&row["justification"], &row["actor"]), (&json!("on call tonight"), &json!("acme_10")), "{row}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_grant_is_named() {
    let app = app().await;
    let service = service(&app);
    let path = "acme/role/temporary_permission_grant";
    let many: serde_json::Map<_, _> = (0..21).map(|n| (format!("k{n}"), Value::Null)).collect();
    for (change, pointer) in [
        (json!({"duration": "1h"}), "/duration"),
        (json!({"duration": "PT0S"}), "/duration"),
        (json!({"duration": "-PT1H"}), "/duration"),
        (json!({"duration": "P31D"}), "/duration"),
        (json!({"duration": "P1M"}), "/duration"),
        (json!({"duration": "P1Y"}), "/duration"),
        (json!({"duration": 3600}), "/duration"),
        (json!({"user_id": 13}), "/user_id"),
        (json!({"justification": "too short"}), "/justification"),
        (json!({"justification": "  spaces        "}), "/justification"),
        (json!({"tags": null}), "/tags"),
        (json!({"tags": {"a-b": "c"}}), "/tags/a-b"),
        (json!({"tags": {"a": 1}}), "/tags/a"),
        (json!({"tags": {"a": ""}}), "/tags/a"),
        (json!({"tags": many}), "/tags"),
        (json!({"permission_grant": null}), "/permission_grant"),
        (json!({"permission_grant": {"permission_name": "Doc-*"}}), "/permission_grant/permission_name"),
        (json!({"expires_at": "2027-01-01T00:00:00Z"}), "/expires_at"),
    ] {
        let mut body = grant(13, "Doc:Read", "PT1H");
        for (field, value) in change.as_object().unwrap() {
            body[field] = value.clone();
        }
        assert_eq!(pointers(&service.post(path, body).await), [pointer], "{change}");
    }
    let missing = pointers(&service.post(path, json!({})).await);
    assert_eq!(missing, ["/user_id", "/duration", "/permission_grant", "/justification"]);
    for user in [22, 9_999] {
        let answer = service.post(path, grant(user, "Doc:Read", "PT1H")).await;
        assert_eq!(answer.status, 404, "{}", answer.body);
    }
    assert_eq!(service.send(reqwest::Method::GET, path, &Value::Null).await.status, 405);
    assert!(
        service.get("acme/role/temporary_permission_grants").await.body["temporary_permission_grants"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_is_judged_for_the_grant_with_its_attributes() {
    let app = app().await;
    let (service, path) = (service(&app), "acme/role/temporary_permission_grant");
    assert_eq!(user(&app, 11).post(path, grant(13, "Doc:Read", "PT1H")).await.status, 403);
    let mut role = super::role("grants reading to two", &["Doc:Read"]);
    role["permission_grants"] = json!([{"permission_name": "Role:CreateTemporaryPermissionGrant", "conditions": {
        "permission_name": {"type": "Equals", "value": "Doc:Read"}, "user_id": {"type": "In", "values": ["13", "14"]}}}]);
    service.write("acme/role", role).await;
    service.write("acme/role/grants reading to two/assign", json!({"user_id": "15"})).await;
    let limited = user(&app, 15);
    // Not compared with what he has: he can't read himself.
    assert_eq!(limited.post(path, grant(13, "Doc:Read", "PT1H")).await.status, 201);
    assert_eq!(limited.post(path, grant(14, "Doc:Edit", "PT1H")).await.status, 403);
    assert_eq!(limited.post(path, grant(15, "Doc:Read", "PT1H")).await.status, 403);
    assert!(!app.allows(14, "Doc:Edit", DOC).await && !app.allows(15, "Doc:Read", DOC).await);
    // He may see none of them.
    let seen = limited.get("acme/role/temporary_permission_grants").await.body;
    assert_eq!(seen, json!({"temporary_permission_grants": [], "has_more": false, "continuation_token": null}));
}
