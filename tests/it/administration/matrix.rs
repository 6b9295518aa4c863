//! Every operation of the OpenAPI document, asked by everybody about both tenants: the answers' statuses stand in
//! `matrix.txt`, which is reviewed as a diff. An operation that is missing there fails the test.

use super::{app, service, user};
use crate::support::app::{App, answer};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

const EXPECTED: &str = include_str!("matrix.txt");

/// A request about a tenant's things.
struct Row {
    method: Method,
    /// As in the document.
    operation: &'static str,
    path: String,
    body: Value,
}

/// The things of a tenant that requests are about: customer, user, group, policy.
struct Tenant {
    customer: i64,
    user: i64,
    group: i64,
    policy: i64,
}

const TENANTS: [Tenant; 2] =
    [Tenant { customer: 1, user: 12, group: 4, policy: 3 }, Tenant { customer: 2, user: 21, group: 5, policy: 6 }];

/// Reads first, then what changes something; nothing here is changed by being allowed, or only once.
fn rows(tenant: &Tenant) -> Vec<Row> {
    let Tenant { customer, user, group, policy } = tenant;
    let statements =
        json!([{"effect": "allow", "actions": ["doc:read"], "resources": [format!("acrn:app:{customer}:doc/*")]}]);
    let policy_body = json!({"customerId": customer, "name": "p", "statements": statements});
    let organization = if *customer == 1 { "acme" } else { "globex" };
    let nothing = Value::Null;
    let row =
        |method: Method, operation: &'static str, path: String, body: Value| Row { method, operation, path, body };
    let (get, post, put, delete) = (Method::GET, Method::POST, Method::PUT, Method::DELETE);
    vec![
        row(get.clone(), "/v2/customer", "/v2/customer".into(), nothing.clone()),
        row(get.clone(), "/v2/customer/{id}", format!("/v2/customer/{customer}"), nothing.clone()),
        row(get.clone(), "/v2/user", format!("/v2/user?customerId={customer}"), nothing.clone()),
        row(get.clone(), "/v2/user/{id}", format!("/v2/user/{user}"), nothing.clone()),
        row(get.clone(), "/v2/securityGroup", format!("/v2/securityGroup?customerId={customer}"), nothing.clone()),
        row(get.clone(), "/v2/securityGroup/{id}", format!("/v2/securityGroup/{group}"), nothing.clone()),
        row(get.clone(), "/v2/securityGroup/{id}/member", format!("/v2/securityGroup/{group}/member"), nothing.clone()),
        row(get.clone(), "/v2/policy", format!("/v2/policy?customerId={customer}"), nothing.clone()),
        row(get.clone(), "/v2/policy/{id}", format!("/v2/policy/{policy}"), nothing.clone()),
        row(get.clone(), "/v2/action", "/v2/action".into(), nothing.clone()),
        row(get.clone(), "/v2/action/{name}", "/v2/action/doc:read".into(), nothing.clone()),
        row(get.clone(), "/v2/audit", format!("/v2/audit?customerId={customer}"), nothing.clone()),
        row(get.clone(), "/v2/permission/list", "/v2/permission/list?model=doc".into(), nothing.clone()),
        row(get.clone(), "/v2/permission/job", "/v2/permission/job".into(), nothing.clone()),
        row(
            get,
            "/v2/permission/job/{jobId}",
            "/v2/permission/job/01890a5d-ac96-774b-bcce-b302099a8057".into(),
            nothing.clone(),
        ),
        row(post.clone(), "/v2/policy/validate", "/v2/policy/validate".into(), policy_body.clone()),
        row(
            post.clone(),
            "/v2/permission",
            "/v2/permission".into(),
            json!({"requesterId": user, "action": "doc:read", "resource": format!("acrn:app:{customer}:doc/7")}),
        ),
        row(
            post.clone(),
            "/v2/permission",
            "/v2/permission".into(),
            json!({"action": "doc:read", "resource": format!("acrn:app:{customer}:doc/7"), "customerId": customer}),
        ),
        row(
            post.clone(),
            "/v2/permission/explain",
            "/v2/permission/explain".into(),
            json!({"requesterId": user, "action": "doc:read", "resource": format!("acrn:app:{customer}:doc/7")}),
        ),
        // Changes that say what is there already.
        row(
            put.clone(),
            "/v2/customer/{id}",
            format!("/v2/customer/{customer}"),
            json!({"organization": organization, "name": if *customer == 1 { "Acme" } else { "Globex" }}),
        ),
        row(
            put.clone(),
            "/v2/user/{id}",
            format!("/v2/user/{user}"),
            json!({"customerId": customer, "email": format!("u{user}@{organization}.example")}),
        ),
        row(
            put.clone(),
            "/v2/securityGroup/{id}",
            format!("/v2/securityGroup/{group}"),
            json!({"customerId": customer, "name": if *customer == 1 { "Empty" } else { "Globex" }}),
        ),
        row(
            put.clone(),
            "/v2/securityGroup/{id}/member",
            format!("/v2/securityGroup/{group}/member"),
            json!({"userIds": []}),
        ),
        row(put.clone(), "/v2/policy/{id}", format!("/v2/policy/{policy}"), {
            let mut body = policy_body.clone();
            body["name"] = json!(if *customer == 1 { "readers" } else { "globex readers" });
            body
        }),
        row(put.clone(), "/v2/action/{name}", "/v2/action/doc:read".into(), json!({"title": "Read documents"})),
        row(
            delete.clone(),
            "/v2/securityGroup/{id}/member/{userId}",
            format!("/v2/securityGroup/{group}/member/{user}"),
            nothing.clone(),
        ),
        row(
            delete.clone(),
            "/v2/permission/removepolicy",
            "/v2/permission/removepolicy".into(),
            json!({"policyId": policy, "userId": user}),
        ),
        row(
            delete.clone(),
            "/v2/permission/usertopolicy",
            "/v2/permission/usertopolicy".into(),
            json!({"policyId": policy, "userId": user}),
        ),
        // Changes that are only asked about.
        row(
            post.clone(),
            "/v2/permission/assignPolicy",
            "/v2/permission/assignPolicy".into(),
            json!({"policyId": policy, "securityGroupId": group, "dryRun": true}),
        ),
        row(
            post.clone(),
            "/v2/permission/usertopolicy",
            "/v2/permission/usertopolicy".into(),
            json!({"policyId": policy, "userId": user, "dryRun": true}),
        ),
        row(
            delete.clone(),
            "/v2/permission/removepolicy",
            "/v2/permission/removepolicy".into(),
            json!({"policyId": policy, "userId": user, "dryRun": true}),
        ),
        row(
            delete.clone(),
            "/v2/permission/usertopolicy",
            format!("/v2/permission/usertopolicy?policyId={policy}&userId={user}&dryRun=true"),
            nothing.clone(),
        ),
        row(
            put.clone(),
            "/v2/policy/{id}",
            format!("/v2/policy/{policy}?dryRun=true"),
            json!({"customerId": customer, "name": "p", "statements": statements}),
        ),
        row(
            delete.clone(),
            "/v2/policy/{id}",
            format!("/v2/policy/{policy}?dryRun=true&cascade=true"),
            nothing.clone(),
        ),
        // Changes.
        row(
            post.clone(),
            "/v2/permission/assignPolicy",
            "/v2/permission/assignPolicy".into(),
            json!({"policyId": policy, "securityGroupId": group}),
        ),
        row(
            post.clone(),
            "/v2/permission/usertopolicy",
            "/v2/permission/usertopolicy".into(),
            json!({"policyId": policy, "userId": user}),
        ),
        row(post.clone(), "/v2/permission/rebuild", "/v2/permission/rebuild".into(), json!({"userId": user})),
        row(post.clone(), "/v2/permission/verify", "/v2/permission/verify".into(), json!({})),
        row(
            post.clone(),
            "/v2/permission/job/{jobId}/cancel",
            "/v2/permission/job/01890a5d-ac96-774b-bcce-b302099a8057/cancel".into(),
            Value::Null,
        ),
        row(
            post.clone(),
            "/v2/permission/job/{jobId}/retry",
            "/v2/permission/job/01890a5d-ac96-774b-bcce-b302099a8057/retry".into(),
            Value::Null,
        ),
        row(post.clone(), "/v2/customer", "/v2/customer".into(), json!({"organization": organization, "name": "x"})),
        row(post.clone(), "/v2/user", "/v2/user".into(), json!({"customerId": customer, "email": "x@x.example"})),
        row(
            post.clone(),
            "/v2/securityGroup",
            "/v2/securityGroup".into(),
            json!({"customerId": customer, "name": "x"}),
        ),
        row(post.clone(), "/v2/policy", "/v2/policy".into(), policy_body),
        row(post.clone(), "/v2/action", "/v2/action".into(), json!({"name": "doc:read", "title": "x"})),
        row(
            put,
            "/v2/securityGroup/{id}/member/{userId}",
            format!("/v2/securityGroup/{group}/member/{user}"),
            nothing.clone(),
        ),
        row(Method::GET, "/v1/{organization}/role", format!("/v1/{organization}/role"), nothing.clone()),
        row(
            Method::GET,
            "/v1/{organization}/role/temporary_permission_grants",
            format!("/v1/{organization}/role/temporary_permission_grants"),
            nothing.clone(),
        ),
        row(
            post.clone(),
            "/v1/{organization}/role",
            format!("/v1/{organization}/role"),
            json!({"role_name": "editor", "description": "Taken.", "frontend_view": "client"}),
        ),
        row(
            post.clone(),
            "/v1/{organization}/role/{role_name}",
            format!("/v1/{organization}/role/editor"),
            json!({"description": "Edits."}),
        ),
        row(
            post.clone(),
            "/v1/{organization}/role/{role_name}/assign",
            format!("/v1/{organization}/role/editor/assign"),
            json!({"user_id": user.to_string()}),
        ),
        row(
            post.clone(),
            "/v1/{organization}/role/temporary_permission_grant",
            format!("/v1/{organization}/role/temporary_permission_grant"),
            json!({"user_id": user.to_string(), "duration": "PT1H", "justification": "on call tonight",
                "permission_grant": {"permission_name": "doc:print"}}),
        ),
        // In use, all of them: nothing goes.
        row(delete.clone(), "/v2/customer/{id}", format!("/v2/customer/{customer}"), nothing.clone()),
        row(delete.clone(), "/v2/securityGroup/{id}", format!("/v2/securityGroup/{group}"), nothing.clone()),
        row(delete.clone(), "/v2/policy/{id}", format!("/v2/policy/{policy}"), nothing.clone()),
        // `If-Match` names another state: nothing goes.
        row(delete.clone(), "/v2/user/{id}", format!("/v2/user/{user}"), nothing.clone()),
        row(delete, "/v2/action/{name}", "/v2/action/doc:read".into(), nothing),
    ]
}

