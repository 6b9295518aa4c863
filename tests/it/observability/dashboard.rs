//! `docs/grafana-dashboard.json` and `docs/alerts.yml` ask for what a running permdex shows: names, suffixes and labels.

use super::running::after_a_little_of_everything;
use crate::support::shown::Shown;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

/// Labels that Prometheus adds.
const ADDED: [&str; 4] = ["job", "instance", "le", "quantile"];

fn docs(file: &str) -> String {
    fs::read_to_string(format!("{}/docs/{file}", env!("CARGO_MANIFEST_DIR"))).expect(file)
}

/// Every expression of the dashboard, and the questions of its variables.
fn asked_by_the_dashboard() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&docs("grafana-dashboard.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels").iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let variables = dashboard["templating"]["list"].as_array().expect("variables").iter();
    let questions = variables.filter_map(|variable| variable["definition"].as_str());
    targets.map(|target| target["expr"].as_str().expect("an expression")).chain(questions).map(str::to_owned).collect()
}

/// Every expression of the rules.
fn asked_by_the_alerts() -> Vec<String> {
    let text = docs("alerts.yml");
    let rules = text.split("- alert: ").skip(1);
    let expression = |rule: &str| {
        let expression = rule.split("expr: ").nth(1).expect("an expression");
        expression
            .split("\n        for:")
            .next()
            .and_then(|text| text.split("\n        labels:").next())
            .map(str::to_owned)
    };
    rules.map(|rule| expression(rule).expect("it ends")).collect()
}

/// The metrics in an expression, each with the labels that are asked of it.
fn metrics(expression: &str) -> Vec<(&str, Vec<&str>)> {
    let mut found = Vec::new();
    for prefix in ["permdex_", "process_"] {
        for (at, _) in expression.match_indices(prefix) {
            let is_part = expression[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"');
            let name = word(&expression[at..]);
            if is_part || name.is_empty() {
                continue;
            }
            let selector = expression[at + name.len()..].strip_prefix('{').and_then(|rest| rest.split('}').next());
            let labels = selector.into_iter().flat_map(|selector| selector.split("\",")).map(str::trim).map(word);
            found.push((name, labels.collect()));
        }
    }
    found
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// The labels that an expression groups or joins by.
fn grouped(expression: &str) -> BTreeSet<&str> {
    let lists = ["by (", "on ("].into_iter().flat_map(|word| expression.split(word).skip(1));
    lists.flat_map(|list| list.split(')').next().unwrap_or_default().split(',')).map(str::trim).collect()
}

/// What is wrong with an expression, in words.
fn faults(expression: &str, shown: &Shown) -> Vec<String> {
    let (mut faults, mut known) = (Vec::new(), BTreeSet::from(ADDED));
    for (name, labels) in metrics(expression) {
        let Some(own) = shown.labels(name) else {
            faults.push(format!("`{name}` is not shown: {expression}"));
            continue;
        };
        let strange = labels.iter().filter(|label| !own.contains(*label) && !ADDED.contains(label));
        faults.extend(strange.map(|label| format!("`{name}` has no label `{label}`: {expression}")));
        known.extend(own);
    }
    let strange = grouped(expression).into_iter().filter(|label| !known.contains(label));
    faults.extend(strange.map(|label| format!("nothing here has a label `{label}`: {expression}")));
    faults
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_dashboard_and_the_alerts_ask_for_is_shown() {
    let (dashboard, alerts) = (asked_by_the_dashboard(), asked_by_the_alerts());
    assert!(dashboard.len() > 30 && alerts.len() > 15, "the files were not read: {dashboard:#?} {alerts:#?}");
    let running = after_a_little_of_everything().await;
    let shown = running.metrics().await;
    let all = dashboard.iter().chain(&alerts);
    let faults: Vec<_> = all.flat_map(|expression| faults(expression, &shown)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    for wrong in [
        "rate(permdex_http_requests[5m])",
        "permdex_refresh_lag_seconds",
        "permdex_jobs{line=\"small\"}",
        "sum by (lain) (permdex_jobs)",
    ] {
        assert_eq!(self::faults(wrong, &shown).len(), 1, "{wrong}");
    }
}

/// What the dashboard is for, by the issue; the names are read by the test above.
#[test]
fn the_dashboard_has_what_operators_look_for() {
    let all = asked_by_the_dashboard().join("\n");
    for wanted in [
        "by (route) (rate(permdex_http_requests_total",
        "by (status) (rate(permdex_http_requests_total",
        "histogram_quantile(0.5, sum by (le, route) (rate(permdex_http_request_seconds_bucket",
        "histogram_quantile(0.99, sum by (le, route) (rate(permdex_http_request_seconds_bucket",
        "permdex_answers_from_database_total",
        "permdex_dependency_up",
        "permdex_queue_oldest_seconds",
        "histogram_quantile(0.99, sum by (le, cluster, lane) (rate(permdex_refresh_lag_seconds_bucket",
        "permdex_index_call_seconds_count",
        "permdex_rebuild_users_done",
        "permdex_users_without_document_total",
        "permdex_database_connections",
    ] {
        assert!(all.contains(wanted), "{wanted}");
    }
}

#[test]
fn every_alert_says_what_to_do_and_where_that_is_written() {
    let (rules, handbook) = (docs("alerts.yml"), docs("OPERATIONS.md"));
    let symptoms = handbook.split("\n## Symptoms\n").nth(1).expect("the handbook has symptoms");
    let symptoms = symptoms.split("\n## ").next().unwrap_or_default();
    let anchors: BTreeSet<_> = symptoms.lines().filter_map(|line| line.strip_prefix("### ")).map(anchor).collect();
    for rule in rules.split("- alert: ").skip(1) {
        let value = |key: &str| {
            let line = rule.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "));
            line.unwrap_or_else(|| panic!("no `{key}`: {rule}")).trim_matches('"').to_owned()
        };
        assert!(["critical", "warning"].iter().any(|word| value("labels").contains(word)), "{rule}");
        assert!(!value("summary").is_empty() && !value("description").is_empty(), "{rule}");
        let place = value("runbook");
        let anchor = place.strip_prefix("docs/OPERATIONS.md#").unwrap_or_else(|| panic!("not the handbook: {place}"));
        assert!(anchors.contains(anchor), "`{anchor}` is no symptom of the handbook: {anchors:?}");
    }
}

/// As GitHub makes one of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
        .collect::<String>();
    kept.replace(' ', "-")
}
