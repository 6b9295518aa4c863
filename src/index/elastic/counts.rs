//! What is counted of requests to Elasticsearch: each try with its time and how it ended, and what was asked again.

use super::client::Call;
use super::trouble::{Trouble, is_busy};
use metrics::{Counter, Histogram, counter, histogram};
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What is asked, by the endpoint; whatever is none of these is `other`.
const OPERATIONS: [(&str, &str); 9] = [
    ("_mget", "get"),
    ("_bulk", "bulk"),
    ("_refresh", "refresh"),
    ("_search", "search"),
    ("_pit", "point_in_time"),
    ("_aliases", "alias"),
    ("_alias", "alias"),
    ("_index_template", "template"),
    ("_count", "count"),
];
const OTHER: usize = OPERATIONS.len();
const OUTCOMES: [&str; 6] = ["ok", "unreachable", "timed_out", "busy", "denied", "refused"];

/// Of one storage cluster's requests. Handles are looked up once.
pub(super) struct Counts {
    cluster: Arc<str>,
    seconds: [[OnceLock<Histogram>; OUTCOMES.len()]; OTHER + 1],
    retries: [Counter; OTHER + 1],
    items_again: Counter,
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counts")
    }
}

impl Counts {
    /// Of the requests of the storage cluster `cluster`.
    pub fn new(cluster: &Arc<str>) -> Self {
        let retries = std::array::from_fn(|at| {
            let counter = counter!("permdex_elasticsearch_retries_total",
                "cluster" => Arc::clone(cluster), "operation" => operation(at));
            counter.absolute(0);
            counter
        });
        let items_again = counter!("permdex_elasticsearch_items_again_total", "cluster" => Arc::clone(cluster));
        items_again.absolute(0);
        let seconds = std::array::from_fn(|_| std::array::from_fn(|_| OnceLock::new()));
        Self { cluster: Arc::clone(cluster), seconds, retries, items_again }
    }

    /// One try of `call` ended.
    pub fn tried<T>(&self, call: &Call<'_>, answer: &Result<T, Trouble>, took: Duration) {
        let (asked, outcome) = (asked(call), outcome(answer.as_ref().err()));
        let Some(slot) = self.seconds.get(asked).and_then(|all| all.get(outcome)) else { return };
        let new = || {
            let outcome = OUTCOMES.get(outcome).copied().unwrap_or_default();
            histogram!("permdex_elasticsearch_request_seconds", "cluster" => Arc::clone(&self.cluster),
                "operation" => operation(asked), "outcome" => outcome)
        };
        slot.get_or_init(new).record(took.as_secs_f64());
    }

    /// `call` is tried again.
    pub fn again(&self, call: &Call<'_>) {
        if let Some(counter) = self.retries.get(asked(call)) {
            counter.increment(1);
        }
    }

    /// So many items of a bulk are sent again, because the server was too busy for them.
    pub fn items_again(&self, items: usize) {
        self.items_again.increment(items as u64);
    }
}

fn operation(at: usize) -> &'static str {
    OPERATIONS.get(at).map_or("other", |(_, operation)| operation)
}

fn asked(call: &Call<'_>) -> usize {
    let mut parts = call.path().split('/');
    parts.find_map(|part| OPERATIONS.iter().position(|(endpoint, _)| *endpoint == part)).unwrap_or(OTHER)
}

fn outcome(trouble: Option<&Trouble>) -> usize {
    match trouble {
        None => 0,
        Some(Trouble::Connection(_)) => 1,
        Some(Trouble::TimedOut) => 2,
        Some(Trouble::Status { status, .. }) if is_busy(*status) => 3,
        Some(Trouble::Denied { .. }) => 4,
        Some(_) => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use elasticsearch::http::Method;

    #[test]
    fn what_is_asked_is_told_by_its_endpoint_and_names_are_no_labels() {
        for (path, wanted) in [
            ("/permdex-users-v1/_mget", "get"),
            ("/_bulk", "bulk"),
            ("/permdex-users-v1-000001,permdex-users-v1-000002/_refresh", "refresh"),
            ("/permdex-users-v1/_search", "search"),
            ("/_pit", "point_in_time"),
            ("/_alias/permdex-users-v1", "alias"),
            ("/permdex-users-v1-000001", "other"),
        ] {
            assert_eq!(operation(asked(&Call::new(Method::Get, path))), wanted, "{path}");
        }
    }
}
