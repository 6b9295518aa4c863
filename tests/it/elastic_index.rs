//! The conformance suite on a real Elasticsearch.

use crate::conformance::{Subject, run_all, run_who_has};
use crate::support::app::elastic_settings;
use permdex::index::Generation;
use permdex::index::elastic::{ElasticIndex, ElasticSettings};
use std::sync::Arc;

fn subject(settings: &ElasticSettings) -> Subject {
    let generation = |number: u32| Generation(format!("{}-v1-{number:06}", settings.name).into());
    Subject {
        index: Arc::new(ElasticIndex::new(settings).unwrap()),
        generation: generation(1),
        next: generation(2),
        retired: generation(9),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch_keeps_the_contract() {
    run_all(|| async { subject(&elastic_settings().await) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_shards_answer_alike() {
    run_who_has(|| async { subject(&ElasticSettings { shards: 3, ..elastic_settings().await }) }).await;
}
