//! Who calls: bearer, Basic, the WebSocket protocol; from which organization; across organizations.

use super::{Asker, app, grant, role, service, user};
use crate::support::app::{App, answer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use permdex::auth::{Keys, MintRequest, Settings, Subject, mint};
use reqwest::Client;
use serde_json::{Value, json};

async fn with_header(app: &App, path: &str, name: &str, value: String) -> u16 {
    let client = Client::builder().no_proxy().build().unwrap();
    answer(client.get(format!("{}/v1/{path}", app.url)).header(name, value)).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_comes_as_bearer_as_basic_or_as_a_protocol() {
    let app = app().await;
    let token = app.token_of(30, "my_org");
    let basic = |name: &str| format!("Basic {}", STANDARD.encode(format!("{name}:{token}")));
    for (name, value, status) in [
        ("authorization", format!("Bearer {token}"), 200),
        // An organization may contain `_`.
        ("authorization", basic("my_org_30"), 200),
        ("authorization", basic("my_org_31"), 401),
        ("authorization", basic("org_30"), 401),
        ("authorization", basic("my_org"), 401),
        ("sec-websocket-protocol", format!("chat, bearer.{token}"), 200),
        ("sec-websocket-protocol", "chat".to_owned(), 401),
        ("authorization", "Bearer nonsense".to_owned(), 401),
    ] {
        assert_eq!(with_header(&app, "my_org/role", name, value.clone()).await, status, "{name}: {value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_speaks_for_the_organization_that_issued_it() {
    let app = app().await;
    let status = |asker: Asker<'static>, path: &'static str| async move { asker.get(path).await.status.as_u16() };
    // The application lives as long as the test does.
    let app: &'static App = Box::leak(Box::new(app));
    assert_eq!(status(user(app, 21), "globex/role").await, 200);
    let refused = user(app, 21).get("acme/role").await;
    assert_eq!(refused.status, 401);
    assert!(refused.body["detail"].as_str().unwrap().contains("X-ORG-ID"), "{}", refused.body);
    assert!(refused.headers.contains_key("www-authenticate"));
    assert_eq!(status(user(app, 21).with("x-org-id", "globex"), "acme/role").await, 200);
    assert_eq!(status(user(app, 21).with("x-org-id", "acme"), "acme/role").await, 401);
    assert_eq!(status(user(app, 21).with("x-org-id", ""), "acme/role").await, 401);
    assert_eq!(status(user(app, 21).with("x-org-id", "globex").with("x-org-id", "acme"), "acme/role").await, 400);
    assert_eq!(status(service(app), "acme/role").await, 200);
    assert_eq!(status(service(app).with("x-org-id", "acme"), "acme/role").await, 401, "a service of no organization");
    // A user of another organization than his token says, and nobody.
    for (id, organization) in [(21, "acme"), (9_999, "acme")] {
        let asker = Asker { app, token: app.token_of(id, organization), headers: Vec::new() };
        assert_eq!(asker.get("acme/role").await.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn across_organizations_a_user_acts_with_what_his_grants_reach_there() {
    let app = app().await;
    let across = user(&app, 21).with("x-org-id", "globex");
    // By policy 1 he may get acme's roles; by policy 2 give grants to its user 12.
    assert_eq!(across.roles("acme/role").await, ["admin", "editor", "reader", "empty"]);
    let path = "acme/role/temporary_permission_grant";
    assert_eq!(across.post(path, grant(12, "Doc:Sign", "PT1H")).await.status, 201);
    assert!(app.allows(12, "Doc:Sign", super::DOC).await);
    assert_eq!(
        across.get("acme/role/temporary_permission_grants").await.body["temporary_permission_grants"][0]["creator"],
        json!({"org_id": "globex", "user_id": "21"})
    );
    // Another user there, and an unknown one, read alike.
    let (other, nobody) = (
        across.post(path, grant(13, "Doc:Read", "PT1H")).await,
        across.post(path, grant(9_999, "Doc:Read", "PT1H")).await,
    );
    assert_eq!((other.status.as_u16(), nobody.status.as_u16()), (404, 404));
    assert_eq!(other.body["detail"].as_str().unwrap().replace("13", "9999"), nobody.body["detail"].as_str().unwrap());
    // What he has in his own organization is nothing there.
    let admin = user(&app, 20).with("x-org-id", "globex");
    for (path, body) in [
        ("role", role("mine", &[])),
        ("role/reader", json!({"description": "mine"})),
        ("role/nobody", json!({"description": "mine"})),
        ("role/reader/assign", json!({"user_id": "13"})),
        ("role/temporary_permission_grant", grant(13, "Doc:Read", "PT1H")),
    ] {
        let (there, nowhere) =
            (admin.post(&format!("acme/{path}"), body.clone()).await, admin.post(&format!("acne/{path}"), body).await);
        assert_eq!((there.status.as_u16(), nowhere.status.as_u16()), (404, 404), "{path}: {}", there.body);
        let said =
            |answer: &crate::support::app::Answer| answer.body["detail"].as_str().unwrap().replace("acne", "acme");
        assert_eq!(said(&there), said(&nowhere), "{path}: that there is such an organization is not told");
    }
    for path in ["role", "role/temporary_permission_grants"] {
        let (there, nowhere) = (admin.get(&format!("acme/{path}")).await, admin.get(&format!("acne/{path}")).await);
        assert_eq!((there.status.as_u16(), nowhere.status.as_u16()), (404, 404), "{path}");
    }
    // Who may get a role in another organization may give it, if he has what it gives: he hasn't.
    let refused = across.post("acme/role/reader/assign", json!({"user_id": "13"})).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    let audit = app.ask(reqwest::Method::GET, "/v2/audit?limit=100", Value::Null).await.body;
    let row = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["actor"] == "globex_21" && row["justification"] == "on call tonight");
    assert_eq!(row.unwrap()["organization"], "globex", "on behalf of which organization");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_does_what_its_scope_says() {
    let app = app().await;
    let keys = Keys::with(&Settings::default(), &[crate::support::app::SECRET.into()]).unwrap();
    let asker = |scope: &str| {
        let request = MintRequest {
            subject: Subject::Service("narrow".into()),
            organization: None,
            scope: Some(scope.parse().unwrap()),
            ttl: std::time::Duration::from_hours(1),
        };
        Asker { app: &app, token: mint(&keys, &request, &permdex::clock::Clock::System).unwrap(), headers: Vec::new() }
    };
    let reader = asker("Role:GetRole");
    assert_eq!(reader.roles("acme/role").await.len(), 4);
    assert_eq!(reader.post("acme/role", role("x", &[])).await.status, 403);
    assert_eq!(reader.post("acme/role/reader/assign", json!({"user_id": "13"})).await.status, 403);
    assert_eq!(asker("Role:AssignRole").post("acme/role/reader/assign", json!({"user_id": "13"})).await.status, 200);
    let seen = reader.get("acme/role/temporary_permission_grants").await;
    assert_eq!((seen.status.as_u16(), seen.body["temporary_permission_grants"].as_array().unwrap().len()), (200, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_is_served_with_and_without_a_slash_at_its_end() {
    let app = app().await;
    let document = permdex::http::openapi();
    let mut tried = 0;
    for (path, item) in document.paths.paths.iter().filter(|(path, _)| path.starts_with("/v1/")) {
        let path = path.replace("{organization}", "acme").replace("{role_name}", "reader");
        let methods = [(item.get.is_some(), reqwest::Method::GET), (item.post.is_some(), reqwest::Method::POST)];
        for (_, method) in methods.into_iter().filter(|(is_there, _)| *is_there) {
            for path in [path.clone(), format!("{path}/")] {
                let client = Client::builder().no_proxy().build().unwrap();
                let answer = answer(client.request(method.clone(), format!("{}{path}", app.url))).await;
                assert_eq!(answer.status, 401, "{method} {path}: {}", answer.body);
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 12, "six operations");
    let both = ["acme/role", "acme/role/"].map(|path| {
        let admin = user(&app, 10);
        async move { admin.roles(path).await }
    });
    let [without, with] = both;
    assert_eq!(without.await, with.await);
}