/// Operations that need no caller, or stand in tests of their own.
const ELSEWHERE: &[&str] = &["GET /livez", "GET /readyz", "GET /metrics"];

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_what_the_matrix_says() {
    let app = app().await;
    let document = service(&app).get("/openapi.json").await.body;
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            operations.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let mut text = "Statuses by caller, about things of acme (1) and of globex (2).\n".to_owned();
    text += "none: without a token; 10: administers acme; 11: may see acme's users; 12: nothing; 20: administers globex.\n\n";
    let _ = writeln!(text, "{:62} {:>2}  none  10   11   12   20   service", "", "");
    for tenant in &TENANTS {
        for row in rows(tenant) {
            operations.remove(&format!("{} {}", row.method, row.operation));
            let what = kind(&row);
            let mut line = format!("{:62} {:>2} ", format!("{} {} {what}", row.method, row.operation), tenant.customer);
            let of = |id| (Some(user(&app, id).token), Some(if id < 20 { "acme" } else { "globex" }));
            for (caller, organization) in
                [(None, None), of(10), of(11), of(12), of(20), (Some(app.service().to_owned()), None)]
            {
                // What is under way for the same users would show in the answer of who repeats it.
                app.drained().await;
                let status = ask(&app, caller.as_deref(), organization, &row).await;
                let _ = write!(line, " {status} ");
            }
            text += line.trim_end();
            text.push('\n');
        }
        text.push('\n');
    }
    app.drained().await;
    let left: Vec<_> = operations.iter().filter(|operation| !ELSEWHERE.contains(&operation.as_str())).collect();
    assert!(left.is_empty(), "not in the matrix: {left:?}");
    if text.trim() != EXPECTED.trim() {
        let differing = text.lines().zip(EXPECTED.lines()).filter(|(found, expected)| found != expected);
        let shown: Vec<_> = differing.map(|(found, expected)| format!("- {expected}\n+ {found}")).collect();
        panic!("tests/it/administration/matrix.txt says otherwise:\n{}\n\nall of it:\n{text}", shown.join("\n"));
    }
}

fn kind(row: &Row) -> &'static str {
    if row.operation == "/v2/permission" {
        return if row.body.get("requesterId").is_some() { "(check)" } else { "(who has)" };
    }
    if row.path.contains("dryRun") || row.body.get("dryRun").is_some() { "(dry run)" } else { "" }
}

async fn ask(app: &App, token: Option<&str>, organization: Option<&str>, row: &Row) -> u16 {
    let client = Client::builder().no_proxy().build().unwrap();
    let mut request = client.request(row.method.clone(), format!("{}{}", app.url, row.path));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if row.method == Method::DELETE
        && (row.operation.starts_with("/v2/user") || row.operation.starts_with("/v2/action"))
    {
        request = request.header("If-Match", "\"another\"");
    }
    // Callers of the role API say which organization issued their token.
    if row.operation.starts_with("/v1")
        && let Some(organization) = organization
    {
        request = request.header("X-ORG-ID", organization);
    }
    if !row.body.is_null() {
        request = request.json(&row.body);
    }
    answer(request).await.status.as_u16()
}
