//! P4: an expired grant gives nothing from its instant on, whatever the workers do; its document is tidied later.

use super::{DOC, app, grant, service};
use crate::support::app::{App, Engine, within};
use futures::StreamExt as _;
use jiff::Timestamp;
use permdex::clock::Clock;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// 100 grants of 1 to 3 s to 100 users, while 8 threads ask check and who-has.
async fn no_answer_allows_too_long_or_denies_too_early(engine: Engine) {
    let mut lines = super::lines();
    for id in 100..200 {
        lines.push(
            json!({"kind": "user", "id": id, "customerId": 1, "email": format!("u{id}@example.org")}).to_string(),
        );
    }
    let app = App::start(engine, lines).await;
    let until: Vec<std::sync::OnceLock<i64>> = (0..100).map(|_| std::sync::OnceLock::new()).collect();
    let (stop, asked, allowed, denied) =
        (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let judge = |index: usize, allow: bool, before: i64, after: i64, seen: Option<i64>| {
        // `seen`: the expiry, when the grant was visible before the question was asked.
        match (allow, until[index].get()) {
            (true, Some(until)) => {
                assert!(before < *until, "user {index} allowed {} us after", before - until);
                allowed.fetch_add(1, Ordering::Relaxed);
            }
            (true, None) => {}
            (false, _) => {
                if let Some(until) = seen {
                    assert!(after >= until, "user {index} denied {} us before", until - after);
                    denied.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    };
    let now = || Clock::System.micros();
    let ask = |thread: usize| {
        let (app, until, stop, asked, judge) = (&app, &until, &stop, &asked, &judge);
        async move {
            let mut round = thread;
            while !stop.load(Ordering::Relaxed) {
                round += 1;
                asked.fetch_add(1, Ordering::Relaxed);
                if round.is_multiple_of(4) {
                    let seen: Vec<Option<i64>> = until.iter().map(|until| until.get().copied()).collect();
                    let before = now();
                    let answer = app.question(json!({"action": "Doc:Rest", "resource": DOC, "limit": 1000})).await;
                    let after = now();
                    let ids: Vec<i64> =
                        answer["users"].as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()).collect();
                    for (index, seen) in seen.into_iter().enumerate() {
                        judge(index, ids.contains(&(100 + i64::try_from(index).unwrap())), before, after, seen);
                    }
                } else {
                    let index = (round * 7 + thread) % 100;
                    let (seen, before) = (until[index].get().copied(), now());
                    let allow = app.allows(100 + i64::try_from(index).unwrap(), "Doc:Rest", DOC).await;
                    judge(index, allow, before, now(), seen);
                }
            }
        }
    };
    let give_one = |index: usize| {
        let (app, until) = (&app, &until);
        async move {
            let duration = format!("PT{}.{}S", 1 + index % 2, index % 10);
            let body = grant(100 + i64::try_from(index).unwrap(), "Doc:Rest", &duration);
            let made = service(app).post("acme/role/temporary_permission_grant", body).await;
            let completed = made.headers["x-job-completed"].to_str().unwrap();
            assert_eq!((made.status.as_u16(), completed), (201, "true"), "{}", made.body);
            let expires: Timestamp = made.body["expires_at"].as_str().unwrap().parse().unwrap();
            until[index].set(expires.as_microsecond()).unwrap();
        }
    };
    let give = async {
        // So many at a time that some are there while others go.
        futures::stream::iter(0..100).map(give_one).buffer_unordered(5).collect::<()>().await;
        tokio::time::sleep(Duration::from_millis(3_200)).await;
        stop.store(true, Ordering::Relaxed);
    };
    let threads = futures::future::join_all((0..8).map(ask));
    futures::join!(give, threads);
    let (asked, allowed, denied) = (asked.into_inner(), allowed.into_inner(), denied.into_inner());
    println!(
        "{engine:?}: {asked} questions; {allowed} times rightly allowed, {denied} times rightly denied afterwards"
    );
    assert!(allowed > 100 && denied > 100);
    assert_eq!(app.who_has("Doc:Rest", DOC, 1_000).await, [10], "who has it by his role");
}

#[tokio::test(flavor = "multi_thread")]
async fn p4_no_answer_allows_too_long_or_denies_too_early_embedded() {
    no_answer_allows_too_long_or_denies_too_early(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p4_no_answer_allows_too_long_or_denies_too_early_elastic() {
    no_answer_allows_too_long_or_denies_too_early(Engine::Elastic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p4_a_grant_expires_with_every_worker_stopped() {
    // The embedded engine has no index without its worker.
    let mut app = App::start(Engine::Elastic, super::lines()).await;
    service(&app).write("acme/role/temporary_permission_grant", grant(13, "Doc:Rest", "PT1.5S")).await;
    assert!(app.allows(13, "Doc:Rest", DOC).await);
    // The documents are written already; nobody does anything any more.
    app.assembly.stop().await;
    within("it has expired", || async { !app.allows(13, "Doc:Rest", DOC).await }).await;
    assert_eq!(app.who_has("Doc:Rest", DOC, 10).await, [10]);
    let list = app.question(json!({"requesterId": 13, "list": true})).await;
    assert_eq!((&list["allow"], &list["permissions"]), (&json!(false), &json!([])));
    let anywhere = app.question(json!({"requesterId": 13, "action": "Doc:Rest"})).await;
    assert_eq!(anywhere["allow"], false);
    // Who was made an administrator for a time is none any more.
    assert_eq!(super::user(&app, 13).get("acme/role").await.body, json!({"roles": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_rid_of_what_expired_and_replaced_roles_are_deleted() {
    let app = app().await;
    let service = service(&app);
    service.write("acme/role/temporary_permission_grant", grant(13, "Doc:Rest", "PT1S")).await;
    service.write("acme/role/reader", json!({"frontend_view": "admin"})).await;
    let cluster = &app.assembly.cluster;
    let context = permdex::refresh::Context {
        pool: cluster.pool.clone(),
        index: cluster.index.clone(),
        cache: cluster.snapshots.clone(),
        signals: cluster.signals.clone(),
        clock: cluster.clock.clone(),
        settings: permdex::refresh::Settings::default(),
        server: permdex::refresh::KnownServer::default(),
        precedence: permdex::refresh::Precedence::default(),
        epoch: None,
    };
    let held = |user: i64| {
        let app = &app;
        async move {
            let document = app.assembly.cluster.index.get(permdex::domain::UserId(user)).await.unwrap();
            document.unwrap().permissions.statements.len()
        }
    };
    assert_eq!(held(13).await, 1);
    // Both long ago.
    let pool = &app.database.pool;
    for sql in [
        "update temporary_grants set expires_at = now() - interval '61 minutes'",
        "update roles set retired_at = now() - interval '25 hours' where retired_at is not null",
    ] {
        sqlx::query(sql).execute(pool).await.unwrap();
    }
    permdex::refresh::tidy_expired(&context).await.unwrap();
    app.drained().await;
    assert_eq!(held(13).await, 0);
    let retired: i64 =
        sqlx::query_scalar("select count(*) from roles where retired_at is not null").fetch_one(pool).await.unwrap();
    assert_eq!(retired, 0);
    // Nothing is done twice, and the grant is still told of.
    let jobs = || async { sqlx::query_scalar::<_, i64>("select count(*) from jobs").fetch_one(pool).await.unwrap() };
    let before = jobs().await;
    permdex::refresh::tidy_expired(&context).await.unwrap();
    assert_eq!(jobs().await, before);
    let listed = service.get("acme/role/temporary_permission_grants?is_expired=true").await.body;
    assert_eq!(listed["temporary_permission_grants"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        service.get("acme/role/temporary_permission_grants?is_expired=false").await.body["temporary_permission_grants"],
        Value::Array(Vec::new())
    );
}
