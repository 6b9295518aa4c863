//! What writes have in common: tags, repeats, cursors, ids, bounds, and what is refused by name.

use super::{app, policy, service, user};
use crate::support::app::answer;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_made_to_what_was_read_or_not_at_all() {
    let app = app().await;
    let admin = user(&app, 10);
    let path = "/v2/securityGroup/4";
    let seen = admin.get(path).await;
    let tag = seen.headers["etag"].to_str().unwrap().to_owned();
    let client = Client::builder().no_proxy().build().unwrap();
    let send = async |method: Method, tag: &str, body: Option<Value>| {
        let request = client.request(method, format!("{}{path}", app.url)).bearer_auth(&admin.token);
        let request = request.header("If-Match", tag);
        answer(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    };
    let mut body = seen.body.clone();
    body["name"] = json!("Renamed");
    let renamed = send(Method::PUT, &tag, Some(body.clone())).await;
    assert_eq!(renamed.status, StatusCode::ACCEPTED, "{}", renamed.body);
    let now = renamed.headers["etag"].to_str().unwrap().to_owned();
    assert_ne!(now, tag);
    assert_eq!(admin.get(path).await.headers["etag"].to_str().unwrap(), now);
    for (method, body) in [(Method::PUT, Some(body)), (Method::DELETE, None)] {
        let late = send(method, &tag, body).await;
        assert_eq!(late.status, StatusCode::PRECONDITION_FAILED, "{}", late.body);
    }
    assert_eq!(send(Method::DELETE, "nonsense", None).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(send(Method::DELETE, "*", None).await.status, StatusCode::ACCEPTED);
    assert_eq!(send(Method::PUT, "*", Some(json!({"customerId": 1, "name": "x"}))).await.status, 412);
}

#[tokio::test(flavor = "multi_thread")]
async fn putting_what_get_gave_changes_nothing() {
    let app = app().await;
    let root = service(&app);
    for path in ["/v2/customer/1", "/v2/user/10", "/v2/securityGroup/1", "/v2/policy/1", "/v2/action/doc:read"] {
        let seen = root.get(path).await;
        assert_eq!(seen.status, StatusCode::OK, "{path} {}", seen.body);
        let put = root.send(Method::PUT, path, seen.body.clone()).await;
        assert_eq!((put.status, &put.body["changed"]), (StatusCode::OK, &json!(false)), "{path} {}", put.body);
        assert_eq!((&put.body["jobId"], &put.body["completed"]), (&Value::Null, &json!(true)), "{path}");
        assert_eq!(root.get(path).await.body, seen.body, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_says_where_it_is_and_putting_takes_an_id_from_elsewhere() {
    let app = app().await;
    let root = service(&app);
    let new = json!({"customerId": 1, "name": "New"});
    let created = root.send(Method::POST, "/v2/securityGroup?waitForCompletion=true", new.clone()).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.body);
    let location = created.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(location, format!("/v2/securityGroup/{}", created.body["id"]));
    assert_eq!(root.get(&location).await.body["name"], json!("New"));
    let accepted = root.send(Method::POST, "/v2/securityGroup", new.clone()).await;
    assert_eq!((accepted.status, accepted.headers.contains_key("location")), (StatusCode::ACCEPTED, true));
    // An id of another system; the ids chosen here go around it.
    let next = accepted.body["id"].as_i64().unwrap() + 1;
    let put = root.send(Method::PUT, &format!("/v2/securityGroup/{next}"), new.clone()).await;
    assert_eq!((put.status, put.headers.contains_key("location")), (StatusCode::ACCEPTED, true), "{}", put.body);
    let after = root.write(Method::POST, "/v2/securityGroup", new).await;
    assert!(after["id"].as_i64().unwrap() > next, "{after}");
    let taken = root.send(Method::POST, "/v2/customer", json!({"organization": "acme", "name": "x"})).await;
    assert_eq!(taken.status, StatusCode::CONFLICT);
    let known = json!({"name": "doc:read", "title": "x"});
    assert_eq!(root.send(Method::POST, "/v2/action", known).await.status, StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_go_page_by_page_and_filter() {
    let app = app().await;
    let root = service(&app);
    let (mut ids, mut path) = (Vec::new(), "/v2/user?limit=3&customerId=1".to_owned());
    loop {
        let page = root.get(&path).await.body;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 3);
        ids.extend(items.iter().map(|user| user["id"].as_i64().unwrap()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/v2/user?limit=3&customerId=1&cursor={cursor}");
    }
    assert_eq!(ids, (10..20).collect::<Vec<_>>());
    let count = async |path: &str| {
        let answer = root.get(path).await;
        answer.body["items"].as_array().map(Vec::len).ok_or((answer.status.as_u16(), answer.body))
    };
    for (path, expected) in [
        ("/v2/user?active=false", 1),
        ("/v2/user?email=u12@acme.example", 1),
        ("/v2/user?securityGroupId=3", 1),
        ("/v2/user?roleName=nobody", 0),
        ("/v2/customer?organization=globex", 1),
        ("/v2/customer", 2),
        ("/v2/securityGroup?userId=10", 1),
        ("/v2/securityGroup?customerId=2&name=Globex", 1),
        ("/v2/policy", 6),
        ("/v2/policy?shared=true", 1),
        ("/v2/policy?shared=false", 5),
        ("/v2/policy?customerId=1", 4),
        ("/v2/policy?name=readers", 1),
        ("/v2/action?model=doc", 1),
        ("/v2/securityGroup/1/member", 1),
    ] {
        assert_eq!(count(path).await, Ok(expected), "{path}");
    }
    // A cursor belongs to its list.
    let cursor = root.get("/v2/user?limit=1").await.body["nextCursor"].as_str().unwrap().to_owned();
    for (path, status) in [
        (format!("/v2/user?customerId=1&cursor={cursor}"), 422),
        (format!("/v2/policy?cursor={cursor}"), 422),
        ("/v2/user?cursor=x".to_owned(), 400),
        ("/v2/user?limit=0".to_owned(), 422),
        ("/v2/user?limit=1001".to_owned(), 422),
        ("/v2/user?name=x".to_owned(), 422),
        ("/v2/user?email=%00".to_owned(), 422),
        ("/v2/user?customerId=99".to_owned(), 404),
    ] {
        assert_eq!(root.get(&path).await.status, status, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_refused_by_name_and_nothing_changes() {
    let app = app().await;
    let root = service(&app);
    let user = |field: &str, value: Value| {
        let mut body = json!({"customerId": 1, "email": "x@acme.example"});
        body[field] = value;
        body
    };
    let statement = json!({"effect": "allow", "actions": ["doc-*"], "resources": ["acrn:app:1:doc/*"]});
    for (method, path, body, status, said) in [
        (Method::PUT, "/v2/user/12", user("customerId", json!(2)), 422, "/customerId"),
        (Method::PUT, "/v2/user/12", user("id", json!(13)), 422, "/id"),
        (Method::PUT, "/v2/user/12", user("mail", json!("x")), 422, "/mail"),
        (Method::PUT, "/v2/user/12", user("email", json!(null)), 422, "/email"),
        (Method::PUT, "/v2/user/12", user("email", json!("a\0b")), 422, "/email"),
        (Method::PUT, "/v2/user/12", user("active", json!("no")), 422, "/active"),
        (Method::PUT, "/v2/user/12", user("roleName", json!("nobody")), 422, "/roleName"),
        (Method::POST, "/v2/user", user("id", json!(99)), 422, "/id"),
        (Method::POST, "/v2/user", user("customerId", json!(99)), 404, "customer `99`"),
        (Method::PUT, "/v2/customer/1", json!({"organization": "other", "name": "x"}), 422, "/organization"),
        (Method::POST, "/v2/customer", json!({"organization": "No", "name": "x"}), 422, "/organization"),
        (Method::POST, "/v2/policy", policy(json!([])), 422, "/statements"),
        (Method::POST, "/v2/policy", policy(json!([statement])), 422, "/statements/0/actions/0"),
        (Method::PUT, "/v2/policy/3", json!({"name": "x", "statements": policy(json!([]))}), 422, "/statements"),
        (Method::PUT, "/v2/securityGroup/4/member", json!({"userIds": [10, 20, 99]}), 422, "/userIds/1"),
        (Method::PUT, "/v2/securityGroup/4/member/20", Value::Null, 404, "user `20`"),
        (Method::PUT, "/v2/securityGroup/99/member/10", Value::Null, 404, "security group `99`"),
        (Method::DELETE, "/v2/user/0", Value::Null, 404, "user `0`"),
        (Method::DELETE, "/v2/user/12?casade=true", Value::Null, 422, "casade"),
        (Method::GET, "/v2/action/doc%00", Value::Null, 404, "action"),
        (Method::PUT, "/v2/action/doc:*", json!({"title": "x"}), 422, "/name"),
    ] {
        let answer = root.send(method, path, body).await;
        let text = answer.body.to_string();
        assert!(answer.status == status && text.contains(said), "{path}: {} {text}", answer.status);
    }
    let valid = root.send(Method::POST, "/v2/policy/validate", json!([1])).await;
    assert_eq!((valid.status, &valid.body["valid"]), (StatusCode::OK, &json!(false)));
    let audit: i64 = sqlx::query_scalar("select count(*) from audit where action not like '%import%'")
        .fetch_one(&app.database.pool)
        .await
        .unwrap();
    let imported: i64 = sqlx::query_scalar("select count(*) from audit where actor like 'cli:%'")
        .fetch_one(&app.database.pool)
        .await
        .unwrap();
    assert!(audit <= imported, "{audit} rows of the audit log, {imported} of the import");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_list_of_members_is_one_write() {
    let app = app().await;
    let root = service(&app);
    let mut import = Vec::new();
    for id in 1_000..3_000 {
        import.push(
            json!({"kind": "user", "id": id, "customerId": 1, "email": format!("u{id}@acme.example")}).to_string(),
        );
    }
    let lines = permdex::service::generate::LineReader::new(import.into_iter());
    permdex::service::import::import(&app.database.pool, lines, "cli:test", &permdex::clock::Clock::System)
        .await
        .unwrap();
    let ids: Vec<i64> = (1_000..3_000).collect();
    let written = root.write(Method::PUT, "/v2/securityGroup/3/member", json!({"userIds": ids})).await;
    assert_eq!((&written["added"], &written["removed"]), (&json!(2_000), &json!(1)));
    assert_eq!(app.who_has("invoice:pay", "acrn:app:1:invoice/7", 10_000).await, ids);
    let again = root.write(Method::PUT, "/v2/securityGroup/3/member", json!({"userIds": ids})).await;
    assert_eq!((&again["changed"], &again["added"]), (&json!(false), &json!(0)));
}
