//! The list of metrics (`telemetry::METRICS`) is what the source registers, and `docs/METRICS.md` is the list.

use super::source::{Call, calls, text_of};
use permdex::telemetry::{Described, METRICS};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// Kind and labels, by name.
type Registered = BTreeMap<String, (String, BTreeSet<String>)>;

fn registered() -> Registered {
    let mut all = Registered::new();
    for call in calls(&["counter", "gauge", "histogram"]) {
        let labels = call.arguments[1..].iter().map(|label| label.split("=>").next().unwrap_or_default());
        let labels = labels.map(|label| text_of(label.trim()).unwrap_or_else(|| panic!("a label made up: {call:?}")));
        let is_new = (call.name.clone(), labels.collect());
        let known = all.entry(name(&call)).or_insert_with(|| is_new.clone());
        assert_eq!(*known, is_new, "registered in two ways: {call:?}");
    }
    all
}

fn name(call: &Call) -> String {
    let name = call.arguments.first().and_then(|name| text_of(name));
    let name = name.unwrap_or_else(|| panic!("a metric whose name is made up can't be documented: {call:?}"));
    assert!(name.starts_with("permdex_"), "{call:?}");
    name
}

#[test]
fn what_is_registered_is_in_the_list_with_its_kind_and_labels() {
    let listed = METRICS.iter().map(|metric| {
        let labels = metric.labels.split(", ").filter(|label| !label.is_empty()).map(str::to_owned);
        (metric.name.to_owned(), (metric.kind.as_str().to_owned(), labels.collect()))
    });
    let (listed, registered): (Registered, _) = (listed.collect(), registered());
    assert_eq!(listed.len(), METRICS.len(), "each once");
    assert_eq!(listed, registered);
}

#[test]
fn names_end_as_prometheus_wants_them() {
    for Described { name, kind, .. } in METRICS {
        match kind.as_str() {
            "counter" => assert!(name.ends_with("_total"), "{name}"),
            "histogram" => assert!(name.ends_with("_seconds"), "{name}"),
            _ => assert!(!name.ends_with("_total"), "{name}"),
        }
    }
}

const ABOUT: &str = "# Metrics

`/metrics` of `permdex serve` has them in Prometheus' text format, without a token; `http.metrics_listen` moves them to an
address of their own, and is the only place where `permdex worker` has any. Histograms are in seconds. `cluster` is the
storage cluster, `default` where there is one. `docs/grafana-dashboard.json` and `docs/alerts.yml` are made of them; what
the log says is in `docs/LOGS.md`.

Beside these there are `process_resident_memory_bytes`, `process_cpu_seconds_total`, `process_open_fds`,
`process_max_fds`, `process_threads`, `process_start_time_seconds` and their like, as of every process.

This file is written by `PERMDEX_TEST_WRITE=1 cargo test --test it observability::metrics` from `src/telemetry/described.rs`.

| name | kind | labels | meaning |
|---|---|---|---|
";

#[test]
fn the_documentation_is_the_list() {
    let mut text = ABOUT.to_owned();
    for Described { name, kind, labels, meaning } in METRICS {
        let labels: Vec<_> = labels.split(", ").filter(|label| !label.is_empty()).map(|l| format!("`{l}`")).collect();
        writeln!(text, "| `{name}` | {} | {} | {meaning} |", kind.as_str(), labels.join(", ")).expect("a string");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/METRICS.md");
    if std::env::var_os("PERMDEX_TEST_WRITE").is_some() {
        std::fs::write(&path, &text).expect("written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "docs/METRICS.md is not the list: run `PERMDEX_TEST_WRITE=1 cargo test observability::metrics`"
    );
}
