//! Nobody gives what he does not have: whatever users do, nobody ends with more than all of them had at the start.

use super::{app, policy, service, user};
use crate::support::organization::Dice;
use permdex::domain::{Attributes, Known, Permissions, UserId};
use permdex::store::snapshot::{self, LoadedUser, SnapshotCache};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;

const USERS: std::ops::Range<i64> = 10..24;

async fn everybody(pool: &PgPool) -> Vec<LoadedUser> {
    let users: Vec<i64> = sqlx::query_scalar("select id from users order by id").fetch_all(pool).await.unwrap();
    let users: Vec<UserId> = users.into_iter().map(UserId).collect();
    let mut connection = pool.acquire().await.unwrap();
    let loaded = snapshot::load(&mut connection, &users, 0, &SnapshotCache::default()).await.unwrap();
    let user = |loaded| match loaded {
        snapshot::Loaded::User(user) => user,
        other => panic!("{other:?}"),
    };
    loaded.into_iter().map(user).collect()
}

/// What there is to ask about: names that the policies' patterns reach, with and without an attribute.
fn questions() -> Vec<(String, String, Option<&'static str>)> {
    let mut all = Vec::new();
    for customer in [1, 2] {
        for action in
            ["doc:read", "doc:write", "invoice:read", "invoice:pay", "permdex:policy:update", "permdex:user:create"]
        {
            for thing in ["doc/7", "doc/8", "invoice/secret", "invoice/1"] {
                for color in [None, Some("red")] {
                    all.push((action.to_owned(), format!("acrn:app:{customer}:{thing}"), color));
                }
            }
            all.push((action.to_owned(), format!("acrn:permdex:{customer}:policy/3"), None));
        }
    }
    all
}

fn allows(permissions: &Permissions, (action, resource, color): &(String, String, Option<&str>)) -> bool {
    let mut attributes = Attributes::new();
    if let Some(color) = color {
        attributes.insert("color".into(), permdex::domain::Value::string(*color));
    }
    let action = permdex::domain::ActionName::parse(action).unwrap();
    let resource = permdex::domain::ResourceName::parse(resource).unwrap();
    permissions.check(&action, &resource, &Known::new(&attributes, None), 0).allow
}

/// A random call by a user.
fn call(dice: &mut Dice, groups: &[i64], policies: &[i64]) -> (Method, String, Value) {
    let some_user = USERS.start + i64::try_from(dice.below(14)).unwrap();
    let (group, policy_id) = (dice.pick(groups), dice.pick(policies));
    let customer = if some_user < 20 { 1 } else { 2 };
    let target = match dice.below(3) {
        0 => json!({"userId": some_user}),
        1 => json!({"securityGroupId": group}),
        _ => json!({"customerId": customer}),
    };
    let mut assignment = target;
    assignment["policyId"] = policy_id.into();
    match dice.below(10) {
        0..=2 => (Method::POST, "/v2/permission/assignPolicy".into(), assignment),
        3 => (Method::DELETE, "/v2/permission/removepolicy".into(), assignment),
        4 => (Method::PUT, format!("/v2/policy/{policy_id}"), policy(statements(dice))),
        5 => (Method::POST, "/v2/policy".into(), policy(statements(dice))),
        6 => (Method::PUT, format!("/v2/securityGroup/{group}/member/{some_user}"), Value::Null),
        7 => (Method::DELETE, format!("/v2/securityGroup/{group}/member/{some_user}"), Value::Null),
        8 => {
            let email = format!("u{some_user}@x.example");
            let body = json!({"customerId": customer, "email": email, "active": !dice.one_in(3)});
            (Method::PUT, format!("/v2/user/{some_user}"), body)
        }
        _ => match dice.below(3) {
            0 => (Method::DELETE, format!("/v2/securityGroup/{group}?cascade=true"), Value::Null),
            1 => (Method::DELETE, format!("/v2/policy/{policy_id}?cascade=true"), Value::Null),
            _ => (Method::PUT, format!("/v2/securityGroup/{group}/member"), json!({"userIds": [some_user]})),
        },
    }
}

