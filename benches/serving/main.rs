//! The service as a whole, each figure beside something measured in the same run: a bare endpoint, Elasticsearch asked
//! by hand. Servers are processes of their own, so that their processor time can be told from the load's.
//!
//! `cargo bench --bench serving [-- NAME…]` runs all scenarios, or those whose name contains one of the words.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::type_complexity,
    reason = "figures for people"
)]

mod bare;
mod by_hand;
mod cpu;
mod filling;
mod lag;
mod large;
mod load;
mod place;
mod pressure;
mod scenarios;
#[allow(dead_code, unused_imports, reason = "the tests' support, of which this needs a part")]
#[path = "../../tests/it/support/mod.rs"]
mod support;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    if arguments.first().map(String::as_str) == Some(bare::ARGUMENT) {
        return runtime.block_on(bare::serve());
    }
    let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|word| name.contains(word.as_str()));
    runtime.block_on(async {
        println!("| what | here | beside it | ratio | goal |\n|---|---|---|---|---|");
        if wanted("embedded") {
            scenarios::embedded().await;
        }
        if wanted("elasticsearch") {
            scenarios::elasticsearch().await;
        }
        if wanted("large") {
            large::run().await;
        }
        if wanted("filling") {
            filling::run().await;
        }
        if wanted("pressure") {
            pressure::run().await;
        }
        if wanted("lag") {
            lag::run().await;
        }
    });
}
