//! P8: `verify` compares index and database user by user, says what differs and how, and mends it.

use crate::support::app::{App, Engine, elastic_environment, elastic_settings, verified};
use crate::support::guarded::Guarded;
use crate::support::process::{Process, code, permdex, text};
use permdex::clock::Clock;
use permdex::domain::{ActionPattern, CustomerId, Effect, Effective, Origin, Permissions, ResourcePattern, UserId};
use permdex::index::elastic::ElasticIndex;
use permdex::index::{Document, Generation, PermissionIndex};
use permdex::service::generate::demo;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const USERS: u64 = 1_000;
/// "Invoices, reading" of the demo.
const POLICY: i64 = 7;
/// Nobody has it.
const NOBODY: i64 = 777_777;

/// Runs a comparison to its end and gives its result.
async fn verify(app: &App, repair: bool) -> Value {
    verified(async |method, path, body| app.ask(method, &path, body).await, repair).await
}

async fn serving(app: &App) -> Generation {
    app.assembly.cluster.index.serving().await.expect("it answers").expect("it serves")
}

async fn kept(app: &App, user: i64) -> Document {
    let index = &app.assembly.cluster.index;
    (*index.get(UserId(user)).await.expect("it answers").expect("it is there")).clone()
}

/// Puts it in the place of what is there, as nobody should.
async fn smuggle(app: &App, mut document: Document) {
    let index = &app.assembly.cluster.index;
    document.version = index.get(document.user()).await.expect("it answers").map_or(1, |old| old.version + 1);
    let generation = [serving(app).await];
    index.write(&generation, &[Arc::new(document)]).await.expect("written");
    index.refresh(&generation).await.expect("refreshed");
}

fn statement(action: &str, resource: &str) -> Arc<Effective> {
    Arc::new(Effective {
        effect: Effect::Allow,
        actions: vec![ActionPattern::parse(action).expect("a pattern")],
        resources: vec![ResourcePattern::parse(resource).expect("a pattern")],
        conditions: permdex::domain::Conditions::new(),
        until: None,
        policy: None,
        origin: Origin::Customer(CustomerId(1)),
    })
}

async fn what_differs_is_named_and_mended(engine: Engine) {
    let app = App::start(engine, demo(Clock::System.now()).collect()).await;
    assert_eq!(verify(&app, false).await, json!({"users": USERS, "differences": 0, "examples": []}));

    let mut more = kept(&app, 17).await;
    more.permissions.statements.push(statement("nuclear:launch", "acrn:silo:1:*"));
    smuggle(&app, more).await;
    let mut less = kept(&app, 18).await;
    less.permissions.statements.clear();
    smuggle(&app, less).await;
    let mut renamed = kept(&app, 19).await;
    renamed.email = "somebody@else.example".into();
    smuggle(&app, renamed).await;
    let permissions = Permissions {
        user: UserId(NOBODY),
        customer: CustomerId(1),
        active: true,
        statements: vec![statement("doc:read", "acrn:app:1:doc/*")],
    };
    smuggle(&app, Document { email: "".into(), ui_language: "".into(), permissions, version: 0 }).await;
    let mut differing = vec![(17, "different"), (18, "different"), (19, "different"), (NOBODY, "extra")];
    if engine == Engine::Elastic {
        break_elasticsearch(&app).await;
        differing.splice(3..3, [(20, "broken"), (21, "missing")]);
    }

    let found = verify(&app, false).await;
    assert_eq!((&found["users"], &found["differences"]), (&json!(USERS), &json!(differing.len())), "{found}");
    let examples = found["examples"].as_array().expect("examples");
    let named: Vec<_> =
        examples.iter().map(|one| (one["userId"].as_i64().unwrap(), one["kind"].as_str().unwrap())).collect();
    assert_eq!(named, differing, "{found}");
    assert_eq!(examples[0]["inIndexOnly"], json!(["nuclear:launch acrn:silo:1:*"]), "{found}");
    assert_eq!(
        (&examples[0]["fields"], &examples[2]["fields"]),
        (&json!(["permissions"]), &json!(["email"])),
        "{found}"
    );
    assert!(!examples[1]["inDatabaseOnly"].as_array().expect("pairs").is_empty(), "{found}");
    assert!(app.allows(17, "nuclear:launch", "acrn:silo:1:red").await, "nothing is mended unless it is asked for");

    let mended = verify(&app, true).await;
    assert_eq!((&mended["differences"], &mended["repaired"]), (&json!(0), &json!(differing.len())), "{mended}");
    assert!(!app.allows(17, "nuclear:launch", "acrn:silo:1:red").await);
    assert_eq!(verify(&app, false).await, json!({"users": USERS, "differences": 0, "examples": []}));
    let rows = app.ask(Method::GET, "/v2/audit?limit=1000", Value::Null).await.body;
    let asked =
        rows["items"].as_array().expect("rows").iter().filter(|row| row["action"] == "permdex:permission:verify");
    assert_eq!(asked.count(), 4, "every comparison that was asked for has its row");
}

