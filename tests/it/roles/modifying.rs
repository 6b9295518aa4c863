//! Modifying a role: in place, or by one that takes over.

use super::{DOC, app, pointers, role, service, user};
use crate::support::app::{App, Engine};
use permdex::service::generate::LineReader;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

#[tokio::test(flavor = "multi_thread")]
async fn a_description_is_changed_in_place() {
    let app = app().await;
    let admin = user(&app, 10);
    let id = admin
        .write("acme/role/reader", json!({"description": "Reads.", "permission_grants": null, "frontend_view": null}))
        .await;
    assert_eq!(id, json!({"role_id": "12"}));
    assert_eq!(admin.get("acme/role?id=12").await.body["roles"][0]["description"], "Reads.");
    // The same values make no new role, given all together.
    let same = json!({"description": "Reads.", "frontend_view": "client",
        "permission_grants": [{"permission_name": "Doc:Read", "conditions": {}}]});
    assert_eq!(admin.write("acme/role/reader/", same).await, json!({"role_id": "12"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn immutable_fields_make_a_new_role_of_the_same_name_with_all_users() {
    let app = app().await;
    let admin = user(&app, 10);
    admin.write("acme/role/reader/assign", json!({"user_id": "13"})).await;
    let grants =
        json!([{"permission_name": "Doc:Read", "conditions": {}}, {"permission_name": "Doc:Print", "conditions": {}}]);
    let new = admin.write("acme/role/reader", json!({"permission_grants": grants})).await["role_id"].clone();
    assert_ne!(new, "12");
    for user in [12, 13] {
        assert!(app.allows(user, "Doc:Print", DOC).await && app.allows(user, "Doc:Read", DOC).await);
    }
    assert_eq!(app.who_has("Doc:Print", DOC, 10).await, [10, 12, 13]);
    // One of the name; the old one by its id only, as it was.
    assert_eq!(admin.roles("acme/role").await, ["admin", "editor", "empty", "reader"]);
    assert_eq!(admin.get("acme/role?name=reader").await.body["roles"][0]["id"], new);
    let old = admin.get("acme/role?id=12&return_permission_grants=true").await.body["roles"][0].clone();
    assert_eq!(old["permission_grants"], json!([{"permission_name": "Doc:Read", "conditions": {}}]));
    // The view is immutable too.
    let newer = admin.write("acme/role/reader", json!({"frontend_view": "admin"})).await["role_id"].clone();
    assert!(newer != new && app.allows(13, "Doc:Print", DOC).await);
    // A day later it is gone, purged or not.
    let age = "update roles set retired_at = retired_at - interval '1 day' where retired_at is not null";
    sqlx::query(age).execute(&app.database.pool).await.unwrap();
    assert!(admin.roles("acme/role?id=12").await.is_empty());
    // Assigning it by name gives the living one.
    assert_eq!(admin.write("acme/role/reader/assign", json!({"user_id": "14"})).await["role_id"], newer);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_change_is_named() {
    let app = app().await;
    let service = service(&app);
    for (body, found) in [
        (json!({}), vec![""]),
        (json!({"description": null}), vec![""]),
        (json!({"description": ""}), vec!["/description"]),
        (json!({"description": 1}), vec!["/description"]),
        (json!({"frontend_view": "x"}), vec!["/frontend_view"]),
        (json!({"permission_grants": {}}), vec!["/permission_grants"]),
        (json!({"role_name": "other"}), vec!["/role_name", ""]),
    ] {
        let mut wrong = pointers(&service.post("acme/role/reader", body.clone()).await);
        wrong.sort_unstable_by(|one, other| other.cmp(one));
        assert!(found.iter().all(|found| wrong.iter().any(|wrong| wrong == found)), "{body}: {wrong:?}");
    }
    for name in ["nobody", "%00", "%20", "temporary%5Fpermission%5Fgrantz"] {
        assert_eq!(service.post(&format!("acme/role/{name}"), json!({"description": "x"})).await.status, 404, "{name}");
    }
    assert_eq!(service.post("acme/role/%ff", json!({"description": "x"})).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_needs_the_right_and_what_the_new_and_the_old_role_give() {
    let app = app().await;
    let service = service(&app);
    let grants = |names: &[&str]| json!({"permission_grants": role("", names)["permission_grants"]});
    assert_eq!(user(&app, 11).post("acme/role/reader", json!({"description": "Mine."})).await.status, 403);
    let admin = user(&app, 10);
    let refused = admin.post("acme/role/reader", grants(&["Invoice:Pay"])).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(refused.body["detail"].as_str().unwrap().contains("Invoice:Pay"));
    // Whoever has it keeps it: nobody can take what he could not give.
    service.write("acme/role", role("payer", &["Invoice:Pay"])).await;
    service.write("acme/role/payer/assign", json!({"user_id": "15"})).await;
    let refused = admin.post("acme/role/payer", grants(&[])).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(app.allows(15, "Invoice:Pay", "acrn:app:1:invoice/1").await);
    // A role that nobody has takes nothing from anybody.
    service.write("acme/role/empty/assign", json!({"user_id": "15"})).await;
    assert_eq!(admin.post("acme/role/payer", grants(&[])).await.status, 200);
    // Who may modify clients' roles only can't make administrators' of them.
    let mut limited = role("modifies clients", &["", "Doc:*"]);
    limited["permission_grants"][0] = json!({"permission_name": "Role:ModifyRole",
        "conditions": {"frontend_view": {"type": "Equals", "value": "client"}}});
    service.write("acme/role", limited).await;
    service.write("acme/role/modifies clients/assign", json!({"user_id": "16"})).await;
    let limited = user(&app, 16);
    assert_eq!(limited.post("acme/role/reader", json!({"description": "Reads."})).await.status, 200);
    assert_eq!(limited.post("acme/role/reader", json!({"frontend_view": "admin"})).await.status, 403);
    assert_eq!(limited.post("acme/role/admin", json!({"description": "Ours."})).await.status, 403);
}

/// A role that 5,000 users have is changed; a reader looks all the while: at every instant each of them has one of the two.
async fn nobody_is_ever_without(engine: Engine) {
    let mut lines = super::lines();
    for id in 1_000..6_000 {
        let email = format!("u{id}@example.org");
        lines
            .push(json!({"kind": "user", "id": id, "customerId": 1, "email": email, "roleName": "reader"}).to_string());
    }
    let app = App::start(engine, lines).await;
    let (service, stop) = (service(&app), AtomicBool::new(false));
    let watch = async {
        let sql = "select count(*) filter (where r.id is null or r.retired_at is not null), count(distinct u.role_id)
            from users u left join roles r on r.id = u.role_id where u.id >= 1000";
        let mut looked = 0;
        while !stop.load(Ordering::Relaxed) {
            let (without, roles): (i64, i64) = sqlx::query_as(sql).fetch_one(&app.database.pool).await.unwrap();
            assert_eq!((without, roles), (0, 1));
            // What both give is never missing, whoever is written already.
            assert!(app.allows(1_000 + looked % 5_000, "Doc:Read", DOC).await);
            looked += 1;
        }
        looked
    };
    let change = async {
        let grants = json!([{"permission_name": "Doc:Read", "conditions": {}}, {"permission_name": "Doc:Print", "conditions": {}}]);
        let started = Instant::now();
        let id = service.write("acme/role/reader", json!({"permission_grants": grants})).await;
        let took = started.elapsed();
        stop.store(true, Ordering::Relaxed);
        (id, took)
    };
    let ((id, took), looked) = futures::join!(change, watch);
    println!("{engine:?}: a role of 5,001 users changed with all of them in {took:?}; looked {looked} times meanwhile");
    assert!(looked > 0 && id["role_id"] != "12");
    let all: Vec<i64> = [10, 12].into_iter().chain(1_000..6_000).collect();
    assert_eq!(app.who_has("Doc:Print", DOC, 10_000).await, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_ever_without_a_role_embedded() {
    nobody_is_ever_without(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_ever_without_a_role_elastic() {
    nobody_is_ever_without(Engine::Elastic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assignment_that_waits_for_a_modification_gives_the_role_that_took_over() {
    let app = app().await;
    // Somebody holds the role: a modification and an assignment line up behind him.
    let mut held = app.database.pool.begin().await.unwrap();
    sqlx::query("select from roles where id = 12 for update").execute(&mut *held).await.unwrap();
    let modify = async {
        let grants: Value = role("", &["Doc:Read", "Doc:Print"])["permission_grants"].clone();
        service(&app).post("acme/role/reader", json!({"permission_grants": grants})).await
    };
    let assign = async {
        waiting(&app, 1).await;
        service(&app).post("acme/role/reader/assign", json!({"user_id": "14"})).await
    };
    let release = async {
        waiting(&app, 2).await;
        held.rollback().await.unwrap();
    };
    let (modified, assigned, ()) = futures::join!(modify, assign, release);
    assert_eq!((modified.status.as_u16(), assigned.status.as_u16()), (200, 200), "{}", assigned.body);
    assert_eq!(modified.body, assigned.body, "the one that took over");
    assert!(app.allows(14, "Doc:Print", DOC).await);
}

/// Waits until so many connections wait for a lock.
async fn waiting(app: &App, count: i64) {
    let sql = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    crate::support::app::within("somebody waits", || async {
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&app.database.pool).await.unwrap() >= count
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_and_an_export_carry_roles_and_what_they_give() {
    let app = app().await;
    let admin = user(&app, 10);
    admin
        .write(
            "acme/role/reader",
            json!({"permission_grants": role("", &["Doc:Read", "Doc:Print"])["permission_grants"]}),
        )
        .await;
    admin.write("acme/role/temporary_permission_grant", super::grant(14, "Doc:Read", "P1D")).await;
    let export = |app: App| async move {
        let mut out = Vec::new();
        permdex::service::export::export(&app.database.pool, &mut out).await.unwrap();
        (app, String::from_utf8(out).unwrap())
    };
    let (_first, text) = export(app).await;
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert!(text.contains("\"kind\":\"temporaryGrant\"") && text.contains("Doc:Print") && !text.contains("retired"));
    let second = App::start(Engine::Embedded, lines).await;
    let (second, again) = export(second).await;
    assert_eq!(again, text);
    // And once more over itself.
    let reader = LineReader::new(text.lines().map(str::to_owned).collect::<Vec<_>>().into_iter());
    permdex::service::import::import(&second.database.pool, reader, "cli:test", &permdex::clock::Clock::System)
        .await
        .unwrap();
    assert_eq!(export(second).await.1, text);
}
