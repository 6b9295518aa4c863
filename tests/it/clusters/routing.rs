//! Where a call goes: by header, by the token's organization, else to `default`.

use super::{ASK, load, two};
use crate::support::app::Engine;
use permdex::domain::CustomerId;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_where_its_organization_is_and_ids_are_per_cluster() {
    for engine in [Engine::Embedded, Engine::Elastic] {
        let app = two(engine).await;
        let (acme, globex) = (app.token_of(17, "acme"), app.token_of(17, "globex"));
        for (cluster, token, reads, writes) in [
            (None, acme.clone(), true, false),
            (None, globex.clone(), false, true),
            (Some("default"), acme, true, false),
            (Some("eu"), globex, false, true),
            (None, app.service().to_owned(), true, false),
            (Some("default"), app.service().to_owned(), true, false),
            (Some("eu"), app.service().to_owned(), false, true),
            (None, app.service_of("globex"), false, true),
            (None, app.service_of("acme"), true, false),
            // A service may name another than its own, and may be of an organization that is none here.
            (Some("default"), app.service_of("globex"), true, false),
            (None, app.service_of("nowhere"), true, false),
        ] {
            let asked =
                (app.checks(cluster, &token, 17, "doc:read").await, app.checks(cluster, &token, 17, "doc:write").await);
            assert_eq!(asked, ((200, Some(reads)), (200, Some(writes))), "{engine:?} {cluster:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_never_spans_two_clusters() {
    for engine in [Engine::Embedded, Engine::Elastic] {
        let app = two(engine).await;
        let on = async |cluster| (app.who_on(cluster, "doc:read").await, app.who_on(cluster, "doc:write").await);
        assert_eq!(on("default").await, (vec![17, 18], vec![]), "{engine:?}");
        assert_eq!(on("eu").await, (vec![], vec![17, 19]), "{engine:?}");
        let administrator = app.token_of(19, "globex");
        let own = app.ask_as(&administrator, Method::POST, ASK, json!({"action": "doc:write"})).await;
        assert_eq!(own.body["size"], json!(2), "{}", own.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_nobody_in_another_cluster() {
    let app = two(Engine::Embedded).await;
    for (cluster, user, organization) in [("eu", 17, "acme"), ("default", 17, "globex"), ("eu", 18, "acme")] {
        let token = app.token_of(user, organization);
        let answer = app.ask_on(cluster, &token, Method::POST, ASK, json!({"requesterId": user, "action": "a"})).await;
        assert_eq!(answer.status, 401, "{}", answer.body);
        assert!(answer.headers.contains_key("www-authenticate"));
    }
    for (user, organization) in [(19, "acme"), (18, "globex"), (17, "nowhere")] {
        assert_eq!(app.checks(None, &app.token_of(user, organization), user, "doc:read").await, (401, None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_reads_the_header_and_says_so() {
    let app = two(Engine::Embedded).await;
    let document = app.ask(Method::GET, "/openapi.json", Value::Null).await.body;
    let mut seen = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            if !operation["security"].is_null() {
                continue;
            }
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let described = parameters.iter().filter(|parameter| parameter["name"] == "x-mongo-cluster-name").count();
            assert_eq!(described, 1, "{method} {path}");
            let path = path.replace("{jobId}", "01890a5d-ac96-774b-bcce-b302099a8057").replace(['{', '}'], "1");
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let answer = app.ask_on("nowhere", app.service(), method.clone(), &path, json!({})).await;
            assert_eq!(answer.status, 422, "{method} {path}: {}", answer.body);
            assert_eq!(
                answer.body["errors"][0]["pointer"], "/x-mongo-cluster-name",
                "{method} {path}: {}",
                answer.body
            );
            for part in ["`x-mongo-cluster-name`", "`nowhere`", "`default`", "`eu`"] {
                assert!(answer.body["detail"].as_str().expect("words").contains(part), "{part}: {}", answer.body);
            }
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_is_not_one_name_is_refused() {
    let app = two(Engine::Embedded).await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let ask = |values: &[&'static [u8]]| {
        let mut request = client.post(format!("{}{ASK}", app.url)).bearer_auth(app.service());
        for value in values {
            let value = reqwest::header::HeaderValue::from_bytes(value).expect("a value");
            request = request.header("x-mongo-cluster-name", value);
        }
        crate::support::app::answer(request.json(&json!({"action": "doc:read"})))
    };
    for values in [&[&b"eu"[..], b"eu"][..], &[b"eu", b"default"], &[b"\xff"]] {
        assert_eq!(ask(values).await.status, 400, "{values:?}");
    }
    for values in [&[&b""[..]][..], &[b"EU"], &[b"eu,default"]] {
        assert_eq!(ask(values).await.status, 422, "{values:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_belongs_to_the_cluster_that_made_it() {
    let app = two(Engine::Embedded).await;
    let body = json!({"action": "doc:read", "limit": 1});
    let page = app.ask(Method::POST, ASK, body.clone()).await.body;
    let mut next = body;
    next["cursor"] = page["nextCursor"].clone();
    assert!(next["cursor"].is_string(), "{page}");
    assert_eq!(app.ask_on("default", app.service(), Method::POST, ASK, next.clone()).await.status, 200);
    assert_eq!(app.ask_on("eu", app.service(), Method::POST, ASK, next).await.status, 422);
    let users = app.ask(Method::GET, "/v2/user?limit=1", Value::Null).await.body;
    let path = format!("/v2/user?limit=1&cursor={}", users["nextCursor"].as_str().expect("a cursor"));
    assert_eq!(app.ask(Method::GET, &path, Value::Null).await.status, 200);
    assert_eq!(app.ask_on("eu", app.service(), Method::GET, &path, Value::Null).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_in_two_clusters_by_mistake_is_the_first_one_s() {
    let app = two(Engine::Embedded).await;
    load(
        &app.eu().database,
        vec![
            json!({"kind": "customer", "id": 2, "organization": "acme", "name": "Acme"}).to_string(),
            json!({"kind": "user", "id": 18, "customerId": 2, "email": "x@acme.example"}).to_string(),
            json!({"kind": "user", "id": 50, "customerId": 2, "email": "y@acme.example"}).to_string(),
        ],
    )
    .await;
    app.eu().ready().await;
    let twice = app.clusters.look_at().await;
    let twice: Vec<_> = twice.iter().map(|(organization, clusters)| (&**organization, clusters.join(" "))).collect();
    assert_eq!(twice, [("acme", "default eu".to_owned())]);
    assert_eq!(app.checks(None, &app.token_of(18, "acme"), 18, "doc:read").await, (200, Some(true)));
    // Else the token of one 18 would make its holder the other 18.
    for (cluster, user) in [(Some("eu"), 18), (Some("eu"), 50), (None, 50)] {
        assert_eq!(app.checks(cluster, &app.token_of(user, "acme"), user, "doc:read").await, (401, None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_that_moved_is_found_where_it_is_now() {
    let app = two(Engine::Embedded).await;
    let nomad = || {
        vec![
            json!({"kind": "customer", "id": 9, "organization": "nomad", "name": "Nomad"}).to_string(),
            json!({"kind": "user", "id": 70, "customerId": 9, "email": "z@nomad.example"}).to_string(),
        ]
    };
    let token = app.token_of(70, "nomad");
    load(&app.eu().database, nomad()).await;
    assert_eq!(app.checks(None, &token, 70, "doc:read").await, (200, Some(false)), "who was just created is found");
    let path = "/v2/customer/9?cascade=true&waitForCompletion=true";
    let deleted = app.ask_on("eu", app.service(), Method::DELETE, path, Value::Null).await;
    assert_eq!(deleted.status, 200, "{}", deleted.body);
    assert_eq!(app.checks(None, &token, 70, "doc:read").await, (401, None));
    load(&app.database, nomad()).await;
    // As a process remembers it that did not delete it itself.
    app.eu().assembly.cluster.directory.learn(CustomerId(9), "nomad");
    assert_eq!(app.checks(None, &token, 70, "doc:read").await, (200, Some(false)));
    assert!(app.clusters.look_at().await.is_empty(), "what is gone is forgotten");
}
