//! The questions of `../shared/baselines.md`, on the real organization `customer`.

use super::place::{Place, import};
use super::support::app::{elastic_environment, elastic_settings};
use super::support::dataset::{Dataset, resource};
use super::{bare, by_hand, cpu, load};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(4);

/// A row of the table.
pub fn row(what: &str, here: &str, beside: &str, ratio: Option<f64>, goal: &str) {
    let ratio = ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
    println!("| {what} | {here} | {beside} | {ratio} | {goal} |");
}

/// Does `measure` on both engines: what they are called, and the environment of a server.
pub async fn on_both(measure: impl AsyncFn(&str, &[(&str, &str)])) {
    measure("embedded", &[]).await;
    let settings = elastic_settings().await;
    let url = settings.urls[0].to_string();
    measure("Elasticsearch", &elastic_environment(&url, &settings.name)).await;
}

/// What half of `sorted`, or so many of a hundred, took at most, in milliseconds.
pub fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)].as_secs_f64() * 1e3
}

/// The data, or why there is none.
fn data() -> Option<(Vec<String>, Vec<(i64, i64)>)> {
    let (lines, matrix) = (Dataset::Customer.lines(), Dataset::Customer.matrix());
    if lines.is_none() {
        println!("skipped: ../shared/data is not here");
    }
    Some((lines?, matrix?.into_iter().collect()))
}

/// A full rebuild, beside raw bulk of the same documents: in turns, the medians of three.
pub async fn rebuild(place: &Place, address: &str, alias: &str) {
    let servers = cpu::processes("org.elasticsearch.");
    let bulk = by_hand::Bulk::of(address, alias).await;
    let (mut rebuilt, mut raw) = (Vec::new(), Vec::new());
    let us = |used: f64| used / bulk.documents as f64;
    let (mut own, mut theirs, mut by_hand) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        let (began, before) = (Instant::now(), (cpu::used_us(&[place.id]), cpu::used_us(&servers)));
        by_hand::rebuild(place).await;
        rebuilt.push(began.elapsed().as_secs_f64());
        let between = cpu::used_us(&servers);
        own.push(us(cpu::used_us(&[place.id]) - before.0));
        theirs.push(us(between - before.1));
        raw.push(bulk.send(address, alias).await);
        by_hand.push(us(cpu::used_us(&servers) - between));
    }
    let (rebuilt, raw) = (median(rebuilt), median(raw));
    row(
        &format!("Elasticsearch: full rebuild of {}, documents/s; beside it raw bulk of the same", bulk.documents),
        &format!("{:.0}", bulk.documents as f64 / rebuilt),
        &format!("{:.0}", bulk.documents as f64 / raw),
        Some(raw / rebuilt),
        ">= 0.8",
    );
    row(
        "Elasticsearch: its processor time a document, us; permdex' beside that on the same cores",
        &format!("{:.0}; {:.0}", median(theirs), median(own)),
        &format!("{:.0}", median(by_hand)),
        None,
        "",
    );
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// A policy of the organization.
fn a_policy(lines: &[String]) -> i64 {
    let mut lines = lines.iter().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let policy = lines.find(|line| line["kind"] == json!("policy")).expect("there are policies");
    policy["id"].as_i64().expect("an id")
}

/// The permission that most hold.
fn widest(matrix: &[(i64, i64)]) -> (i64, usize) {
    let mut columns: BTreeMap<i64, usize> = BTreeMap::new();
    for (_, permission) in matrix {
        *columns.entry(*permission).or_default() += 1;
    }
    columns.into_iter().max_by_key(|(_, users)| *users).expect("not empty")
}

fn checks(place: &Place, matrix: &[(i64, i64)]) -> Vec<Vec<u8>> {
    let some = matrix.iter().step_by(matrix.len() / 997);
    some.map(|(user, permission)| {
        place.question(&json!({"requesterId": user, "action": "customer:use", "resource": resource(*permission)}))
    })
    .collect()
}

pub async fn embedded() {
    let Some((lines, matrix)) = data() else { return };
    let policy = a_policy(&lines);
    let imported = import(lines.into_iter());
    let took = imported.took;
    let place = Place::serve(imported, &[]).await;
    let both = took + place.ready;
    row(
        "embedded: import `customer` + start and index it, s",
        &format!("{:.2} + {:.2}", took.as_secs_f64(), place.ready.as_secs_f64()),
        "",
        Some(both.as_secs_f64()),
        "< 1 s",
    );
    let (floor, address) = bare::start().await;
    let floor_id = floor.id().expect("it runs");
    let body = json!({"requesterId": 17, "action": "customer:use", "resource": resource(1)}).to_string();
    let bare_request = [load::request("POST", &address, "/v2/permission", &place.token, &body)];
    let bare = load::run(&address, &bare_request, 32, LONG, &[floor_id]).await;
    let requests = checks(&place, &matrix);
    let check = load::run(&place.address, &requests, 32, LONG, &[place.id]).await;
    let text = |measured: &load::Measured| format!("{:.1} us CPU, {:.0}/s", measured.cpu_us, measured.per_second);
    row(
        "embedded: check, c=32; beside it a bare endpoint",
        &text(&check),
        &text(&bare),
        Some(check.cpu_us / bare.cpu_us),
        "<= 10 us, <= 1.6",
    );
    let single = load::run(&place.address, &requests, 1, LONG, &[place.id]).await;
    let bare = load::run(&address, &bare_request, 1, LONG, &[floor_id]).await;
    row(
        "embedded: check, c=1, p50 ms",
        &format!("{:.3}", single.p50_ms),
        &format!("{:.3}", bare.p50_ms),
        Some(single.p50_ms / bare.p50_ms),
        "",
    );
    who_has(&place, &matrix, "embedded", None).await;
    changes(&place, &matrix, policy, "embedded", "< 2.6 ms").await;
    row("embedded: resident memory, MiB", &format!("{:.0}", place.resident_mib()), "", None, "");
    place.stop().await;
}

