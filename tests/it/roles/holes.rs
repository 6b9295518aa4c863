//! Ways in which somebody could get or take what is not his, each tried.

use super::{DOC, app, grant, role, service, user};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_role_does_not_strip_an_administrator() {
    let app = app().await;
    for caller in [11, 12, 13] {
        let refused = user(&app, caller).post("acme/role/empty/assign", json!({"user_id": "10"})).await;
        assert_eq!(refused.status, 403, "{caller}: {}", refused.body);
    }
    assert!(app.allows(10, "Role:CreateRole", "acrn:permdex:1:role/7").await);
    // Nor by taking it away through administration, or by emptying it.
    let token = app.token_of(12, "acme");
    let body = json!({"customerId": 1, "email": "u10@example.org"});
    assert_eq!(app.ask_as(&token, reqwest::Method::PUT, "/v2/user/10", body).await.status, 403);
    let refused = user(&app, 12).post("acme/role/admin", json!({"permission_grants": []})).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_a_foreign_organization_is_given_to_nobody() {
    let app = app().await;
    service(&app).write("globex/role", role("only globex", &["Doc:Read"])).await;
    for asker in [user(&app, 10), service(&app)] {
        let answer = asker.post("acme/role/only globex/assign", json!({"user_id": "13"})).await;
        assert_eq!(answer.status, 404, "{}", answer.body);
        // Nor is a role given to a user of a foreign organization.
        let answer = asker.post("acme/role/reader/assign", json!({"user_id": "22"})).await;
        assert_eq!(answer.status, 404, "{}", answer.body);
    }
    let seen = user(&app, 10).roles("acme/role?id=2&id=21").await;
    assert!(seen.is_empty(), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_grant_of_a_user_reaches_no_other_tenant_and_names_no_wildcard() {
    let app = app().await;
    let (admin, path) = (user(&app, 10), "acme/role/temporary_permission_grant");
    for name in ["*", "Doc:*", "Doc:*:x"] {
        let refused = admin.post(path, grant(13, name, "PT1H")).await;
        assert_eq!(refused.status, 403, "{name}: {}", refused.body);
        assert!(refused.body["detail"].as_str().unwrap().contains("`*`"));
    }
    for condition in [
        json!({"type": "Equals", "value": "globex"}),
        json!({"type": "In", "values": ["acme", "globex"]}),
        json!({"type": "NotEquals", "value": "acme"}),
        json!({"type": "NotEquals", "value": "nobody"}),
    ] {
        let mut body = grant(13, "Doc:Read", "PT1H");
        body["permission_grant"]["conditions"] = json!({"org_id": condition});
        let refused = admin.post(path, body.clone()).await;
        assert_eq!(refused.status, 403, "{condition}: {}", refused.body);
        assert_eq!(service(&app).post(path, body).await.status, 201, "a service's does: {condition}");
    }
    let mut own = grant(14, "Doc:Read", "PT1H");
    own["permission_grant"]["conditions"] = json!({"org_id": {"type": "Equals", "value": "{self_org_id}"}});
    assert_eq!(admin.post(path, own).await.status, 201);
    assert!(app.allows(14, "Doc:Read", DOC).await && !app.allows(14, "Doc:Read", "acrn:app:2:doc/7").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_just_stripped_can_not_use_the_lag() {
    let app = app().await;
    let admin = user(&app, 10);
    // He has been an administrator for the index, and is none any more for the database.
    sqlx::query("update users set role_id = 13 where id = 10").execute(&app.database.pool).await.unwrap();
    assert!(app.allows(10, "Role:CreateRole", "acrn:permdex:1:role/7").await, "the index still says so");
    assert_eq!(admin.post("acme/role", role("mine", &[])).await.status, 403);
    assert_eq!(admin.post("acme/role/reader", json!({"description": "x"})).await.status, 403);
    assert_eq!(admin.post("acme/role/reader/assign", json!({"user_id": "13"})).await.status, 403);
    assert_eq!(admin.post("acme/role/temporary_permission_grant", grant(13, "Doc:Read", "PT1H")).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_told_to_the_audit_log() {
    let app = app().await;
    user(&app, 12).post("acme/role", role("mine", &[])).await;
    user(&app, 12).post("acme/role/reader", json!({"description": "x"})).await;
    user(&app, 12).post("acme/role/editor/assign", json!({"user_id": "13"})).await;
    user(&app, 12).post("acme/role/temporary_permission_grant", grant(13, "Doc:Read", "PT1H")).await;
    let rows: Vec<(String, Option<String>)> =
        sqlx::query_as("select action, refused from audit where actor = 'acme_12' order by id")
            .fetch_all(&app.database.pool)
            .await
            .unwrap();
    let actions: Vec<_> = rows.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(
        actions,
        ["Role:CreateRole", "Role:ModifyRole", "Role:AssignRole", "Role:CreateTemporaryPermissionGrant"]
    );
    assert!(rows.iter().all(|(_, refused)| refused.is_some()));
}
