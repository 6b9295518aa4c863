//! An organization that grows: 1,000 users and 100,000 users, 1,000 policies, 5,000 groups.

use super::load;
use super::place::{Place, import};
use super::scenarios::{rebuild, row};
use super::support::app::{elastic_environment, elastic_settings};
use permdex::service::generate::{Size, large};
use serde_json::json;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3);
const SEED: u64 = 1;

pub async fn run() {
    for (users, policies, groups) in [(1_000, 1_000, 50), (100_000, 1_000, 5_000)] {
        let size = Size { users, policies, groups };
        measure("embedded", &format!("{users}"), size, &[]).await;
    }
    let settings = elastic_settings().await;
    let url = settings.urls[0].to_string();
    let environment = elastic_environment(&url, &settings.name);
    measure("Elasticsearch", "100000", Size { users: 100_000, policies: 1_000, groups: 5_000 }, &environment).await;
}

async fn measure(engine: &str, users: &str, size: Size, environment: &[(&str, &str)]) {
    let imported = import(large(size, SEED));
    let took = imported.took.as_secs_f64();
    let place = Place::serve(imported, environment).await;
    let what = |what: &str| format!("{engine}, {users} users: {what}");
    row(&what("import, s"), &format!("{took:.2}"), "", None, "");
    row(&what("start until who-has is answered, s"), &format!("{:.2}", place.ready.as_secs_f64()), "", None, "");
    let check = place.question(&json!({"requesterId": 17, "action": "kind3:read", "resource": "acrn:app:1:kind3/7"}));
    let list = place.question(&json!({"requesterId": 17, "list": true}));
    let who = place.question(&json!({"action": "kind3:read", "resource": "acrn:app:1:kind3/7", "limit": 100}));
    for (name, request) in [("check", check), ("list", list), ("who has, 100 users", who)] {
        let found = load::run(&place.address, &[request], 1, LONG, &[place.id]).await;
        row(
            &what(&format!("{name}, p50 / p99 ms")),
            &format!("{:.3} / {:.3}", found.p50_ms, found.p99_ms),
            "",
            None,
            "",
        );
    }
    let changes = [place.change(true, 1, 17), place.change(false, 1, 17)];
    let found = load::run(&place.address, &changes, 1, LONG, &[place.id]).await;
    row(
        &what("assign with waitForCompletion, p50 / p99 ms"),
        &format!("{:.2} / {:.2}", found.p50_ms, found.p99_ms),
        "",
        None,
        "the same at any size",
    );
    row(&what("resident memory, MiB"), &format!("{:.0}", place.resident_mib()), "", None, "");
    if let Some((_, url)) = environment.iter().find(|(name, _)| *name == "PERMDEX__INDEX__URL") {
        let name = environment.iter().find(|(name, _)| *name == "PERMDEX__INDEX__NAME").expect("named").1;
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        rebuild(&place, address, &format!("{name}-v1")).await;
    }
    place.stop().await;
}
