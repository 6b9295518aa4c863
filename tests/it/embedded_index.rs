//! The conformance suite on the embedded engine.

use crate::conformance::{Subject, run_all};
use permdex::index::Generation;
use permdex::index::embedded::EmbeddedIndex;
use std::sync::Arc;

fn subject() -> Subject {
    let generation = |number: u32| Generation(format!("permdex-users-v1-{number:06}").into());
    Subject {
        index: Arc::new(EmbeddedIndex::new()),
        generation: generation(1),
        next: generation(2),
        retired: generation(9),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_engine_keeps_the_contract() {
    run_all(|| async { subject() }).await;
}