async fn who_has(place: &Place, matrix: &[(i64, i64)], engine: &str, by_hand: Option<f64>) {
    let (permission, users) = widest(matrix);
    let ask = |limit: usize| {
        [place.question(&json!({"action": "customer:use", "resource": resource(permission), "limit": limit}))]
    };
    let page = load::run(&place.address, &ask(100), 1, LONG, &[place.id]).await;
    let beside = by_hand.map(|ms| format!("{ms:.2} by hand")).unwrap_or_default();
    let ratio = by_hand.map(|ms| page.p50_ms / ms);
    row(
        &format!("{engine}: who has, 100 of {users}, p50 / p99 ms"),
        &format!("{:.2} / {:.2}", page.p50_ms, page.p99_ms),
        &beside,
        ratio,
        if by_hand.is_some() { "<= 1.1" } else { "< 0.5 ms" },
    );
    let all = load::run(&place.address, &ask(10_000), 1, LONG, &[place.id]).await;
    row(&format!("{engine}: who has, all {users}, p50 ms"), &format!("{:.2}", all.p50_ms), "", None, "embedded < 3 ms");
}

/// Assigns, waits and checks; removes, waits and checks.
async fn changes(place: &Place, matrix: &[(i64, i64)], policy: i64, engine: &str, goal: &str) {
    let (user, permission) = matrix[0];
    let check =
        place.question(&json!({"requesterId": user, "action": "customer:use", "resource": resource(permission)}));
    let requests = [place.change(true, policy, user), check.clone(), place.change(false, policy, user), check];
    let single = load::run(&place.address, &requests, 1, LONG, &[place.id]).await;
    // Two of four are checks: what lies at three quarters is the median of the changes.
    let changes = load::run(&place.address, &[requests[0].clone(), requests[2].clone()], 1, LONG, &[place.id]).await;
    row(
        &format!("{engine}: assign with waitForCompletion, p50 / p99 ms"),
        &format!("{:.2} / {:.2}", changes.p50_ms, changes.p99_ms),
        &format!("{:.0} mixed requests/s", single.per_second),
        None,
        goal,
    );
}

pub async fn elasticsearch() {
    let Some((lines, matrix)) = data() else { return };
    let settings = elastic_settings().await;
    let url = settings.urls[0].to_string();
    let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let servers = cpu::processes("org.elasticsearch.");
    let environment = elastic_environment(&url, &settings.name);
    let policy = a_policy(&lines);
    let imported = import(lines.into_iter());
    let took = imported.took;
    let place = Place::serve(imported, &environment).await;
    let both = took + place.ready;
    row(
        "Elasticsearch: import `customer` + start and index it, s",
        &format!("{:.2} + {:.2}", took.as_secs_f64(), place.ready.as_secs_f64()),
        "",
        Some(both.as_secs_f64()),
        "< 3 s",
    );
    let alias = format!("{}-v1", settings.name);
    let ids: Vec<i64> = matrix.iter().step_by(matrix.len() / 997).map(|(user, _)| *user).collect();
    let gets: Vec<_> =
        ids.iter().map(|id| load::request("GET", &address, &format!("/{alias}/_doc/{id}"), "-", "")).collect();
    let raw = load::run(&address, &gets, 32, LONG, &servers).await;
    let all: Vec<u32> = servers.iter().copied().chain([place.id]).collect();
    let check = load::run(&place.address, &checks(&place, &matrix), 32, LONG, &all).await;
    let text = |measured: &load::Measured| format!("{:.0} us CPU, {:.0}/s", measured.cpu_us, measured.per_second);
    row(
        "Elasticsearch: check, c=32 (CPU of both); beside it raw GET _doc",
        &text(&check),
        &text(&raw),
        Some(check.cpu_us / raw.cpu_us),
        "<= 60 us, more/s",
    );
    let (permission, _) = widest(&matrix);
    let search = by_hand::search(&address, &alias, &resource(permission), 100);
    let raw = load::run(&address, &[search], 1, LONG, &servers).await;
    who_has(&place, &matrix, "Elasticsearch", Some(raw.p50_ms)).await;
    changes(&place, &matrix, policy, "Elasticsearch", "< 30 ms").await;
    rebuild(&place, &address, &alias).await;
    place.stop().await;
}
