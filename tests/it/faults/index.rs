//! Elasticsearch is gone, slow, has too much to do, takes nothing, or takes the half.

use super::seen::{READ_ONLY, WELL, WITHOUT_INDEX};
use super::stand::{CROWD_POLICY, Stand};
use crate::support::database::TestDatabase;
use crate::support::elastic::elasticsearch;
use crate::support::gatekeeper::Mood;
use crate::support::shown::shown_at;
use crate::support::way::Way;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_gone_or_silent_or_overloaded_is_replaced_by_the_database() {
    let database = TestDatabase::new().await;
    let stand = Stand::on_elasticsearch(&database.options).await;
    for way in [Way::Cut, Way::HeldUp] {
        stand.to_elastic.set(way);
        stand.comes_to(&format!("{way:?}"), WITHOUT_INDEX).await;
        stand.to_elastic.set(Way::Open);
        stand.recovers(&format!("{way:?}")).await;
    }
    for mood in [Mood::Refuses(429), Mood::Refuses(503)] {
        stand.gatekeeper.set(mood);
        stand.comes_to(&format!("{mood:?}"), WITHOUT_INDEX).await;
        stand.gatekeeper.set(Mood::Helpful);
        stand.recovers(&format!("{mood:?}")).await;
    }
    // The breaker: while it was away most calls did not wait for it.
    let shown = shown_at(stand.url()).await;
    assert!(shown.sum("permdex_calls_not_tried_total", &[("dependency", "index")]) > 0.0);
    stand.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_takes_no_writes_goes_on_answering_and_changes_wait() {
    let database = TestDatabase::new().await;
    let stand = Stand::on_elasticsearch(&database.options).await;
    for mood in [Mood::RefusesBulk(429), Mood::RefusesBulk(503), Mood::RefusesBulk(413), Mood::HalfAnswer] {
        stand.gatekeeper.set(mood);
        stand.comes_to(&format!("{mood:?}"), READ_ONLY).await;
        stand.gatekeeper.set(Mood::Helpful);
        stand.recovers(&format!("{mood:?}")).await;
    }
    // What Elasticsearch itself does when its disk is full.
    for block in ["read_only_allow_delete", "write"] {
        blocked(&stand, block, true).await;
        stand.comes_to(block, READ_ONLY).await;
        blocked(&stand, block, false).await;
        stand.recovers(block).await;
    }
    stand.ends().await;
}

/// Sets or lifts a block of the indexes, behind permdex's back.
async fn blocked(stand: &Stand, block: &str, is_so: bool) {
    let client = Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/{}-*/_settings", elasticsearch().await, stand.index);
    let value = if is_so { json!(true) } else { Value::Null };
    let body = json!({format!("index.blocks.{block}"): value});
    let answer = client.put(url).json(&body).send().await.expect("sent");
    assert!(answer.status().is_success(), "{}", answer.text().await.expect("text"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_slow_or_takes_half_of_each_bulk_is_waited_for() {
    let database = TestDatabase::new().await;
    let stand = Stand::on_elasticsearch(&database.options).await;
    stand.to_elastic.set(Way::Slow(Duration::from_millis(60)));
    stand.comes_to("slow", WELL).await;
    stand.to_elastic.set(Way::Open);
    stand.recovers("slow").await;

    stand.gatekeeper.set(Mood::HalfBulk);
    stand.comes_to("half", WELL).await;
    // A change of everybody: two pages, of which every other document comes back, again and again. Single changes go on.
    let body = json!({"policyId": CROWD_POLICY, "customerId": 1});
    for method in [Method::POST, Method::DELETE] {
        let path = if method == Method::POST { "assignPolicy" } else { "removepolicy" };
        let answer = stand.ask(method, &format!("/v2/permission/{path}"), body.clone()).await;
        assert!([StatusCode::OK, StatusCode::ACCEPTED].contains(&answer.status), "{}", answer.body);
    }
    stand.comes_to("half, and everybody changes", WELL).await;
    stand.gatekeeper.set(Mood::Helpful);
    stand.recovers("half").await;
    stand.ends().await;
}
