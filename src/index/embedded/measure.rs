//! Measures by hand, not a test of anything: a million users, and a hundred thousand distinct entries.
//!
//! `CARGO_PROFILE_DEV_OPT_LEVEL=3 cargo test --lib --config profile.dev.package.roaring.opt-level=3 measure -- --ignored --nocapture`

use super::tests::{NOW, allow, asked, run, serving};
use super::*;
use crate::domain::{Condition, Conditions, CustomerId, Effect, Effective, Permissions, ResourcePattern, Value};
use crate::index::Customers;
use std::hint::black_box;
use std::time::Instant;

const MILLION: i64 = 1_000_000;
const MANY: i64 = 100_000;

fn resident_mib() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4 / 1024
}

fn median(what: &str, turns: usize, mut ask: impl FnMut()) {
    let mut times: Vec<_> = (0..turns)
        .map(|_| {
            let start = Instant::now();
            ask();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!("{what}: p50 {:?}, p99 {:?}", times[turns / 2], times[turns * 99 / 100]);
}

fn search(index: &EmbeddedIndex, what: &str, search: &Search) {
    let total = run(index.search(search)).unwrap().total;
    median(&format!("{what} ({total} users)"), 200, || _ = black_box(index.search_now(search).unwrap()));
}

fn document(user: i64, statements: Vec<Arc<Effective>>) -> Arc<Document> {
    let customer = CustomerId(user % 100 + 1);
    let permissions = Permissions { user: UserId(user), customer, active: true, statements };
    let email = format!("user{user}@example.com").into();
    Arc::new(Document { email, ui_language: "en".into(), permissions, version: 1 })
}

/// Writes in pages as a refresh does: each page has its own copies of the statements.
fn fill(users: i64, statements: impl Fn(i64) -> Vec<Effective>) -> EmbeddedIndex {
    let (index, first) = serving();
    let before = resident_mib();
    let mut took = std::time::Duration::ZERO;
    for page in 0..users / 1_000 {
        let mut page_own: HashMap<Effective, Arc<Effective>> = HashMap::new();
        let mut own = |statement: Effective| {
            let made = page_own.entry(statement.clone()).or_insert_with(|| Arc::new(statement));
            Arc::clone(made)
        };
        let documents: Vec<_> = (page * 1_000 + 1..=page * 1_000 + 1_000)
            .map(|user| document(user, statements(user).into_iter().map(&mut own).collect()))
            .collect();
        let start = Instant::now();
        run(index.write(std::slice::from_ref(&first), &documents)).unwrap();
        took += start.elapsed();
    }
    println!("\n{users} users written in {took:?}, {} MiB", resident_mib() - before);
    index
}

fn on(action: &str, resource: &str) -> Effective {
    Effective { resources: vec![ResourcePattern::parse(resource).unwrap()], ..allow(action) }
}

fn owner(condition: Condition) -> Effective {
    Effective { conditions: Conditions::from([("owner".into(), condition)]), ..allow("a:x") }
}

#[test]
#[ignore = "takes a minute and is told by eye"]
fn a_million_users_of_groups() {
    let index = fill(MILLION, |user| {
        let mut all: Vec<_> =
            (0..7).map(|turn| on("g:read", &format!("acrn:s:1:g{}/*", (user * 7 + turn * 31) % 200))).collect();
        all.push(on("all:x", "acrn:s:1:*"));
        if user % 2 == 0 {
            all.push(on("half:x", "acrn:s:1:d/*"));
        }
        if user % 100 == 0 {
            all.push(on("one:x", "acrn:s:1:d/7"));
        }
        if user % 10 == 0 {
            all.push(Effective { effect: Effect::Deny, ..on("half:y", "acrn:s:1:d/7") });
        }
        if user % 4 == 0 {
            all.push(on("half:y", "acrn:s:1:d/*"));
            all.push(on("half:*", "acrn:s:1:d/*"));
        }
        all
    });
    median("get", 20_000, || _ = black_box(index.get_now(UserId(777_777)).unwrap()));
    let start = Instant::now();
    for turn in 0..MILLION {
        black_box(index.get_now(UserId(turn * 7_919 % MILLION + 1)).unwrap());
    }
    println!("get of everybody in random order: {:?} each", start.elapsed() / 1_000_000);
    for action in ["one:x", "half:x", "half:y", "all:x"] {
        search(&index, action, &asked(action));
        let last = Search { after: Some(UserId(MILLION - 500)), ..asked(action) };
        search(&index, &format!("{action}, a late page"), &last);
        let customers = Customers::Only(vec![CustomerId(51)]);
        search(&index, &format!("{action}, one customer"), &Search { customers, ..asked(action) });
        search(&index, &format!("{action}, anywhere"), &Search { resources: Vec::new(), ..asked(action) });
        search(&index, &format!("{action}, 10,000"), &Search { limit: 10_000, ..asked(action) });
    }
    let start = Instant::now();
    let stream = index.stream_now(&asked("all:x")).unwrap();
    println!("stream begins after {:?}", start.elapsed());
    let count: usize =
        run(stream.chunks.map(|chunk| chunk.unwrap().len()).fold(0, |sum, len| async move { sum + len }));
    println!("stream of {count} took {:?}", start.elapsed());
}

#[test]
#[ignore = "takes a minute and is told by eye"]
fn a_hundred_thousand_distinct_entries() {
    let own = |user: i64| Value::string(user.to_string());
    let known = Search { attributes: [("owner".into(), own(77))].into(), ..asked("a:x") };
    let index = fill(MANY, |user| vec![owner(Condition::Equals { value: own(user) })]);
    search(&index, "allow owner Equals self", &known);
    search(&index, "owner unknown", &asked("a:x"));
    search(&index, "anywhere", &Search { resources: Vec::new(), ..asked("a:x") });
    let index = fill(MANY, |user| vec![owner(Condition::NotEquals { value: own(user) })]);
    search(&index, "allow owner NotEquals self", &known);
    let index = fill(MANY, |user| {
        let deny = Effective { effect: Effect::Deny, ..owner(Condition::NotEquals { value: own(user) }) };
        vec![allow("a:x"), deny]
    });
    search(&index, "deny owner NotEquals self", &known);
    search(&index, "owner unknown", &asked("a:x"));
    let index = fill(MANY, |user| vec![Effective { until: Some(NOW + user), ..allow("a:x") }]);
    for passed in [0, 10, 1_000, 50_000, 99_990] {
        search(&index, &format!("temporary grants, {passed} ended"), &Search { now: NOW + passed, ..asked("a:x") });
    }
    let index = fill(MANY, |user| {
        let pattern = |id: i64| on("a:x", &format!("acrn:s:1:d/{id}"));
        vec![Effective { until: Some(NOW + user), ..pattern(user % 1_000) }, pattern(user)]
    });
    search(&index, "a pattern each, and 1,000 shared with an end", &asked("a:x"));
}
