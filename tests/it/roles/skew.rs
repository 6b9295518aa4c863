//! Write skew: an administrator is stripped while he uses what he had. The second is judged by what the first has left.

use super::{app, grant, role, user};
use crate::support::line_up::line_up;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_stripped_meanwhile_is_judged_by_what_is_left() {
    for (path, body) in [
        ("acme/role", role("mine", &["Doc:Read"])),
        ("acme/role/reader", json!({"description": "mine"})),
        ("acme/role/reader", json!({"permission_grants": []})),
        ("acme/role/editor/assign", json!({"user_id": "13"})),
        ("acme/role/temporary_permission_grant", grant(13, "Doc:Read", "PT1H")),
    ] {
        let app = app().await;
        let send = async |path: &str, body: Value| user(&app, 10).post(path, body).await.status.as_u16();
        let strip = send("acme/role/empty/assign", json!({"user_id": "10"}));
        assert_eq!(line_up(&app, strip, send(path, body.clone())).await, (200, 403), "{path} {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_grows_is_not_given_by_who_could_give_it_before() {
    let app = app().await;
    // The editor may give `reader`; meanwhile somebody makes it more than he has.
    let grow = async {
        let grants = role("", &["Doc:Read", "Invoice:Pay"])["permission_grants"].clone();
        super::service(&app).post("acme/role/reader", json!({"permission_grants": grants})).await.status.as_u16()
    };
    let give = async { user(&app, 11).post("acme/role/reader/assign", json!({"user_id": "13"})).await.status.as_u16() };
    assert_eq!(line_up(&app, grow, give).await, (200, 403));
    assert!(!app.allows(13, "Invoice:Pay", super::DOC).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_give_a_user_different_roles_the_later_is_judged_by_the_earlier() {
    let app = app().await;
    // The administrator makes the 13th an administrator while the editor, who could, makes him a reader.
    let promote =
        async { user(&app, 10).post("acme/role/admin/assign", json!({"user_id": "13"})).await.status.as_u16() };
    let demote =
        async { user(&app, 11).post("acme/role/reader/assign", json!({"user_id": "13"})).await.status.as_u16() };
    assert_eq!(line_up(&app, promote, demote).await, (200, 403));
    assert!(app.allows(13, "Role:CreateRole", "acrn:permdex:1:role/1").await);
}
