//! The whole life of a tenant, by HTTP only, as its administrator: without a service token after the first grant.

use super::{Caller, service};
use crate::support::app::{App, Engine};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_born_lives_and_goes() {
    let app = App::start(Engine::Embedded, Vec::new()).await;
    let root = service(&app);
    let customer = root.write(Method::POST, "/v2/customer", json!({"organization": "hooli", "name": "Hooli"})).await;
    let id = customer["id"].as_i64().unwrap();
    let statements = json!([
        {"effect": "allow", "actions": ["permdex:*"], "resources": ["acrn:permdex:${customerId}:*"]},
        {"effect": "allow", "actions": ["doc:*"], "resources": ["acrn:app:${customerId}:doc/*"]}]);
    let policy = json!({"name": "administrators", "statements": statements});
    let administrators = root.write(Method::POST, "/v2/policy", policy).await["id"].clone();
    let new = json!({"customerId": id, "email": "gavin@hooli.example"});
    let gavin = root.write(Method::POST, "/v2/user", new).await["id"].as_i64().unwrap();
    let grant = json!({"policyId": administrators, "userId": gavin, "waitForCompletion": true});
    assert_eq!(root.assign(grant).await.status, StatusCode::OK);

    // From here on the administrator is alone.
    let gavin = Caller { app: &app, token: app.token_of(gavin, "hooli") };
    let mut users = Vec::new();
    for name in ["ann", "bob", "cyd"] {
        let new = json!({"customerId": id, "email": format!("{name}@hooli.example"), "uiLanguage": "de"});
        users.push(gavin.write(Method::POST, "/v2/user", new).await["id"].as_i64().unwrap());
    }
    let [ann, bob, cyd] = users[..] else { panic!("three") };
    let group = gavin.write(Method::POST, "/v2/securityGroup", json!({"customerId": id, "name": "Writers"})).await;
    let group = group["id"].as_i64().unwrap();
    let members = format!("/v2/securityGroup/{group}/member");
    let written = gavin.write(Method::PUT, &members, json!({"userIds": [ann, bob, ann]})).await;
    assert_eq!((&written["added"], &written["removed"]), (&json!(2), &json!(0)));
    let statements =
        json!([{"effect": "allow", "actions": ["doc:write"], "resources": ["acrn:app:${customerId}:doc/*"]}]);
    let body = json!({"customerId": id, "name": "writers", "statements": statements});
    let writers = gavin.write(Method::POST, "/v2/policy", body.clone()).await["id"].as_i64().unwrap();
    let answer = gavin.assign(json!({"policyId": writers, "securityGroupId": group, "waitForCompletion": true})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);

    // Questions.
    let doc = format!("acrn:app:{id}:doc/7");
    let who = |action: &str| json!({"action": action, "resource": doc});
    let ask = async |body: Value| {
        let answer = gavin.send(Method::POST, "/v2/permission", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    };
    let mut check = who("doc:write");
    check["requesterId"] = ann.into();
    assert_eq!(ask(check.clone()).await["allow"], json!(true));
    // The two writers, and the administrator himself.
    assert_eq!(ask(who("doc:write")).await["size"], json!(3));

    // Changes: a policy, a membership, somebody who is deactivated and comes back.
    let path = format!("/v2/policy/{writers}");
    let mut narrow = body;
    narrow["statements"][0]["resources"] = json!(["acrn:app:${customerId}:doc/8"]);
    gavin.write(Method::PUT, &path, narrow).await;
    assert_eq!(ask(check.clone()).await["allow"], json!(false));
    check["resource"] = json!(format!("acrn:app:{id}:doc/8"));
    assert_eq!(ask(check.clone()).await["allow"], json!(true));
    gavin.write(Method::DELETE, &format!("{members}/{bob}"), Value::Null).await;
    gavin.write(Method::PUT, &format!("{members}/{cyd}"), Value::Null).await;
    let listed = gavin.get(&members).await.body;
    assert_eq!(listed, json!({"items": [{"userId": ann}, {"userId": cyd}]}));
    let mut record = gavin.get(&format!("/v2/user/{ann}")).await.body;
    record["active"] = json!(false);
    gavin.write(Method::PUT, &format!("/v2/user/{ann}"), record.clone()).await;
    assert_eq!(ask(check.clone()).await["allow"], json!(false));
    record["active"] = json!(true);
    gavin.write(Method::PUT, &format!("/v2/user/{ann}"), record).await;
    assert_eq!(ask(check.clone()).await["allow"], json!(true));

    // Removal, each thing only when nothing uses it, or with what does.
    let in_use = gavin.send(Method::DELETE, &path, Value::Null).await;
    assert_eq!(in_use.status, StatusCode::CONFLICT);
    assert!(in_use.body["detail"].as_str().unwrap().contains("1 assignments"), "{}", in_use.body);
    gavin.write(Method::DELETE, &format!("{path}?cascade=true"), Value::Null).await;
    assert_eq!(ask(check).await["allow"], json!(false));
    let in_use = gavin.send(Method::DELETE, &format!("/v2/securityGroup/{group}"), Value::Null).await;
    assert_eq!(in_use.status, StatusCode::CONFLICT);
    gavin.write(Method::DELETE, &format!("/v2/securityGroup/{group}?cascade=true"), Value::Null).await;
    for user in [ann, bob, cyd] {
        gavin.write(Method::DELETE, &format!("/v2/user/{user}"), Value::Null).await;
        assert_eq!(gavin.get(&format!("/v2/user/{user}")).await.status, StatusCode::NOT_FOUND);
    }
    let audit = gavin.get("/v2/audit?limit=1000").await.body;
    let told = audit["items"].as_array().unwrap().len();
    // 4 users, customer, group, members thrice, policy twice, two assignments, two (de)activations, 5 deletions.
    assert!(told >= 19, "{told}: {audit}");
    let own = format!("/v2/customer/{id}");
    assert_eq!(gavin.send(Method::DELETE, &own, Value::Null).await.status, StatusCode::CONFLICT);
    gavin.write(Method::DELETE, &format!("{own}?cascade=true"), Value::Null).await;
    // With the tenant its administrator is gone.
    assert_eq!(gavin.get(&own).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(root.get(&own).await.status, StatusCode::NOT_FOUND);
    assert_eq!(app.who_has("doc:write", &doc, 10).await, Vec::<i64>::new());
}
