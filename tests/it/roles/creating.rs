//! Creating a role.

use super::{app, pointers, role, service, user};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_created_and_can_be_got_and_given() {
    let app = app().await;
    let admin = user(&app, 10);
    let answer = admin.post("acme/role", role(" author ", &["Doc:Write"])).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.headers["x-job-completed"], "true");
    let id = answer.body["role_id"].as_str().unwrap().to_owned();
    let seen = admin.get(&format!("acme/role?id={id}&return_permission_grants=true")).await.body;
    let expected = json!({"roles": [{"id": id, "name": "author", "description": "It is for something.",
        "frontend_view": "client", "permission_grants": [{"permission_name": "Doc:Write", "conditions": {}}]}]});
    assert_eq!(seen, expected);
    // Without grants: none.
    let mut bare = role("bare", &[]);
    bare.as_object_mut().unwrap().remove("permission_grants");
    admin.write("acme/role/", bare).await;
    assert_eq!(
        admin.get("acme/role?name=bare&return_permission_grants=true").await.body["roles"][0]["permission_grants"],
        json!([])
    );
    // A permission name may be new, and a pattern.
    admin.write("acme/role", role("wide", &["Doc:*"])).await;
    admin.write("acme/role/author/assign", json!({"user_id": "13"})).await;
    assert!(app.allows(13, "Doc:Write", super::DOC).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_taken_once_in_an_organization() {
    let app = app().await;
    let answer = user(&app, 10).post("acme/role", role(" reader", &[])).await;
    assert_eq!(answer.status, 409, "{}", answer.body);
    assert!(answer.body["detail"].as_str().unwrap().contains("`reader`"));
    // Another organization's is another.
    assert_eq!(service(&app).post("my_org/role", role("reader", &[])).await.status, 201);
    // Of many at once, one.
    let many = futures::future::join_all((0..8).map(|_| {
        let app = &app;
        async move { service(app).post("acme/role", role("one of many", &[])).await.status.as_u16() }
    }));
    let mut statuses = many.await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_role_is_named() {
    let app = app().await;
    let service = service(&app);
    let refused = |change: Value| {
        let service = &service;
        async move {
            let mut body = role("fine", &[]);
            for (field, value) in change.as_object().unwrap() {
                body[field] = value.clone();
            }
            pointers(&service.post("acme/role", body).await)
        }
    };
    for (change, pointer) in [
        (json!({"role_name": ""}), "/role_name"),
        (json!({"role_name": "  "}), "/role_name"),
        (json!({"role_name": "x".repeat(257)}), "/role_name"),
        (json!({"role_name": "a\0b"}), "/role_name"),
        (json!({"role_name": "temporary_permission_grant"}), "/role_name"),
        (json!({"role_name": "temporary_permission_grants"}), "/role_name"),
        (json!({"role_name": 17}), "/role_name"),
        (json!({"description": ""}), "/description"),
        (json!({"description": null}), "/description"),
        (json!({"frontend_view": "Admin"}), "/frontend_view"),
        (json!({"frontend_view": null}), "/frontend_view"),
        (json!({"permission_grants": null}), "/permission_grants"),
        (
            json!({"permission_grants": [{"permission_name": "doc-*", "conditions": {}}]}),
            "/permission_grants/0/permission_name",
        ),
        (
            json!({"permission_grants": [{"permission_name": "Doc:Read", "conditions": {"a": {"type": "Like", "value": 1}}}]}),
            "/permission_grants/0/conditions/a/type",
        ),
        (
            json!({"permission_grants": [{"permission_name": "Doc:Read", "effect": "deny"}]}),
            "/permission_grants/0/effect",
        ),
        (json!({"permission_grants": vec![json!({"permission_name": "Doc:Read"}); 1_001]}), "/permission_grants"),
        (json!({"roleName": "camel"}), "/roleName"),
    ] {
        assert_eq!(refused(change.clone()).await, [pointer], "{change}");
    }
    assert_eq!(pointers(&service.post("acme/role", json!({})).await), ["/role_name", "/description", "/frontend_view"]);
    assert_eq!(pointers(&service.post("acme/role?wait=1", role("fine", &[])).await), ["/wait"]);
    assert_eq!(service.post("nobody/role", role("fine", &[])).await.status, 404);
    assert_eq!(service.post("NOBODY/role", role("fine", &[])).await.status, 404);
    assert!(service.roles("acme/role?name=fine").await.is_empty(), "nothing was stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_needs_the_right_on_the_role_to_be_and_everything_it_gives() {
    let app = app().await;
    let (admin, editor) = (user(&app, 10), user(&app, 11));
    let refused = editor.post("acme/role", role("mine", &[])).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(refused.body["detail"].as_str().unwrap().contains("`Role:CreateRole` on `acrn:permdex:1:role/"));
    let refused = admin.post("acme/role", role("payer", &["Doc:Read", "Invoice:Pay"])).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(refused.body["detail"].as_str().unwrap().contains("`Invoice:Pay acrn:*:1`"), "{}", refused.body);
    // Conditions on the role are judged for it: only clients' roles whose name is not taken from a list.
    let conditions =
        json!({"frontend_view": {"type": "Equals", "value": "client"}, "name": {"type": "NotEquals", "value": "boss"}});
    let mut limited = role("creator of clients", &["Doc:Read"]);
    limited["permission_grants"] = json!([{"permission_name": "Role:CreateRole", "conditions": conditions}, {"permission_name": "Doc:Read", "conditions": {}}]);
    admin.write("acme/role", limited).await;
    admin.write("acme/role/creator of clients/assign", json!({"user_id": "14"})).await;
    let limited = user(&app, 14);
    assert_eq!(limited.post("acme/role", role("fine", &["Doc:Read"])).await.status, 201);
    assert_eq!(limited.post("acme/role", role("boss", &["Doc:Read"])).await.status, 403);
    let mut admins = role("admins", &[]);
    admins["frontend_view"] = "admin".into();
    assert_eq!(limited.post("acme/role", admins).await.status, 403);
}
