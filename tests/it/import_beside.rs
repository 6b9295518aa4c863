//! An import beside other writers: they go on, and what it relies on stays.

use crate::import::ORPHANS;
use crate::support::app::{App, Engine, within};
use permdex::clock::Clock;
use permdex::service::generate::LineReader;
use permdex::service::import::{ImportError, import};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const USERS: i64 = 3_000;

/// A tenant with a group, a policy and users from `first` on, all of them in the group.
fn tenant(id: i64, first: i64, users: i64) -> Vec<String> {
    let statements =
        json!([{"effect": "allow", "actions": ["doc:read"], "resources": [format!("acrn:app:{id}:doc/*")]}]);
    let mut lines = vec![
        json!({"kind": "customer", "id": id, "organization": format!("org-{id}"), "name": "One"}),
        json!({"kind": "securityGroup", "id": id, "customerId": id, "name": "All"}),
        json!({"kind": "policy", "id": id, "customerId": id, "name": "Reading", "statements": statements}),
        json!({"kind": "assignment", "policyId": id, "securityGroupId": id}),
    ];
    for user in first..first + users {
        let email = format!("u{user}@one.example");
        lines.push(json!({"kind": "user", "id": user, "customerId": id, "email": email}));
        lines.push(json!({"kind": "member", "securityGroupId": id, "userId": user}));
    }
    lines.iter().map(Value::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn single_changes_go_on_while_an_import_is_not_committed() {
    let app = App::start(Engine::Embedded, tenant(1, 1, 50)).await;
    // The end of the import waits for this.
    let mut other = app.database.pool.begin().await.expect("a transaction");
    let action = "insert into actions (name, model, title, description) values ('zz:last', 'zz', 'Last', 'Last')";
    sqlx::query(action).execute(&mut *other).await.expect("inserted");
    let mut lines = tenant(2, 1_000, USERS);
    // It adds to the tenant where others write, too.
    lines.extend(tenant(1, 500, 10).into_iter().skip(3));
    lines.push(json!({"kind": "action", "name": "zz:last", "title": "Last", "description": "Last"}).to_string());
    let pool = app.database.pool.clone();
    let importing =
        tokio::spawn(
            async move { import(&pool, LineReader::new(lines.into_iter()), "cli:test", &Clock::System).await },
        );
    let blocked = "select count(*) from pg_stat_activity
                   where datname = current_database() and wait_event_type = 'Lock' and query like '%import_actions%'";
    within("everything else is merged", || async {
        sqlx::query_scalar::<_, i64>(blocked).fetch_one(&app.database.pool).await.expect("counted") > 0
    })
    .await;

    app.assign(1, 7).await;
    app.remove(1, 7).await;
    let user = json!({"customerId": 1, "email": "new@one.example"});
    for (method, path, body) in [
        (Method::PUT, "/v2/user/700", user.clone()),
        (Method::PUT, "/v2/securityGroup/1/member/700", Value::Null),
        (Method::POST, "/v2/user", user),
        (Method::PUT, "/v2/securityGroup/70", json!({"customerId": 1, "name": "Some"})),
        (Method::DELETE, "/v2/user/8?cascade=true", Value::Null),
        (Method::PUT, "/v2/customer/70", json!({"organization": "org-70", "name": "Another"})),
    ] {
        let answer = app.ask(method.clone(), path, body).await;
        assert!(answer.status.is_success(), "{method} {path}: {} {}", answer.status, answer.body);
    }
    within("it is seen", || app.allows(700, "doc:read", "acrn:app:1:doc/7")).await;
    assert!(!importing.is_finished());
    // What it relies on can't be taken away meanwhile: who tries waits for it.
    let deletes = app.ask(Method::DELETE, "/v2/securityGroup/1?cascade=true", Value::Null);
    tokio::select! {
        answer = deletes => assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body),
        () = tokio::time::sleep(std::time::Duration::from_millis(500)) => {}
    }
    other.rollback().await.expect("gone");
    importing.await.expect("no panic").expect("imported");
    app.drained().await;
    let dangling: i64 = sqlx::query_scalar(ORPHANS).fetch_one(&app.database.pool).await.expect("counted");
    assert_eq!(dangling, 0);
    assert_eq!(app.who_has("doc:read", "acrn:app:2:doc/7", 1_000).await.len(), usize::try_from(USERS).expect("few"));
}

/// Everything that the file names is deleted and made again all the while.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_dangles_after_imports_beside_writers_who_take_away_what_they_name() {
    let app = Arc::new(App::start(Engine::Embedded, tenant(1, 1, 50)).await);
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..3)
        .map(|writer: i64| {
            let (app, stop) = (Arc::clone(&app), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut made = 0;
                while !stop.load(Ordering::SeqCst) {
                    let user = 1 + (made * 3 + writer) % 50;
                    let elsewhere = json!({"customerId": 2, "email": "x@two.example"});
                    let calls = [
                        (Method::DELETE, format!("/v2/user/{user}?cascade=true"), Value::Null),
                        // In another tenant than the file says.
                        (Method::PUT, format!("/v2/user/{user}"), elsewhere),
                        (Method::DELETE, format!("/v2/user/{user}?cascade=true"), Value::Null),
                        (Method::DELETE, "/v2/securityGroup/1?cascade=true".to_owned(), Value::Null),
                        (Method::DELETE, "/v2/policy/1?cascade=true".to_owned(), Value::Null),
                    ];
                    for (method, path, body) in calls {
                        let answer = app.ask(method.clone(), &path, body).await;
                        // A deadlock is one's own to repeat.
                        let is_fine =
                            !answer.status.is_server_error() || answer.status == StatusCode::SERVICE_UNAVAILABLE;
                        assert!(is_fine, "{method} {path}: {} {}", answer.status, answer.body);
                    }
                    made += 1;
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            })
        })
        .collect();
    app.ask(Method::PUT, "/v2/customer/2", json!({"organization": "org-2", "name": "Two"})).await;
    // Members alone, of users that are in the database or not; and everything.
    let members: Vec<_> = tenant(1, 1, 50).into_iter().filter(|line| line.contains("\"member\"")).collect();
    let mut outcomes = [0; 3];
    for round in 0..60 {
        let lines = if round % 2 == 0 { tenant(1, 1, 50) } else { members.clone() };
        let lines = LineReader::new(lines.into_iter());
        let at = match import(&app.database.pool, lines, "cli:test", &Clock::System).await {
            Ok(_) => 0,
            Err(ImportError::Invalid(_)) => 1,
            Err(ImportError::Overtaken(_)) => 2,
            Err(ImportError::Store(error)) if error.is_transient() => 2,
            Err(error) => panic!("{error:?}"),
        };
        outcomes[at] += 1;
        let dangling: i64 = sqlx::query_scalar(ORPHANS).fetch_one(&app.database.pool).await.expect("counted");
        assert_eq!(dangling, 0, "round {round}");
    }
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.expect("no panic");
    }
    println!("{} imported, {} refused for what was not there, {} overtaken", outcomes[0], outcomes[1], outcomes[2]);
    assert!(outcomes[0] > 0, "{outcomes:?}");
}
