//! Somebody did something to the index behind permdex's back: deleted it, made its alias lead elsewhere, or restored it
//! from an old snapshot. It is noticed within seconds, and built anew.

use super::stand::Stand;
use crate::support::app::within;
use crate::support::database::TestDatabase;
use crate::support::elastic::elasticsearch;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Tells Elasticsearch something, without permdex.
async fn tell(method: Method, path: &str, body: Value) -> Value {
    let (status, answer) = try_to_tell(method, path, body).await;
    assert!(status.is_success(), "{path}: {answer}");
    answer
}

async fn try_to_tell(method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let client = Client::builder().no_proxy().build().expect("a client");
    let request = client.request(method, format!("{}{path}", elasticsearch().await));
    let answer = if body.is_null() { request } else { request.json(&body) }.send().await.expect("sent");
    (answer.status(), answer.json().await.expect("json"))
}

/// What the alias leads to.
async fn serving(stand: &Stand) -> BTreeSet<String> {
    let (_, found) = try_to_tell(Method::GET, &format!("/_alias/{}-v1", stand.index), Value::Null).await;
    found.as_object().into_iter().flatten().map(|(name, _)| name.clone()).filter(|name| name.contains("-v1-")).collect()
}

async fn only(stand: &Stand) -> String {
    let mut all = serving(stand).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.pop_first().expect("one")
}

/// Another one serves, and all is well.
async fn is_built_anew(stand: &Stand, before: &str, what: &str) {
    within("another one serves", || async {
        let now = serving(stand).await;
        now.len() == 1 && !now.contains(before)
    })
    .await;
    stand.recovers(what).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_somebody_deleted_or_led_elsewhere_is_built_anew() {
    let database = TestDatabase::new().await;
    let stand = Stand::on_elasticsearch(&database.options).await;
    let first = only(&stand).await;
    tell(Method::DELETE, &format!("/{first}"), Value::Null).await;
    is_built_anew(&stand, &first, "deleted").await;

    // An empty one of the same name.
    let second = only(&stand).await;
    let alias = format!("{}-v1", stand.index);
    tell(Method::DELETE, &format!("/{second}"), Value::Null).await;
    tell(Method::PUT, &format!("/{second}"), json!({"aliases": {&alias: {}}})).await;
    is_built_anew(&stand, &second, "made anew").await;

    // Two at once; an answer from both would name people twice.
    let third = only(&stand).await;
    let other = format!("{alias}-999999");
    tell(Method::PUT, &format!("/{other}"), json!({"aliases": {&alias: {}}})).await;
    within("it leads to the right one again", || async { serving(&stand).await == BTreeSet::from([third.clone()]) })
        .await;
    stand.recovers("two").await;

    // Somebody else's.
    let actions = json!([{"remove": {"index": third, "alias": alias}}, {"add": {"index": other, "alias": alias}}]);
    tell(Method::POST, "/_aliases", json!({"actions": actions})).await;
    is_built_anew(&stand, &other, "elsewhere").await;
    assert!(!serving(&stand).await.contains(&third), "what missed changes meanwhile never serves again");
    stand.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_restored_from_an_old_snapshot_is_built_anew() {
    let database = TestDatabase::new().await;
    let stand = Stand::on_elasticsearch(&database.options).await;
    let repository = format!("/_snapshot/{}", stand.index);
    let location = json!({"type": "fs", "settings": {"location": stand.index}});
    let (status, answer) = try_to_tell(Method::PUT, &repository, location).await;
    if !status.is_success() {
        println!("skipped: this Elasticsearch has no `path.repo` for snapshots: {answer}");
        return;
    }
    for how in ["into a closed index", "in place of a deleted one"] {
        let old = only(&stand).await;
        let snapshot = format!("{repository}/{}", how.replace(' ', "-"));
        let body = json!({"indices": old, "include_global_state": false});
        tell(Method::PUT, &format!("{snapshot}?wait_for_completion=true"), body).await;
        // What the snapshot knows nothing of.
        stand.recovers("more was given").await;
        let before = stand.who_has().await;
        if how.contains("closed") {
            tell(Method::POST, &format!("/{old}/_close"), Value::Null).await;
        } else {
            tell(Method::DELETE, &format!("/{old}"), Value::Null).await;
        }
        let body = json!({"indices": old});
        tell(Method::POST, &format!("{snapshot}/_restore?wait_for_completion=true"), body).await;
        is_built_anew(&stand, &old, how).await;
        let after: BTreeSet<i64> = stand.who_has().await.into_iter().collect();
        assert!(before.iter().all(|user| after.contains(user)), "{how}: what was given is there again");
    }
    tell(Method::DELETE, &repository, Value::Null).await;
    stand.ends().await;
}
