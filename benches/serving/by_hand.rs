//! What somebody would send to Elasticsearch by hand, and a rebuild asked for over HTTP.

use super::load;
use super::place::Place;
use bytes::Bytes;
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

/// Documents to be sent by hand: bodies of raw bulk, 1,000 each, made beforehand.
pub struct Bulk {
    bodies: Vec<Bytes>,
    pub documents: usize,
}

impl Bulk {
    /// What the alias has.
    pub async fn of(address: &str, alias: &str) -> Self {
        let client = Client::builder().no_proxy().build().expect("a client");
        let mut bulk = Self { bodies: Vec::new(), documents: 0 };
        let mut after = json!(0);
        loop {
            let ask = json!({"size": 1000, "sort": ["userId"], "search_after": [after]});
            let ask = client.post(format!("http://{address}/{alias}/_search")).json(&ask);
            let page: Value = ask.send().await.expect("read").json().await.expect("JSON");
            let hits = page["hits"]["hits"].as_array().expect("hits");
            let Some(last) = hits.last() else { return bulk };
            after = last["sort"][0].clone();
            bulk.documents += hits.len();
            let mut body = String::new();
            for hit in hits {
                let action = json!({"index": {"_id": hit["_id"], "version": 1, "version_type": "external"}});
                writeln!(body, "{action}\n{}", hit["_source"]).expect("written");
            }
            bulk.bodies.push(body.into());
        }
    }

    /// Into a new index of the same template, as many at once as a rebuild sends, and a refresh: seconds. Making the
    /// index counts, as it does in a rebuild; reading and evaluating what the documents say is what a rebuild adds.
    pub async fn send(&self, address: &str, alias: &str) -> f64 {
        let client = Client::builder().no_proxy().build().expect("a client");
        let name = format!("{alias}-999999");
        let url = |path: &str| format!("http://{address}/{name}{path}");
        let began = Instant::now();
        client.put(url("")).send().await.expect("asked").error_for_status().expect("created");
        let pages = permdex::refresh::Settings::default().pages_at_once;
        let send = |body: &Bytes| {
            let ask = client.post(url("/_bulk?filter_path=errors"));
            let ask = ask.header("content-type", "application/x-ndjson").body(body.clone());
            async move {
                let answer: Value = ask.send().await.expect("sent").json().await.expect("JSON");
                assert_eq!(answer["errors"], json!(false), "{answer}");
            }
        };
        stream::iter(&self.bodies).for_each_concurrent(pages, send).await;
        client.post(url("/_refresh")).send().await.expect("refreshed");
        let took = began.elapsed().as_secs_f64();
        client.delete(url("")).send().await.expect("deleted");
        took
    }
}
