//! From the commit of a change until who-has tells of it, at 50 single changes a second.
//!
//! One observer asks who-has over and over for everybody who was given something: all changes are seen by the same
//! questions, whatever their number. What is measured includes the question that saw it.

use super::place::{Place, import};
use super::scenarios::{on_both, percentile, row};
use reqwest::Client;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const USERS: i64 = 10_000;
const CHANGES: i64 = 1_000;
const EVERY: Duration = Duration::from_millis(20);

pub async fn run() {
    on_both(measure).await;
}

/// Users, and two policies that nobody has.
fn lines() -> impl Iterator<Item = String> {
    let customer = json!({"kind": "customer", "id": 1, "organization": "acme", "name": "Acme"});
    let policy = |id: i64| {
        let statements =
            json!([{"effect": "allow", "actions": ["lag:see"], "resources": [format!("acrn:lag:1:{id}")]}]);
        json!({"kind": "policy", "id": id, "name": format!("lag {id}"), "statements": statements})
    };
    let users =
        (1..=USERS).map(|id| json!({"kind": "user", "id": id, "customerId": 1, "email": format!("u{id}@x.example")}));
    [customer, policy(1), policy(2)].into_iter().chain(users).map(|line| line.to_string())
}

async fn measure(engine: &str, environment: &[(&str, &str)]) {
    let place = Arc::new(Place::serve(import(lines()), environment).await);
    for (policy, wait) in [(1, false), (2, true)] {
        let mut lags = lags(&place, policy, wait).await;
        lags.sort_unstable();
        let at = |percent: usize| percentile(&lags, percent);
        let how = if wait { "somebody waits" } else { "nobody waits" };
        row(
            &format!("{engine}: commit until seen by who-has, 50 changes/s, {how}, p50 / p99 ms"),
            &format!("{:.1} / {:.1}", at(50), at(99)),
            "",
            None,
            "",
        );
    }
    let place = Arc::into_inner(place).expect("nobody asks any more");
    place.stop().await;
}

/// Each change's lag: counted from its answer, or, where that says `completed`, from the change's beginning.
async fn lags(place: &Arc<Place>, policy: i64, wait: bool) -> Vec<Duration> {
    let client = Client::builder().no_proxy().build().expect("a client");
    let committed: Arc<Mutex<HashMap<i64, Instant>>> = Arc::default();
    let mut seen: HashMap<i64, Instant> = HashMap::new();
    let (url, token) = (format!("http://{}/v2/permission", place.address), place.token.clone());
    let writer = {
        let (client, committed, url, token) = (client.clone(), Arc::clone(&committed), url.clone(), token.clone());
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(EVERY);
            let mut asked = tokio::task::JoinSet::new();
            for user in 1..=CHANGES {
                ticks.tick().await;
                let body = json!({"policyId": policy, "userId": user, "waitForCompletion": wait});
                let ask = client.post(format!("{url}/assignPolicy")).bearer_auth(&token).json(&body);
                let committed = Arc::clone(&committed);
                asked.spawn(async move {
                    let began = Instant::now();
                    let answer = ask.send().await.expect("an answer");
                    assert!(answer.status().is_success(), "{}", answer.status());
                    let from = if wait { began } else { Instant::now() };
                    committed.lock().expect("not poisoned").insert(user, from);
                });
            }
            while asked.join_next().await.is_some() {}
        })
    };
    let question = json!({"action": "lag:see", "resource": format!("acrn:lag:1:{policy}"), "limit": 10_000});
    while i64::try_from(seen.len()).expect("few") < CHANGES {
        let ask = client.post(&url).bearer_auth(&token).json(&question);
        let answer: Value = ask.send().await.expect("an answer").json().await.expect("JSON");
        let now = Instant::now();
        for user in answer["users"].as_array().expect("users") {
            seen.entry(user["id"].as_i64().expect("an id")).or_insert(now);
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    writer.await.expect("no panic");
    let committed = committed.lock().expect("not poisoned");
    // Who was seen before his answer arrived had no lag at all.
    seen.iter().map(|(user, at)| at.saturating_duration_since(committed[user])).collect()
}
