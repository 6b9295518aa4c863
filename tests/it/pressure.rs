//! A large import beside single changes: these have a lane of their own, and never wait for its job.

use crate::support::app::{App, Engine, within};
use permdex::clock::Clock;
use permdex::service::generate::LineReader;
use permdex::service::import::import;
use reqwest::Method;
use serde_json::{Value, json};

/// So many are imported: their job takes seconds. `PERMDEX_TEST_USERS` sets another number.
const USERS: i64 = 20_000;
/// Ids of those who are imported, and of those who are changed.
const MANY: i64 = 10_000;
const FEW: i64 = 200;

fn tenant(id: i64, first: i64, users: i64) -> impl Iterator<Item = String> {
    let resource = format!("acrn:app:{id}:doc/*");
    let statements = json!([{"effect": "allow", "actions": ["doc:read"], "resources": [resource]}]);
    let fixed = [
        json!({"kind": "customer", "id": id, "organization": format!("org-{id}"), "name": "One"}),
        json!({"kind": "policy", "id": id, "customerId": id, "name": "Reading", "statements": statements}),
    ];
    let users = (first..first + users)
        .map(move |user| json!({"kind": "user", "id": user, "customerId": id, "email": format!("u{user}@x.example")}));
    fixed.into_iter().chain(users).map(|line| line.to_string())
}

async fn single_changes_do_not_wait_for_a_large_job(engine: Engine) {
    let users = std::env::var("PERMDEX_TEST_USERS").map_or(USERS, |users| users.parse().expect("a number"));
    let app = App::start(engine, tenant(1, 1, FEW).collect()).await;
    let all: Vec<_> = tenant(2, MANY, users)
        .chain([json!({"kind": "assignment", "policyId": 2, "customerId": 2}).to_string()])
        .collect();
    let imported = import(&app.database.pool, LineReader::new(all.into_iter()), "cli:test", &Clock::System).await;
    let job = imported.expect("imported").job.expect("somebody is concerned");
    let path = format!("/v2/permission/job/{}", job.0);
    let job = async || app.ask(Method::GET, &path, Value::Null).await.body;
    within("its job runs", || async { job().await["state"] != json!("queued") }).await;

    let (mut made, mut meanwhile) = (0, 0);
    while meanwhile < 20 && made < 4 * FEW {
        let user = 1 + made % FEW;
        if made / FEW % 2 == 0 {
            app.assign(1, user).await
        } else {
            app.remove(1, user).await
        };
        made += 1;
        // It was there before this one, and is not done after it: this one did not wait for it.
        match job().await["state"].as_str() {
            Some("running") => meanwhile += 1,
            _ => break,
        }
    }
    println!("{engine:?}: {meanwhile} of {made} changes were seen while the job of {users} users ran");
    assert!(meanwhile > 0, "each waited for the large job");
    within("its job is done", || async { job().await["state"] == json!("done") }).await;
    let body = json!({"action": "doc:read", "resource": "acrn:app:2:doc/1", "limit": 0});
    assert_eq!(app.question(body).await["size"], json!(users), "nobody was lost on the way");
}

#[tokio::test(flavor = "multi_thread")]
async fn single_changes_do_not_wait_for_a_large_job_in_memory() {
    single_changes_do_not_wait_for_a_large_job(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn single_changes_do_not_wait_for_a_large_job_in_elasticsearch() {
    single_changes_do_not_wait_for_a_large_job(Engine::Elastic).await;
}
