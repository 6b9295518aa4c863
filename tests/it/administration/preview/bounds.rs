//! However many a change affects and however much they hold, a dry run ends and its answer is short.

use super::super::lines;
use super::*;
use crate::support::app::Engine;
use permdex::service::{Limited, Settings};
use std::time::{Duration, Instant};

/// All users of a customer hold policy 1, the odd ones policy 2 too.
fn many(users: i64) -> Vec<String> {
    let mut lines = vec![json!({"kind": "customer", "id": 1, "organization": "acme", "name": "Acme"})];
    lines.extend(
        (1..=users).map(|id| json!({"kind": "user", "id": id, "customerId": 1, "email": format!("u{id}@x.example")})),
    );
    let own = allow("home:*", "acrn:app:1:home/${userId}");
    lines.push(json!({"kind": "policy", "id": 1, "name": "all", "statements": [allow("doc:read", DOC), own]}));
    lines.push(json!({"kind": "policy", "id": 2, "name": "odd", "statements": [allow("doc:*", DOC)]}));
    lines.push(json!({"kind": "assignment", "policyId": 1, "customerId": 1}));
    lines.push(json!({"kind": "securityGroup", "id": 1, "customerId": 1, "name": "Odd"}));
    lines.push(json!({"kind": "assignment", "policyId": 2, "securityGroupId": 1}));
    lines.extend((1..=users).step_by(2).map(|id| json!({"kind": "member", "securityGroupId": 1, "userId": id})));
    lines.iter().map(Value::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_are_counted_exactly_and_a_hundred_of_them_are_listed() {
    let limits = Settings { dry_run_time: Duration::from_mins(5), ..Settings::default() };
    let app = App::launch_limited(Engine::Embedded, many(10_000), limits, |index| index).await;
    app.ready().await;
    let root = service(&app);
    let begun = Instant::now();
    let statements = json!([allow("doc:edit", DOC), allow("home:*", "acrn:app:1:home/*")]);
    let found = put(1, json!({"name": "all", "statements": statements})).preview(&root).await;
    println!("a preview of a policy that 10,000 users hold took {:?}", begun.elapsed());
    // The odd ones have all of documents by their group.
    assert_eq!((&found["gaining"], &found["losing"]), (&json!(10_000), &json!(5_000)));
    let users = found["users"].as_array().unwrap();
    let ids: Vec<_> = users.iter().map(|user| user["id"].as_i64().unwrap()).collect();
    assert_eq!((ids, &found["complete"]), ((1..=100).collect(), &json!(true)));
    let home = "home:* acrn:app:1:home/*";
    assert_eq!(users[0], json!({"id": 1, "gains": [home], "loses": []}));
    let (gains, loses) = ([format!("doc:edit {DOC}"), home.to_owned()], [format!("doc:read {DOC}")]);
    assert_eq!(users[1], json!({"id": 2, "gains": gains, "loses": loses}));
    // What each has of his own counts as what it is.
    let found = put(1, json!({"name": "all", "statements": [allow("doc:read", DOC)]})).preview(&root).await;
    assert_eq!((&found["gaining"], &found["losing"]), (&json!(0), &json!(10_000)));
    assert_eq!(found["users"][6], json!({"id": 7, "gains": [], "loses": ["home:* acrn:app:1:home/7"]}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_cut_and_said_to_be() {
    let limits = Settings { dry_run_time: Duration::ZERO, ..Settings::default() };
    let app = App::launch_limited(Engine::Embedded, lines(), limits, |index| index).await;
    app.ready().await;
    let root = service(&app);
    let found = assign(json!({"policyId": 3, "customerId": 1})).preview(&root).await;
    assert_eq!((&found["complete"], &found["changed"]), (&json!(false), &json!(true)), "{found}");
    assert_eq!((&found["gaining"], &found["users"]), (&json!(0), &json!([])), "{found}");
    // Nobody is to be looked at: nothing is cut.
    let found = assign(json!({"policyId": 3, "userId": 11})).preview(&root).await;
    assert_eq!(found["complete"], json!(true), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_with_very_much_does_not_hold_it_up_and_little_of_it_is_listed() {
    let app = app().await;
    let root = service(&app);
    let resources = |prefix: &str| -> Vec<String> { (0..1_000).map(|n| format!("acrn:app:1:{prefix}/{n}")).collect() };
    let statements = |prefix: &str| -> Value {
        let one =
            |n: usize| json!({"effect": "allow", "actions": [format!("{prefix}:{n}")], "resources": resources(prefix)});
        (0..20).map(one).collect()
    };
    let made = root.write(Method::POST, "/v2/policy", policy(statements("a"))).await["id"].as_i64().unwrap();
    assign(json!({"policyId": made, "userId": 12})).make(&root).await;
    let found = put(made, policy(statements("b"))).preview(&root).await;
    let one = &found["users"][0];
    for side in ["gains", "loses"] {
        let pairs = one[side].as_array().unwrap();
        assert!(pairs.len() == 50 && pairs.is_sorted_by(|one, next| one.as_str() < next.as_str()), "{found}");
    }
    assert_eq!((&found["gaining"], &found["losing"]), (&json!(1), &json!(1)), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_too_much_to_be_loaded_is_left_out_and_nobody_else_is() {
    let limits = Settings { dry_run_time: Duration::from_mins(5), ..Settings::default() };
    let app = App::launch_limited(Engine::Embedded, many(1_000), limits, |index| index).await;
    app.ready().await;
    // More text than a page may have, all of it user 12's.
    let much = "insert into policies (id, name, statements)
            select 1000 + g, 'x', jsonb_build_array(repeat('x', 1100000)) from generate_series(1, 64) g;
        insert into assignments (policy_id, customer_id, user_id) select 1000 + g, 1, 12 from generate_series(1, 64) g;";
    sqlx::raw_sql(much).execute(&app.database.pool).await.unwrap();
    // The odd ones have it already; of the even ones all but him would get it, those of the pages behind his too.
    let found = assign(json!({"policyId": 2, "customerId": 1})).preview(&service(&app)).await;
    assert_eq!((&found["gaining"], &found["complete"]), (&json!(499), &json!(false)));
    let ids: Vec<_> = found["users"].as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()).collect();
    let even: Vec<_> = (2..=202).step_by(2).filter(|id| *id != 12).collect();
    assert_eq!(ids, even);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_limit_a_dry_run_is_told_when_to_come_again() {
    let limits = Settings { dry_run_concurrency: 1, ..Settings::default() };
    let app = App::launch_limited(Engine::Embedded, lines(), limits, |index| index).await;
    app.ready().await;
    let root = service(&app);
    let other = app.assembly.cluster.turn(Limited::DryRun).expect("nobody else asks");
    for change in [
        assign(json!({"policyId": 3, "userId": 12})),
        put(3, policy(json!([allow("doc:edit", DOC)]))),
        Change(Method::DELETE, "/v2/policy/3?cascade=true".into(), Value::Null),
    ] {
        let Change(method, path, body) = change.with("dryRun");
        let refused = root.send(method, &path, body).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{}", refused.body);
        assert!(refused.headers.contains_key("retry-after"));
    }
    // Writes need no turn.
    assign(json!({"policyId": 4, "userId": 12})).make(&root).await;
    drop(other);
    for _ in 0..3 {
        assign(json!({"policyId": 3, "userId": 12})).preview(&root).await;
    }
}