/// What is searched of 20 says more than his document does; the document of 21 is gone.
async fn break_elasticsearch(app: &App) {
    let generation = serving(app).await;
    let base = format!("{}/{generation}", crate::support::elastic::elasticsearch().await);
    let client = Client::builder().no_proxy().build().expect("a client");
    let read: Value = client.get(format!("{base}/_doc/20")).send().await.expect("sent").json().await.expect("json");
    let (mut source, version) = (read["_source"].clone(), read["_version"].as_i64().expect("a version") + 1);
    source["allow"] = json!(["nuclear:launch acrn:silo:1:*"]);
    let put = client.put(format!("{base}/_doc/20?version_type=external&refresh=true&version={version}"));
    let put = put.json(&source).send().await.expect("sent");
    assert!(put.status().is_success(), "{}", put.text().await.expect("text"));
    let version = kept(app, 21).await.version + 1;
    let delete = client.delete(format!("{base}/_doc/21?version_type=external&refresh=true&version={version}"));
    assert!(delete.send().await.expect("sent").status().is_success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_in_memory_is_named_and_mended() {
    what_differs_is_named_and_mended(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_in_elasticsearch_is_named_and_mended() {
    what_differs_is_named_and_mended(Engine::Elastic).await;
}

/// Everybody who is compared is being changed at that moment.
async fn what_is_in_flight_is_no_difference(engine: Engine) {
    let app = Arc::new(App::start(engine, demo(Clock::System.now()).collect()).await);
    let stop = Arc::new(AtomicBool::new(false));
    let began = std::time::Instant::now();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (app, stop) = (Arc::clone(&app), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut writes = 0;
                while !stop.load(Ordering::SeqCst) {
                    let user = 1 + (writer * 250 + writes * 7) % 1_000;
                    let method = if writes % 2 == 0 { Method::POST } else { Method::DELETE };
                    let path = if writes % 2 == 0 { "assignPolicy" } else { "removepolicy" };
                    let body = json!({"policyId": POLICY, "userId": user});
                    let answer = app.ask(method, &format!("/v2/permission/{path}"), body).await;
                    assert!(answer.status.is_success(), "{}", answer.body);
                    // The whole customer now and then.
                    if writes % 50 == 0 {
                        let body = json!({"policyId": 8, "customerId": 1});
                        let (method, path) = if writes % 100 == 0 {
                            (Method::POST, "assignPolicy")
                        } else {
                            (Method::DELETE, "removepolicy")
                        };
                        app.ask(method, &format!("/v2/permission/{path}"), body).await;
                    }
                    writes += 1;
                }
                writes
            })
        })
        .collect();
    for round in 0..3 {
        let found = verify(&app, false).await;
        assert_eq!((&found["users"], &found["differences"]), (&json!(USERS), &json!(0)), "round {round}: {found}");
    }
    stop.store(true, Ordering::SeqCst);
    let mut made = 0;
    for writer in writers {
        made += writer.await.expect("no panic");
    }
    println!("{made} writes in {:.1} s meanwhile", began.elapsed().as_secs_f64());
    app.drained().await;
    assert_eq!(verify(&app, false).await["differences"], json!(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_flight_to_memory_is_no_difference() {
    what_is_in_flight_is_no_difference(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_flight_to_elasticsearch_is_no_difference() {
    what_is_in_flight_is_no_difference(Engine::Elastic).await;
}

/// At the command line, as an operator has it.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_compares_and_mends() {
    let guarded = Guarded::new();
    let folder = guarded.path();
    let settings = elastic_settings().await;
    let url = settings.urls[0].to_string();
    let environment = elastic_environment(&url, &settings.name);
    let lines: Vec<_> = demo(Clock::System.now()).collect();
    std::fs::write(folder.join("demo.ndjson"), lines.join("\n")).expect("written");
    let run = |arguments: &[&str]| permdex(folder, arguments, &environment);
    assert_eq!(code(&run(&["import", "demo.ndjson"])), 0);
    let server = Process::serve(folder, &environment).await;
    let clean = run(&["verify"]);
    assert_eq!((code(&clean), text(&clean).trim()), (0, "1000 users compared: index and database agree"), "{clean:?}");

    let index = ElasticIndex::new(&settings).expect("fine settings");
    let generation = index.serving().await.expect("it answers").expect("it serves");
    let mut more = (*index.get(UserId(17)).await.expect("it answers").expect("it is there")).clone();
    more.permissions.statements.push(statement("nuclear:launch", "acrn:silo:1:*"));
    more.version += 1;
    index.write(&[generation], &[Arc::new(more)]).await.expect("written");
    let differs = run(&["verify"]);
    let words = "1000 users compared: 1 differ\nuser 17: permissions differ\n    only the index gives: nuclear:launch acrn:silo:1:*";
    assert_eq!((code(&differs), text(&differs).trim()), (1, words), "{differs:?}");
    let json = run(&["--json", "verify"]);
    let result: Value = serde_json::from_str(&text(&json)).expect("json");
    assert_eq!((code(&json), &result["differences"], &result["users"]), (1, &json!(1), &json!(1_000)), "{result}");
    let mended = run(&["verify", "--repair"]);
    assert_eq!(code(&mended), 0, "{mended:?}");
    assert!(text(&mended).starts_with("1000 users compared: 1 differed and are mended\n"), "{mended:?}");
    assert_eq!(code(&run(&["verify"])), 0);
    assert_eq!(code(&run(&["check", "--user", "17", "--action", "nuclear:launch"])), 1);
    assert!(server.terminate().await);
    assert_eq!(code(&run(&["verify"])), 3, "nothing runs");
}
