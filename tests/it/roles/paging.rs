//! Getting temporary grants: filters, orders and pages, against a list that is sorted and filtered by hand.

use super::{Asker, app, grant, pointers, service, user};
use crate::support::app::App;
use crate::support::organization::Dice;
use permdex::clock::Clock;
use serde_json::{Value, json};

/// What a field of a grant is sorted by.
type Key = fn(&Value) -> String;
/// What a filter lets through.
type Filter = Box<dyn Fn(&Value) -> bool>;

const PATH: &str = "acme/role/temporary_permission_grants";

/// Forty grants with many ties; half of them have expired.
async fn granted(app: &App) -> Vec<Value> {
    let mut dice = Dice(7);
    let mut roll = |sides| dice.below(sides);
    for _ in 0..40 {
        let mut body = grant(10 + i64::try_from(roll(5)).unwrap(), ["Doc:Read", "Doc:Edit", "A:B"][roll(3)], "P1D");
        body["tags"] = [json!({}), json!({"a": "1"}), json!({"a": null}), json!({"a": "1", "b": "2"})][roll(4)].clone();
        let answer = match roll(3) {
            0 => service(app).post("acme/role/temporary_permission_grant?waitForCompletion=false", body).await,
            _ => user(app, 10).post("acme/role/temporary_permission_grant?waitForCompletion=false", body).await,
        };
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
    // Instants with ties.
    let sql =
        "update temporary_grants set expires_at = date_trunc('hour', now()) + (serial % 4 - 2) * interval '1 hour'";
    sqlx::query(sql).execute(&app.database.pool).await.unwrap();
    let all = pages(&service(app), "", 7).await;
    assert_eq!(all.len(), 40);
    all
}

/// All of a list, page by page; its pages say when there is more.
async fn pages(asker: &Asker<'_>, query: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut token) = (Vec::new(), json!(0));
    loop {
        let answer = asker.get(&format!("{PATH}?limit={limit}&continuation_token={token}{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        let page = answer.body["temporary_permission_grants"].as_array().unwrap().clone();
        let has_more = answer.body["has_more"].as_bool().unwrap();
        assert!(page.len() == limit || !has_more, "full while there is more");
        all.extend(page);
        token = answer.body["continuation_token"].clone();
        assert_eq!(token.is_null(), !has_more);
        if !has_more {
            return all;
        }
    }
}

fn ids(grants: &[Value]) -> Vec<&str> {
    grants.iter().map(|grant| grant["_id"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_and_filter_is_as_by_hand_and_pages_neither_lose_nor_repeat() {
    let app = app().await;
    let all = granted(&app).await;
    let asker = service(&app);
    let user_id: Key = |grant| format!("{:>20}", grant["user_id"].as_str().unwrap());
    let expires_at: Key = |grant| grant["expires_at"].as_str().unwrap().to_owned();
    let name: Key = |grant| grant["permission_grant"]["permission_name"].as_str().unwrap().to_owned();
    let fields = [("user_id", user_id), ("expires_at", expires_at), ("permission_grant.permission_name", name)];
    let mut dice = Dice(11);
    let mut roll = |sides| dice.below(sides);
    for round in 0..30 {
        let mut chosen = fields.to_vec();
        for index in (1..chosen.len()).rev() {
            chosen.swap(index, roll(index + 1));
        }
        chosen.truncate(roll(4));
        let signs: Vec<bool> = chosen.iter().map(|_| roll(2) == 0).collect();
        let mut expected = all.clone();
        // Stable, the last field first: ties stay in the order of their making, or in its reverse.
        if signs.last() == Some(&true) {
            expected.reverse();
        }
        for ((_, key), descending) in chosen.iter().zip(&signs).rev() {
            expected
                .sort_by(|one, other| if *descending { key(other).cmp(&key(one)) } else { key(one).cmp(&key(other)) });
        }
        let mut query = String::new();
        for ((field, _), descending) in chosen.iter().zip(&signs) {
            let sign = if *descending { "-" } else { ["%2B", "+"][roll(2)] };
            query.extend(["&sort_by=", sign, field]);
        }
        let now = Clock::System.now().to_string();
        let filters: [(&str, Filter); 10] = [
            ("", Box::new(|_| true)),
            ("&user_id=10&user_id=12", Box::new(|grant| grant["user_id"] == "10" || grant["user_id"] == "12")),
            ("&permission_grant_name=A:B", Box::new(|grant| grant["permission_grant"]["permission_name"] == "A:B")),
            ("&is_expired=true", Box::new(move |grant| grant["expires_at"].as_str().unwrap() <= now.as_str())),
            ("&creator=acme_10", Box::new(|grant| grant["creator"] == json!({"org_id": "acme", "user_id": "10"}))),
            ("&creator=acme_service:test", Box::new(|grant| grant["creator"]["user_id"] == "service:test")),
            ("&tag=a:1", Box::new(|grant| grant["tags"]["a"] == "1")),
            ("&tag=a:*", Box::new(|grant| grant["tags"].get("a").is_some())),
            ("&tag=a:", Box::new(|grant| grant["tags"].get("a") == Some(&Value::Null))),
            ("&tag=a:1&tag=b:2", Box::new(|grant| grant["tags"] == json!({"a": "1", "b": "2"}))),
        ];
        let (filter, holds) = &filters[round % filters.len()];
        expected.retain(|grant| holds(grant));
        let found = pages(&asker, &format!("{query}{filter}"), 1 + roll(10)).await;
        assert_eq!(ids(&found), ids(&expected), "{query}{filter}");
        assert!(!expected.is_empty() && (expected.len() < 40) != filter.is_empty(), "{filter} tells nothing");
    }
    let picked = format!("&id={}&id={}", all[3]["_id"].as_str().unwrap(), all[30]["_id"].as_str().unwrap());
    assert_eq!(
        ids(&pages(&asker, &picked, 10).await),
        [all[3]["_id"].as_str().unwrap(), all[30]["_id"].as_str().unwrap()]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_stay_exact_when_some_are_left_out() {
    let app = app().await;
    let all = granted(&app).await;
    let mut role = super::role("sees some", &[]);
    role["permission_grants"] = json!([{"permission_name": "Role:GetTemporaryPermissionGrant", "conditions": {
        "permission_name": {"type": "NotEquals", "value": "Doc:Edit"}, "user_id": {"type": "In", "values": ["10", "11", "12"]}}}]);
    service(&app).write("acme/role", role).await;
    service(&app).write("acme/role/sees some/assign", json!({"user_id": "17"})).await;
    let expected: Vec<Value> = all
        .into_iter()
        .filter(|grant| {
            grant["permission_grant"]["permission_name"] != "Doc:Edit"
                && ["10", "11", "12"].contains(&grant["user_id"].as_str().unwrap())
        })
        .collect();
    assert!((5..35).contains(&expected.len()));
    for limit in [1, 3, 10] {
        assert_eq!(ids(&pages(&user(&app, 17), "", limit).await), ids(&expected), "{limit}");
    }
    // Unless said: ten, from the first on.
    let page = user(&app, 10).get(PATH).await.body;
    assert_eq!(
        (page["temporary_permission_grants"].as_array().map(Vec::len), &page["has_more"]),
        (Some(10), &json!(true))
    );
    let first = user(&app, 17).get(&format!("{PATH}?limit=0")).await.body;
    assert_eq!(first, json!({"temporary_permission_grants": [], "has_more": true, "continuation_token": 0}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_list_is_named() {
    let app = app().await;
    let service = service(&app);
    for (query, pointer) in [
        ("limit=11", "/limit"),
        ("limit=-1", "/limit"),
        ("limit=x", "/limit"),
        ("continuation_token=-1", "/continuation_token"),
        ("continuation_token=99999", "/continuation_token"),
        ("id=17", "/id"),
        ("user_id=x", "/user_id"),
        ("is_expired=1", "/is_expired"),
        ("tag=a", "/tag"),
        ("sort_by=user_id", "/sort_by"),
        ("sort_by=%2Bname", "/sort_by"),
        ("sort_by=%2Buser_id&sort_by=-user_id", "/sort_by"),
        ("limit=1&limit=2", "/limit"),
        ("sortBy=%2Buser_id", "/sortBy"),
    ] {
        assert_eq!(pointers(&service.get(&format!("{PATH}?{query}")).await), [pointer], "{query}");
    }
}
