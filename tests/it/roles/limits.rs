//! Rate limits: per caller, endpoint and minute.

use super::{lines, role, service, user};
use crate::support::app::{App, Engine};
use permdex::config::Config;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn each_caller_may_do_so_much_of_each_in_a_minute() {
    let config = Config::built_in().unwrap();
    let app = App::launch_configured(Engine::Embedded, lines(), &config).await;
    app.ready().await;
    let admin = user(&app, 10);
    for count in 1..=10_u32 {
        let answer = admin.post("acme/role/reader", json!({"description": format!("the {count}th")})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let header = |name: &str| answer.headers[name].to_str().unwrap().parse::<u32>().unwrap();
        assert_eq!(header("ratelimit-limit"), 10);
        // One comes back every six seconds.
        assert!((10 - count..=10 - count + 1).contains(&header("ratelimit-remaining")), "{count}");
        assert!((1..=60).contains(&header("ratelimit-reset")));
    }
    let mut answer = admin.post("acme/role/reader", json!({"description": "one more"})).await;
    if answer.status == 200 {
        answer = admin.post("acme/role/reader", json!({"description": "and one more"})).await;
    }
    assert_eq!(answer.status, 429, "{}", answer.body);
    assert_eq!(answer.body["type"], "urn:permdex:problem:too-many");
    let after: u32 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=6).contains(&after), "{after}");
    assert_eq!(answer.headers["ratelimit-remaining"], "0");
    // Before anything is read or looked up.
    assert_eq!(admin.post("acme/role/nobody", json!("nonsense")).await.status, 429);
    // Another endpoint, and another caller, are not affected.
    assert_eq!(admin.get("acme/role").await.status, 200);
    assert_eq!(service(&app).post("acme/role/reader", json!({"description": "a service's"})).await.status, 200);
    // What is refused counts too.
    let nobody = user(&app, 13);
    for _ in 0..20 {
        assert_ne!(nobody.post("acme/role", role("x", &[])).await.status, 201);
    }
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(nobody.post("acme/role", role("x", &[])).await.status.as_u16());
    }
    assert!(statuses.contains(&429), "{statuses:?}");
}
