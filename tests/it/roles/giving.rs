//! Nobody gives what he does not have: whatever users do with roles, nobody ends with more than all had at the start.

use super::{role, service, user};
use crate::support::app::{App, Engine};
use crate::support::organization::Dice;
use permdex::domain::{ActionName, Attributes, Known, Permissions, ResourceName, UserId, Value as Attribute};
use permdex::store::snapshot::{self, Loaded, SnapshotCache};
use reqwest::Method;
use serde_json::{Value, json};

/// A question: action, resource, its organization, color, owner.
type Asked = (&'static str, &'static str, &'static str, Option<&'static str>, Option<&'static str>);

fn questions() -> Vec<Asked> {
    let mut all = Vec::new();
    for action in ["Doc:Read", "Doc:Edit", "Doc:Sign", "Invoice:Pay", "Role:CreateRole"] {
        for (resource, organization) in [("acrn:app:1:doc/7", "acme"), ("acrn:app:2:doc/7", "globex")] {
            for color in [None, Some("red"), Some("blue")] {
                for owner in [None, Some("10"), Some("13")] {
                    all.push((action, resource, organization, color, owner));
                }
            }
        }
    }
    all
}

fn allows(permissions: &Permissions, (action, resource, organization, color, owner): Asked) -> bool {
    let given = [("color", color), ("owner", owner)];
    let given = given.into_iter().filter_map(|(name, value)| Some((name.into(), Attribute::string(value?))));
    let attributes: Attributes = given.collect();
    let (action, resource) = (ActionName::parse(action).unwrap(), ResourceName::parse(resource).unwrap());
    permissions.check(&action, &resource, &Known::new(&attributes, Some(organization)), 0).allow
}

async fn everybody(app: &App) -> Vec<Permissions> {
    let ids: Vec<i64> =
        sqlx::query_scalar("select id from users order by id").fetch_all(&app.database.pool).await.unwrap();
    let ids: Vec<UserId> = ids.into_iter().map(UserId).collect();
    let mut connection = app.database.pool.acquire().await.unwrap();
    let loaded = snapshot::load(&mut connection, &ids, 0, &SnapshotCache::default()).await.unwrap();
    let user = |loaded| match loaded {
        Loaded::User(user) => user.permissions,
        other => panic!("{other:?}"),
    };
    loaded.into_iter().map(user).collect()
}

fn grants(dice: &mut Dice) -> Value {
    let one = |dice: &mut Dice| {
        let name = dice.pick(&["Doc:Read", "Doc:Edit", "Doc:Sign", "Doc:*", "Invoice:Pay", "Role:*", "*"]);
        let mut grant = json!({"permission_name": name, "conditions": {}});
        match dice.below(7) {
            0 => grant["conditions"]["color"] = json!({"type": "Equals", "value": "red"}),
            1 => grant["conditions"]["color"] = json!({"type": "In", "values": ["red", "blue"]}),
            2 => grant["conditions"]["owner"] = json!({"type": "Equals", "value": "{self_user_id}"}),
            3 => grant["conditions"]["org_id"] = json!({"type": "NotEquals", "value": "acme"}),
            4 => grant["conditions"]["org_id"] = json!({"type": "Equals", "value": "{self_org_id}"}),
            _ => {}
        }
        grant
    };
    (0..dice.below(3)).map(|_| one(dice)).collect()
}

fn call(dice: &mut Dice) -> (Method, String, Value) {
    let roles = ["admin", "editor", "reader", "empty", "payer", "signer", "a", "b"];
    let user = 10 + dice.below(8);
    let role_name = dice.pick(&roles);
    match dice.below(4) {
        0 => {
            let mut body = role(dice.pick(&["a", "b"]), &[]);
            body["permission_grants"] = grants(dice);
            (Method::POST, "/v1/acme/role".into(), body)
        }
        1 => (Method::POST, format!("/v1/acme/role/{role_name}"), json!({"permission_grants": grants(dice)})),
        2 => (Method::POST, format!("/v1/acme/role/{role_name}/assign"), json!({"user_id": user.to_string()})),
        _ => {
            let mut body = json!({"customerId": 1, "email": format!("u{user}@example.org"), "active": !dice.one_in(4)});
            if !dice.one_in(3) {
                body["roleName"] = role_name.into();
            }
            (Method::PUT, format!("/v2/user/{user}"), body)
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_sequence_of_calls_with_roles_gives_anybody_more_than_all_had() {
    let seed = std::env::var("PERMDEX_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_128);
    let (mut dice, mut done, mut refused) = (Dice(seed), 0, 0);
    for round in 0..4 {
        let app = App::start(Engine::Embedded, super::lines()).await;
        let root = service(&app);
        // Roles that are there, and that nobody has: what they give, nobody has.
        root.write("acme/role", role("payer", &["Invoice:Pay"])).await;
        let mut signer = role("signer", &["Doc:Sign"]);
        signer["permission_grants"][0]["conditions"] = json!({"owner": {"type": "Equals", "value": "{self_user_id}"}});
        root.write("acme/role", signer).await;
        // The administrator reads, edits what is red, signs what is his own, and administers.
        let his = json!([
            {"permission_name": "Role:*"},
            {"permission_name": "permdex:*"},
            {"permission_name": "Doc:Read"},
            {"permission_name": "Doc:Edit", "conditions": {"color": {"type": "Equals", "value": "red"}}},
            {"permission_name": "Doc:Sign", "conditions": {"owner": {"type": "Equals", "value": "{self_user_id}"}}},
        ]);
        root.write("acme/role/admin", json!({"permission_grants": his})).await;
        root.write("acme/role/editor", json!({"permission_grants": [{"permission_name": "Doc:Read"}]})).await;
        app.drained().await;
        let start = everybody(&app).await;
        let questions = questions();
        let had: Vec<bool> = questions.iter().map(|asked| start.iter().any(|one| allows(one, *asked))).collect();
        assert!(had.contains(&true) && had.contains(&false));
        for step in 0..200 {
            let caller = dice.pick(&[10, 10, 10, 10, 11, 12, 13]);
            let (method, path, body) = call(&mut dice);
            let answer = app.ask_as(&user(&app, caller).token, method.clone(), &path, body.clone()).await;
            assert!(answer.status.as_u16() < 500, "{} {}", answer.status, answer.body);
            if !answer.status.is_success() {
                refused += usize::from(answer.status == 403);
                continue;
            }
            done += 1;
            for now in everybody(&app).await {
                for (asked, had) in questions.iter().zip(&had) {
                    assert!(
                        *had || !allows(&now, *asked),
                        "PERMDEX_TEST_SEED={seed} round {round} step {step}: {caller} {method} {path} {body}: user {} gained {asked:?}",
                        now.user
                    );
                }
            }
        }
    }
    println!("{done} calls of seed {seed} succeeded, {refused} were refused");
    assert!(done > 40 && refused > 40, "{done} calls succeeded and {refused} were refused: the dice are bad");
}
