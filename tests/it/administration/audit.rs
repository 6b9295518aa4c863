//! The audit log: a row a change, with what differs; refused attempts too, but not without bound.

use super::{app, policy, service, user};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_told_with_what_differs() {
    let app = app().await;
    let admin = user(&app, 10);
    let statements = json!([{"effect": "allow", "actions": ["doc:read"], "resources": ["acrn:app:1:doc/*"]}]);
    let made = admin.write(Method::POST, "/v2/policy", policy(statements.clone())).await;
    let path = format!("/v2/policy/{}", made["id"]);
    let mut renamed = policy(statements);
    renamed["name"] = json!("other");
    admin.write(Method::PUT, &path, renamed).await;
    let target = format!("policy:{}", made["id"]);
    let rows = admin.get(&format!("/v2/audit?target={target}")).await.body;
    let [update, create] = rows["items"].as_array().unwrap().as_slice() else { panic!("two rows: {rows}") };
    assert_eq!(update["actor"], json!("acme_10"));
    assert_eq!((&update["action"], &update["customerId"]), (&json!("permdex:policy:update"), &json!(1)));
    assert_eq!((&update["before"], &update["after"]), (&json!({"name": "p"}), &json!({"name": "other"})));
    assert_eq!((&create["before"], &create["after"]["name"]), (&Value::Null, &json!("p")));
    assert!(update["requestId"].is_string() && update["at"].is_string(), "{update}");
    // Pages, and what filters.
    let page = admin.get(&format!("/v2/audit?target={target}&limit=1")).await.body;
    assert_eq!(page["items"][0], *update);
    let path = format!("/v2/audit?target={target}&limit=1&cursor={}", page["nextCursor"].as_str().unwrap());
    assert_eq!(admin.get(&path).await.body, json!({"items": [create]}));
    for (filter, count) in
        [("actor=acme_10", 2), ("actor=acme_11", 0), ("from=2999-01-01T00:00:00Z", 0), ("to=1971-01-01T00:00:00Z", 0)]
    {
        let found = admin.get(&format!("/v2/audit?{filter}&target={target}")).await.body;
        assert_eq!(found["items"].as_array().unwrap().len(), count, "{filter}");
    }
    // Another tenant's rows are not his to see, and nobody's to change.
    let all = admin.get("/v2/audit?limit=1000").await.body;
    assert!(all["items"].as_array().unwrap().iter().all(|row| row["customerId"] == json!(1)), "{all}");
    assert_eq!(user(&app, 12).get("/v2/audit").await.status, StatusCode::FORBIDDEN);
    for sql in ["update audit set actor = 'x'", "delete from audit", "truncate audit"] {
        let refused = sqlx::query(sql).execute(&app.database.pool).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{sql}: {refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_attempt_is_told_and_its_number_has_a_bound() {
    let app = app().await;
    let (nobody, admin, foreigner) = (user(&app, 12), user(&app, 10), user(&app, 20));
    let body = json!({"customerId": 1, "name": "x"});
    assert_eq!(nobody.send(Method::PUT, "/v2/securityGroup/4", body.clone()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(admin.assign(json!({"policyId": 4, "userId": 10})).await.status, StatusCode::FORBIDDEN);
    assert_eq!(foreigner.send(Method::DELETE, "/v2/user/12", Value::Null).await.status, StatusCode::NOT_FOUND);
    let rows = admin.get("/v2/audit?limit=3").await.body;
    let [hidden, uncovered, lacking] = rows["items"].as_array().unwrap().as_slice() else { panic!("{rows}") };
    assert_eq!((&lacking["actor"], &lacking["target"]), (&json!("acme_12"), &json!("securityGroup:4")));
    assert!(lacking["refused"].as_str().unwrap().contains("permdex:securityGroup:update"), "{lacking}");
    assert!(uncovered["refused"].as_str().unwrap().contains("invoice:pay"), "{uncovered}");
    // Whose thing it was sees who reached for it.
    assert_eq!((&hidden["actor"], &hidden["customerId"]), (&json!("globex_20"), &json!(1)));
    for _ in 0..30 {
        nobody.send(Method::PUT, "/v2/securityGroup/4", body.clone()).await;
    }
    let kept = service(&app).get("/v2/audit?actor=acme_12&limit=1000").await.body;
    assert_eq!(kept["items"].as_array().unwrap().len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn months_are_partitions_made_ahead() {
    let app = app().await;
    let count = "select count(*) from pg_inherits where inhparent = 'audit'::regclass";
    let months: i64 = sqlx::query_scalar(count).fetch_one(&app.database.pool).await.unwrap();
    // Three months ahead, and the default one.
    assert_eq!(months, 4);
    permdex::store::audit::months_ahead(&app.database.pool).await.unwrap();
    let again: i64 = sqlx::query_scalar(count).fetch_one(&app.database.pool).await.unwrap();
    assert_eq!(again, months);
}