fn statements(dice: &mut Dice) -> Value {
    let one = |dice: &mut Dice| {
        let effect = if dice.one_in(3) { "deny" } else { "allow" };
        let action = dice.pick(&["doc:read", "doc:*", "invoice:read", "invoice:pay", "permdex:policy:update", "*"]);
        let resource = dice.pick(&[
            "acrn:app:1:doc/*",
            "acrn:app:1:doc/7",
            "acrn:app:1:invoice/*",
            "acrn:app:2:*",
            "acrn:permdex:1:*",
            "*",
        ]);
        let mut statement = json!({"effect": effect, "actions": [action], "resources": [resource]});
        if dice.one_in(3) {
            statement["conditions"] = json!({"color": {"type": "Equals", "value": "red"}});
        }
        statement
    };
    (0..=dice.below(2)).map(|_| one(dice)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_sequence_of_calls_by_users_gives_anybody_more_than_all_had() {
    let seed = std::env::var("PERMDEX_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_127);
    let (mut dice, mut done) = (Dice(seed), 0);
    for round in 0..4 {
        let app = app().await;
        // Somebody who may administer and holds less, and one who is denied something.
        let root = service(&app);
        let rights = json!([{"effect": "allow", "actions": ["permdex:*"], "resources": ["acrn:permdex:1:*"]}]);
        let clerk = root.write(Method::POST, "/v2/policy", policy(rights)).await["id"].clone();
        for target in [json!({"userId": 11}), json!({"userId": 14})] {
            let mut body = target;
            body["policyId"] = clerk.clone();
            body["waitForCompletion"] = json!(true);
            assert_eq!(root.assign(body).await.status, StatusCode::OK);
        }
        // He reads every invoice but the secret one, and nobody reads that: a deny that goes shows.
        let rights = json!([{"effect": "allow", "actions": ["invoice:read"], "resources": ["acrn:app:1:invoice/*"]}]);
        let reader = root.write(Method::POST, "/v2/policy", policy(rights)).await["id"].clone();
        let body = json!({"policyId": reader, "userId": 14, "waitForCompletion": true});
        assert_eq!(root.assign(body).await.status, StatusCode::OK);
        let pool = &app.database.pool;
        let start = everybody(pool).await;
        let questions = questions();
        let had: Vec<bool> =
            questions.iter().map(|asked| start.iter().any(|user| allows(&user.permissions, asked))).collect();
        for step in 0..120 {
            let ids = async |table: &str| -> Vec<i64> {
                let sql = match table {
                    "security_groups" => "select id from security_groups",
                    _ => "select id from policies",
                };
                sqlx::query_scalar(sql).fetch_all(pool).await.unwrap()
            };
            let (groups, policies) = (ids("security_groups").await, ids("policies").await);
            let caller = dice.pick(&[10, 10, 11, 14, 12, 20]);
            let (method, path, body) = call(
                &mut dice,
                if groups.is_empty() { &[1] } else { &groups },
                if policies.is_empty() { &[1] } else { &policies },
            );
            let answer = user(&app, caller).send(method.clone(), &path, body.clone()).await;
            assert!(answer.status.as_u16() < 500, "{} {}", answer.status, answer.body);
            if !answer.status.is_success() {
                continue;
            }
            done += 1;
            for now in everybody(pool).await {
                for (asked, had) in questions.iter().zip(&had) {
                    assert!(
                        *had || !allows(&now.permissions, asked),
                        "seed {seed} round {round} step {step}: {caller} {method} {path} {body}: user {} gained {asked:?}",
                        now.permissions.user
                    );
                }
            }
        }
    }
    assert!(done > 40, "only {done} calls succeeded: the dice are bad");
}
