//! P6: while the index is built anew no question fails and none is answered from a half-filled one. A real organization,
//! eight askers who know every answer, three rebuilds one after the other, and changes meanwhile that are seen at once.

use crate::support::app::{App, Engine, within};
use crate::support::dataset::{Dataset, resource};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const ASKERS: usize = 8;
const REBUILDS: usize = 3;
/// Beside the matrix: whom the changes are about.
const NEWCOMER: i64 = 9_000_001;
/// How long the index is asked before the rebuilds.
const BEFORE: Duration = Duration::from_secs(3);

/// Every answer there is.
struct Truth {
    matrix: BTreeSet<(i64, i64)>,
    columns: BTreeMap<i64, Vec<i64>>,
    users: Vec<i64>,
}

impl Truth {
    fn of(matrix: BTreeSet<(i64, i64)>) -> Self {
        let mut columns: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for (user, permission) in &matrix {
            columns.entry(*permission).or_default().push(*user);
        }
        let users = matrix.iter().map(|(user, _)| *user).collect::<BTreeSet<_>>().into_iter().collect();
        Self { matrix, columns, users }
    }
}

/// Asks until it is told to stop; how long each check and each who-has took.
async fn ask(app: Arc<App>, truth: Arc<Truth>, asker: usize, stop: Arc<AtomicBool>) -> [Vec<Duration>; 2] {
    let permissions: Vec<_> = truth.columns.keys().copied().collect();
    let mut took = [Vec::new(), Vec::new()];
    for step in 0_usize.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let number = (asker + ASKERS * step).wrapping_mul(7_368_787);
        let permission = permissions[number % permissions.len()];
        let began = Instant::now();
        if step % 10 == 9 {
            let body = json!({"action": "customer:use", "resource": resource(permission), "limit": 100});
            let answer = app.question(body).await;
            took[1].push(began.elapsed());
            let column = &truth.columns[&permission];
            assert_eq!(answer["size"], json!(column.len()), "permission {permission}");
            let ids = answer["users"].as_array().expect("users").iter().map(|user| user["id"].as_i64().expect("an id"));
            assert!(ids.eq(column.iter().copied().take(100)), "permission {permission}: other users");
        } else {
            let user = truth.users[number / 7 % truth.users.len()];
            let body = json!({"requesterId": user, "action": "customer:use", "resource": resource(permission)});
            let answer = app.ask(Method::POST, "/v2/permission", body).await;
            took[0].push(began.elapsed());
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
            let from_index = !answer.headers.contains_key("permdex-source");
            assert!(from_index, "the index was there all the while, but the database answered");
            let expected = truth.matrix.contains(&(user, permission));
            assert_eq!(answer.body["allow"], json!(expected), "user {user}, permission {permission}");
        }
    }
    took
}

/// Gives and takes, each seen at once; how often.
async fn change(app: Arc<App>, policy: i64, permission: i64, stop: Arc<AtomicBool>, changes: Arc<AtomicUsize>) {
    while !stop.load(Ordering::SeqCst) {
        app.assign(policy, NEWCOMER).await;
        assert!(app.allows(NEWCOMER, "customer:use", &resource(permission)).await, "given, but not seen");
        app.remove(policy, NEWCOMER).await;
        assert!(!app.allows(NEWCOMER, "customer:use", &resource(permission)).await, "taken, but still there");
        changes.fetch_add(1, Ordering::SeqCst);
    }
}

fn p99(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all.get(all.len() * 99 / 100).copied().unwrap_or_default()
}

/// All askers at once, while `meanwhile` runs; checks and who-has.
async fn asked_while(app: &Arc<App>, truth: &Arc<Truth>, meanwhile: impl Future<Output = ()>) -> [Vec<Duration>; 2] {
    let stop = Arc::new(AtomicBool::new(false));
    let askers: Vec<_> = (0..ASKERS)
        .map(|asker| tokio::spawn(ask(Arc::clone(app), Arc::clone(truth), asker, Arc::clone(&stop))))
        .collect();
    meanwhile.await;
    stop.store(true, Ordering::SeqCst);
    let mut all = [Vec::new(), Vec::new()];
    for asker in askers {
        let [checks, searches] = asker.await.expect("every answer was right");
        all[0].extend(checks);
        all[1].extend(searches);
    }
    all
}

async fn no_question_notices(engine: Engine) {
    let (Some(mut lines), Some(matrix)) = (Dataset::Customer.lines(), Dataset::Customer.matrix()) else {
        eprintln!("skipped: ../shared/data is not here, so the real organization can't be asked while it is rebuilt");
        return;
    };
    let newcomer = json!({"kind": "user", "id": NEWCOMER, "customerId": 1, "email": "new@hp.example", "active": true});
    lines.push(newcomer.to_string());
    // A policy that gives one permission that nobody has, so that the changes are no part of the matrix.
    let permission = 9_000_001;
    let statements = json!([{"effect": "allow", "actions": ["customer:use"], "resources": [resource(permission)]}]);
    lines.push(json!({"kind": "policy", "id": 9_000_001, "name": "new", "statements": statements}).to_string());
    let app = Arc::new(App::start(engine, lines).await);
    let truth = Arc::new(Truth::of(matrix));
    let before = asked_while(&app, &truth, tokio::time::sleep(BEFORE)).await;

    let (stop, changes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let changing =
        tokio::spawn(change(Arc::clone(&app), 9_000_001, permission, Arc::clone(&stop), Arc::clone(&changes)));
    let rebuilt = AtomicUsize::new(0);
    let began = Instant::now();
    let during = asked_while(&app, &truth, async {
        for _ in 0..REBUILDS {
            let serving = app.assembly.cluster.index.serving().await.expect("it answers");
            let asked = app.ask(Method::POST, "/v2/permission/rebuild", json!({})).await;
            let path = format!("/v2/permission/job/{}", asked.body["jobId"].as_str().expect("a job"));
            let job = async || app.ask(Method::GET, &path, Value::Null).await.body;
            within("the rebuild ends", || async { job().await["state"] == json!("done") }).await;
            assert_ne!(app.assembly.cluster.index.serving().await.expect("it answers"), serving);
            rebuilt.fetch_add(1, Ordering::SeqCst);
        }
    })
    .await;
    let took = began.elapsed();
    stop.store(true, Ordering::SeqCst);
    changing.await.expect("every change was seen");
    assert!(changes.load(Ordering::SeqCst) > 0 && rebuilt.load(Ordering::SeqCst) == REBUILDS);
    let [checks, searches] = &during;
    println!(
        "{engine:?}: {REBUILDS} rebuilds of {} users in {took:.1?}; meanwhile {} checks, {} who-has and {} changes, all \
         right; p99 of a check {:.1?} before and {:.1?} during, of a who-has {:.1?} and {:.1?}",
        truth.users.len(),
        checks.len(),
        searches.len(),
        changes.load(Ordering::SeqCst),
        p99(before[0].clone()),
        p99(checks.clone()),
        p99(before[1].clone()),
        p99(searches.clone()),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_question_notices_a_rebuild_in_memory() {
    no_question_notices(Engine::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_question_notices_a_rebuild_in_elasticsearch() {
    no_question_notices(Engine::Elastic).await;
}
