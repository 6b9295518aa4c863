//! What somebody would send to Elasticsearch by hand, and a rebuild asked for over HTTP.

use super::load;
use super::place::Place;
use futures::{StreamExt, stream};
use permdex::domain::{ActionName, Attributes, ResourceName};
use permdex::index::{Customers, QuestionTerms, Search, SearchResource, search_body};
use reqwest::Client;
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// The search that stands behind who-has.
pub fn search(address: &str, alias: &str, resource: &str, limit: usize) -> Vec<u8> {
    let search = Search {
        action: ActionName::parse("customer:use").expect("a name"),
        resources: vec![SearchResource {
            name: ResourceName::parse(resource).expect("a name"),
            organization: Some("hp".into()),
        }],
        attributes: Attributes::new(),
        customers: Customers::All,
        now: 1_800_000_000_000_000,
        limit,
        after: None,
    };
    let terms = QuestionTerms::of(&search).expect("few");
    let body = search_body(&search, &terms).to_string();
    load::request("POST", address, &format!("/{alias}/_search?allow_partial_search_results=false"), "-", &body)
}

/// A full rebuild, to its end.
pub async fn rebuild(place: &Place) {
    let client = Client::builder().no_proxy().build().expect("a client");
    let url = |path: &str| format!("http://{}/v2/permission{path}", place.address);
    let ask = client.post(url("/rebuild")).bearer_auth(&place.token).json(&json!({}));
    let begun: Value = ask.send().await.expect("an answer").json().await.expect("JSON");
    let job = begun["jobId"].as_str().expect("a job");
    loop {
        let ask = client.get(url(&format!("/job/{job}"))).bearer_auth(&place.token);
        let job: Value = ask.send().await.expect("an answer").json().await.expect("JSON");
        match job["state"].as_str() {
            Some("done") => return,
            Some("queued" | "running") => tokio::time::sleep(Duration::from_millis(5)).await,
            _ => panic!("{job}"),
        }
    }
}

/// The same documents into a new index by raw bulk of 1,000, four at once, and a refresh: seconds, and how many.
pub async fn bulk(address: &str, alias: &str) -> (f64, usize) {
    let client = Client::builder().no_proxy().build().expect("a client");
    let url = |path: &str| format!("http://{address}/{path}");
    let name = format!("{alias}-999999");
    client.put(url(&name)).send().await.expect("created");
    let mut bodies = Vec::new();
    let (mut after, mut documents) = (json!(0), 0);
    loop {
        let ask = json!({"size": 1000, "sort": ["userId"], "search_after": [after]});
        let page: Value = client
            .post(url(&format!("{alias}/_search")))
            .json(&ask)
            .send()
            .await
            .expect("read")
            .json()
            .await
            .expect("JSON");
        let hits = page["hits"]["hits"].as_array().expect("hits").clone();
        let Some(last) = hits.last() else { break };
        after = last["sort"][0].clone();
        documents += hits.len();
        let mut body = String::new();
        for hit in &hits {
            let action = json!({"index": {"_id": hit["_id"], "version": 1, "version_type": "external"}});
            writeln!(body, "{action}\n{}", hit["_source"]).expect("written");
        }
        bodies.push(body);
    }
    let began = Instant::now();
    let send = |body: String| {
        let ask = client.post(url(&format!("{name}/_bulk"))).header("content-type", "application/x-ndjson").body(body);
        async move { assert!(ask.send().await.expect("sent").status().is_success()) }
    };
    stream::iter(bodies).for_each_concurrent(4, send).await;
    client.post(url(&format!("{name}/_refresh"))).send().await.expect("refreshed");
    let took = began.elapsed().as_secs_f64();
    client.delete(url(&name)).send().await.expect("deleted");
    (took, documents)
}
