//! `dryRun`: what a change would give and take is what it then gives and takes, and asking changes nothing.

use super::{Caller, app, lines, policy, service, user};
use crate::support::app::{App, Engine};
use crate::support::organization::{Dice, Organization};
use permdex::service::{Limited, Settings};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const DOC: &str = "acrn:app:1:doc/*";

/// A change, as it is asked for: method, path, body. It takes `dryRun` and `waitForCompletion` in the query, or in the body.
#[derive(Debug, Clone)]
struct Change(Method, String, Value);

impl Change {
    fn with(&self, word: &str) -> Self {
        let Self(method, path, body) = self.clone();
        if path.starts_with("/v2/policy") {
            let sign = if path.contains('?') { '&' } else { '?' };
            return Self(method, format!("{path}{sign}{word}=true"), body);
        }
        let mut body = body;
        body[word] = json!(true);
        Self(method, path, body)
    }

    async fn preview(&self, caller: &Caller<'_>) -> Value {
        let Self(method, path, body) = self.with("dryRun");
        let answer = caller.send(method, &path, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{self:?}: {}", answer.body);
        assert_eq!(answer.body["dryRun"], json!(true), "{self:?}: {}", answer.body);
        answer.body
    }

    async fn make(&self, caller: &Caller<'_>) -> Value {
        let Self(method, path, body) = self.with("waitForCompletion");
        let answer = caller.send(method, &path, body).await;
        assert!(answer.status.is_success(), "{self:?}: {} {}", answer.status, answer.body);
        assert_eq!(answer.body["completed"], json!(true), "{self:?}: {}", answer.body);
        answer.body
    }
}

fn assign(body: Value) -> Change {
    Change(Method::POST, "/v2/permission/assignPolicy".into(), body)
}

fn remove(body: Value) -> Change {
    Change(Method::DELETE, "/v2/permission/removepolicy".into(), body)
}

fn put(id: i64, body: Value) -> Change {
    Change(Method::PUT, format!("/v2/policy/{id}"), body)
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"effect": "allow", "actions": [action], "resources": [resource]})
}

fn deny(action: &str, resource: &str) -> Value {
    json!({"effect": "deny", "actions": [action], "resources": [resource]})
}

/// All that a change leaves behind, beside the change.
async fn traces(app: &App) -> Vec<i64> {
    let mut all = Vec::new();
    for sql in [
        "select count(*) from jobs",
        "select count(*) from audit",
        "select count(*) from assignments",
        "select count(*) from policies",
        "select last_value from index_version",
        "select coalesce(sum(hashtext(p::text)::bigint), 0)::bigint from policies p",
    ] {
        all.push(sqlx::query_scalar(sql).fetch_one(&app.database.pool).await.unwrap());
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gains_and_loses_what_is_told_and_nothing_is_changed() {
    let app = app().await;
    let root = service(&app);
    let before = traces(&app).await;
    // 11 reads documents already, 13 is inactive.
    let all: Vec<_> = [10, 12, 14, 15, 16, 17, 18, 19].into_iter().collect();
    let found = assign(json!({"policyId": 3, "customerId": 1})).preview(&root).await;
    let gains: Vec<_> = all
        .iter()
        .filter(|id| **id != 10)
        .map(|id| json!({"id": id, "gains": [format!("doc:read {DOC}")], "loses": []}))
        .collect();
    assert_eq!(
        found,
        json!({"dryRun": true, "changed": true, "gaining": 7, "losing": 0, "users": gains, "complete": true})
    );
    let nobody = |changed: bool| json!({"dryRun": true, "changed": changed, "gaining": 0, "losing": 0, "users": [], "complete": true});
    for (change, expected) in [
        // Twice is nothing, as is what isn't there; the holder who keeps it by another way loses nothing.
        (assign(json!({"policyId": 3, "userId": 11})), nobody(false)),
        (remove(json!({"policyId": 3, "userId": 12})), nobody(false)),
        (assign(json!({"policyId": 3, "userId": 10})), nobody(true)),
        (assign(json!({"policyId": 3, "userId": 13})), nobody(true)),
        // A policy that is not there yet, a new name, the same, one that nobody holds.
        (put(99, policy(json!([allow("doc:read", DOC)]))), nobody(true)),
        (put(3, policy(json!([allow("doc:read", DOC)]))), nobody(true)),
        (put(3, json!({"customerId": 1, "name": "readers", "statements": [allow("doc:read", DOC)]})), nobody(false)),
        (Change(Method::DELETE, "/v2/policy/6".into(), Value::Null), nobody(true)),
    ] {
        assert_eq!(change.preview(&root).await, expected, "{change:?}");
    }
    let one = |id: i64, gains: Value, loses: Value| json!([{"id": id, "gains": gains, "loses": loses}]);
    let pay = "invoice:pay acrn:app:1:invoice/*";
    for (change, users) in [
        (
            Change(Method::DELETE, "/v2/policy/3?cascade=true".into(), Value::Null),
            one(11, json!([]), json!([format!("doc:read {DOC}")])),
        ),
        (remove(json!({"policyId": 4, "securityGroupId": 3})), one(15, json!([]), json!([pay]))),
        (
            Change(Method::POST, "/v2/permission/usertopolicy".into(), json!({"policyId": 4, "userId": 12})),
            one(12, json!([pay]), json!([])),
        ),
        (
            Change(Method::DELETE, "/v2/permission/usertopolicy".into(), json!({"policyId": 3, "userId": 11})),
            one(11, json!([]), json!([format!("doc:read {DOC}")])),
        ),
        // A deny takes out what it meets.
        (
            put(3, policy(json!([allow("doc:*", DOC), deny("*:read", "acrn:app:*:doc/7")]))),
            one(11, json!([format!("doc:* {DOC}")]), json!(["doc:read acrn:app:1:doc/7"])),
        ),
    ] {
        let found = change.preview(&root).await;
        assert_eq!((&found["users"], &found["complete"]), (&users, &json!(true)), "{change:?}");
    }
    // A DELETE takes it in its query too.
    let path = "/v2/permission/removepolicy?policyId=3&userId=11&dryRun=true";
    let found = root.send(Method::DELETE, path, Value::Null).await;
    assert_eq!((found.status, &found.body["losing"]), (StatusCode::OK, &json!(1)), "{}", found.body);
    assert_eq!(traces(&app).await, before, "a dry run left something behind");
}

/// What every user is allowed of `names`: (user, action, resource).
async fn allowed(app: &App, users: &[i64], names: &[(&str, String)]) -> BTreeSet<(i64, String, String)> {
    let mut all = BTreeSet::new();
    for (action, resource) in names {
        let body =
            json!({"action": action, "resource": resource, "limit": 10_000, "attributes": {"level": 1, "owner": "3"}});
        let found = app.question(body).await;
        let ids = found["users"].as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap());
        all.extend(ids.filter(|id| users.contains(id)).map(|id| (id, (*action).to_owned(), resource.clone())));
    }
    all
}

/// The names that pairs of a preview match, of one side of it.
fn told(
    found: &Value,
    side: &str,
) -> BTreeMap<i64, Vec<(permdex::domain::ActionPattern, permdex::domain::ResourcePattern)>> {
    let pair = |text: &Value| {
        let (action, resource) = text.as_str().unwrap().split_once(' ').unwrap();
        (permdex::domain::Pattern::parse(action).unwrap(), permdex::domain::Pattern::parse(resource).unwrap())
    };
    let user = |user: &Value| (user["id"].as_i64().unwrap(), user[side].as_array().unwrap().iter().map(pair).collect());
    found["users"].as_array().unwrap().iter().map(user).filter(|(_, pairs): &(i64, Vec<_>)| !pairs.is_empty()).collect()
}

/// Names that are in a pattern, and in no other that does not cover it: its wildcards are segments written nowhere.
fn witness(pattern: &str) -> String {
    pattern.split('*').collect::<Vec<_>>().join("fresh")
}

/// Whether each user may do what he is told to gain and to lose; only right where nothing depends on conditions.
async fn witnesses(app: &App, preview: &Value, side: &str) -> Vec<bool> {
    let mut all = Vec::new();
    for user in preview["users"].as_array().unwrap() {
        for pair in user[side].as_array().unwrap() {
            let (action, resource) = pair.as_str().unwrap().split_once(' ').unwrap();
            all.push(app.allows(user["id"].as_i64().unwrap(), &witness(action), &witness(resource)).await);
        }
    }
    all
}

/// The same organization, with nothing in it that holds only sometimes.
fn plain(mut all: Organization) -> Organization {
    fn strip(list: &mut Value) {
        for one in list.as_array_mut().unwrap() {
            one["conditions"] = json!({});
        }
    }
    all.grants.clear();
    all.policies.iter_mut().for_each(|policy| strip(&mut policy.2));
    all.roles.iter_mut().for_each(|role| strip(&mut role.2));
    all
}

/// A random change of the organization's.
fn random(dice: &mut Dice, all: &Organization, is_plain: bool) -> Change {
    let (policy, owner, _) = dice.pick(&all.policies);
    let (member, group) = (dice.pick(&all.users), dice.pick(&all.groups));
    let (user, scope) = (member.id, dice.pick(&all.customers));
    let mut target = match dice.below(4) {
        0 => json!({"userId": user}),
        1 => json!({"userId": user, "customerId": scope}),
        2 => json!({"securityGroupId": group.0}),
        _ => json!({"customerId": scope}),
    };
    target["policyId"] = json!(policy);
    match dice.below(8) {
        0..=2 => assign(target),
        3..=4 => {
            let there: Vec<_> = all.assignments.iter().filter(|one| one.policy == policy).collect();
            if there.is_empty() {
                return remove(target);
            }
            let made = &there[dice.below(there.len())];
            let mut body = json!({"policyId": policy});
            for (name, id) in [("userId", made.user), ("securityGroupId", made.group), ("customerId", made.customer)] {
                id.into_iter().for_each(|id| body[name] = json!(id));
            }
            remove(body)
        }
        5 => Change(Method::DELETE, format!("/v2/policy/{policy}?cascade=true"), Value::Null),
        _ => {
            let other = Organization::random(dice.0);
            let other = if is_plain { plain(other) } else { other };
            let (_, _, statements) = dice.pick(&other.policies);
            let mut body = json!({"name": "new", "statements": statements});
            owner.into_iter().for_each(|owner| body["customerId"] = json!(owner));
            put(policy, body)
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dry_run_tells_is_what_the_change_then_does() {
    let seed = std::env::var("PERMDEX_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_128);
    let mut dice = Dice(seed);
    let mut names = Vec::new();
    for action in ["doc:read", "doc:write", "doc:other", "fresh:fresh"] {
        for resource in ["doc/1", "doc/7", "doc/fresh", "home/3/x", "home/fresh/x", "fresh"] {
            for customer in ["3", "7", "8", "fresh"] {
                names.push((action, format!("acrn:app:{customer}:{resource}")));
            }
        }
    }
    let (mut made, mut gained, mut lost, mut exact) = (0, 0, 0, 0);
    for round in 0..4 {
        let is_plain = round % 2 == 1;
        let all = Organization::random(seed + round);
        let all = if is_plain { plain(all) } else { all };
        let users: Vec<i64> = all.users.iter().map(|user| user.id).collect();
        let app = App::start(Engine::Embedded, all.lines(round)).await;
        let root = service(&app);
        let mut before = allowed(&app, &users, &names).await;
        for step in 0..25 {
            let change = random(&mut dice, &all, is_plain);
            let at = format!("seed {seed} round {round} step {step}: {change:?}");
            let Change(method, path, body) = change.with("dryRun");
            let left = traces(&app).await;
            let preview = root.send(method, &path, body).await;
            assert_eq!(traces(&app).await, left, "{at}");
            let mut had = Vec::new();
            if is_plain && preview.status.is_success() {
                had =
                    vec![witnesses(&app, &preview.body, "gains").await, witnesses(&app, &preview.body, "loses").await];
            }
            let Change(method, path, body) = change.with("waitForCompletion");
            let written = root.send(method, &path, body).await;
            if !written.status.is_success() {
                // As the write is refused, so is the dry run.
                let what = |answer: &crate::support::app::Answer| (answer.status, answer.body["detail"].clone());
                assert_eq!(what(&preview), what(&written), "{at}");
                continue;
            }
            made += 1;
            let preview = preview.body;
            assert_eq!((&preview["changed"], &preview["complete"]), (&written.body["changed"], &json!(true)), "{at}");
            if let [gains, loses] = had.as_slice() {
                let has = [witnesses(&app, &preview, "gains").await, witnesses(&app, &preview, "loses").await];
                let [now_gains, now_loses] = &has;
                let is_new = !gains.contains(&true) && !now_gains.contains(&false);
                let is_gone = !loses.contains(&false) && !now_loses.contains(&true);
                assert!(is_new && is_gone, "{at}: {preview} {had:?} {has:?}");
                exact += gains.len() + loses.len();
            }
            let after = allowed(&app, &users, &names).await;
            for (side, count, new, old) in [("gains", "gaining", &after, &before), ("loses", "losing", &before, &after)]
            {
                let pairs = told(&preview, side);
                assert_eq!(preview[count], json!(pairs.len()), "{at}: {preview}");
                for (user, action, resource) in new.difference(old) {
                    let matches =
                        |(actions, resources): &(permdex::domain::ActionPattern, permdex::domain::ResourcePattern)| {
                            actions.matches(&permdex::domain::Name::parse(action).unwrap())
                                && resources.matches(&permdex::domain::Name::parse(resource).unwrap())
                        };
                    let is_told = pairs.get(user).is_some_and(|pairs| pairs.iter().any(matches));
                    assert!(is_told, "{at}: user {user} {side} {action} {resource}, which {preview} does not say");
                    *(if side == "gains" { &mut gained } else { &mut lost }) += 1;
                }
            }
            before = after;
        }
    }
    println!("{made} changes made, {gained} names gained and {lost} lost, {exact} pairs told exactly");
    assert!(made > 30 && gained > 50 && lost > 50 && exact > 50, "the dice are bad: {made} {gained} {lost} {exact}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_make_the_change_may_not_ask_what_it_would_do() {
    let app = app().await;
    for (caller, change, status, said) in [
        (12, assign(json!({"policyId": 3, "userId": 12})), 403, "permdex:permission:assign"),
        (20, assign(json!({"policyId": 3, "userId": 12})), 404, "user `12`"),
        // He administers, and lacks what he would give.
        (10, assign(json!({"policyId": 4, "userId": 12})), 403, "invoice:pay"),
        (10, remove(json!({"policyId": 5, "securityGroupId": 2})), 403, "invoice:read"),
        (10, put(3, policy(json!([allow("invoice:pay", "acrn:app:1:*")]))), 403, "invoice:pay"),
        (12, put(3, policy(json!([allow("doc:read", DOC)]))), 403, "permdex:policy:update"),
        (20, put(3, policy(json!([allow("doc:read", DOC)]))), 409, "policy id `3`"),
        (10, Change(Method::DELETE, "/v2/policy/3".into(), Value::Null), 409, "1 assignments"),
        (20, Change(Method::DELETE, "/v2/policy/3?cascade=true".into(), Value::Null), 404, "policy `3`"),
        (10, Change(Method::DELETE, "/v2/policy/98".into(), Value::Null), 404, "policy `98`"),
        (10, put(1, json!({"name": "x", "statements": [allow("doc:read", DOC)]})), 403, "shared policies"),
        (
            10,
            put(97, json!({"customerId": 2, "name": "x", "statements": [allow("doc:read", DOC)]})),
            404,
            "customer `2`",
        ),
    ] {
        let Change(method, path, body) = change.with("dryRun");
        let answer = user(&app, caller).send(method, &path, body).await;
        let text = answer.body.to_string();
        assert!(answer.status == status && text.contains(said), "{caller} {change:?}: {} {text}", answer.status);
    }
    let root = service(&app);
    for (change, status, said) in [
        (assign(json!({"policyId": 6, "userId": 12})), 422, "/policyId"),
        (assign(json!({"policyId": 3, "userId": 99})), 404, "user `99`"),
        (assign(json!({"policyId": 3, "userId": 12, "waitForCompletion": false})), 422, "/waitForCompletion"),
        (put(3, json!({"customerId": 2, "name": "x", "statements": [allow("doc:read", DOC)]})), 422, "/customerId"),
        (Change(Method::DELETE, "/v2/policy/3?waitForCompletion=true".into(), Value::Null), 422, "/waitForCompletion"),
        (Change(Method::PUT, "/v2/policy/3?dryRun=true".into(), policy(json!([]))), 422, "/dryRun"),
    ] {
        let Change(method, path, body) = change.with("dryRun");
        let answer = root.send(method, &path, body).await;
        let text = answer.body.to_string();
        assert!(answer.status == status && text.contains(said), "{change:?}: {} {text}", answer.status);
    }
    // Who may, is answered.
    let found = assign(json!({"policyId": 3, "userId": 12})).preview(&user(&app, 10)).await;
    assert_eq!(found["gaining"], json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_is_about_what_was_read() {
    let app = app().await;
    let tag = service(&app).get("/v2/policy/3").await.headers["etag"].to_str().unwrap().to_owned();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (method, tag, status) in [
        (Method::PUT, "\"another\"", 412),
        (Method::PUT, &*tag, 200),
        (Method::DELETE, "\"another\"", 412),
        (Method::DELETE, &*tag, 200),
    ] {
        let query = if method == Method::DELETE { "dryRun=true&cascade=true" } else { "dryRun=true" };
        let request = client.request(method.clone(), format!("{}/v2/policy/3?{query}", app.url));
        let request = request.bearer_auth(app.service()).header("If-Match", tag);
        let request =
            if method == Method::PUT { request.json(&policy(json!([allow("doc:write", DOC)]))) } else { request };
        let answer = crate::support::app::answer(request).await;
        assert_eq!(answer.status, status, "{method} {tag}: {}", answer.body);
    }
}

/// All users of a customer hold policy 1, the odd ones policy 2 too.
fn many(users: i64) -> Vec<String> {
    let mut lines = vec![json!({"kind": "customer", "id": 1, "organization": "acme", "name": "Acme"})];
    lines.extend(
        (1..=users).map(|id| json!({"kind": "user", "id": id, "customerId": 1, "email": format!("u{id}@x.example")})),
    );
    let own = allow("home:*", "acrn:app:1:home/${userId}");
    lines.push(json!({"kind": "policy", "id": 1, "name": "all", "statements": [allow("doc:read", DOC), own]}));
    lines.push(json!({"kind": "policy", "id": 2, "name": "odd", "statements": [allow("doc:*", DOC)]}));
    lines.push(json!({"kind": "assignment", "policyId": 1, "customerId": 1}));
    lines.push(json!({"kind": "securityGroup", "id": 1, "customerId": 1, "name": "Odd"}));
    lines.push(json!({"kind": "assignment", "policyId": 2, "securityGroupId": 1}));
    lines.extend((1..=users).step_by(2).map(|id| json!({"kind": "member", "securityGroupId": 1, "userId": id})));
    lines.iter().map(Value::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_are_counted_exactly_and_a_hundred_of_them_are_listed() {
    let limits = Settings { dry_run_time: Duration::from_mins(5), ..Settings::default() };
    let app = App::launch_limited(Engine::Embedded, many(10_000), limits, |index| index).await;
    app.ready().await;
    let root = service(&app);
    let begun = Instant::now();
    let statements = json!([allow("doc:edit", DOC), allow("home:*", "acrn:app:1:home/*")]);
    let found = put(1, json!({"name": "all", "statements": statements})).preview(&root).await;
    println!("a preview of a policy that 10,000 users hold took {:?}", begun.elapsed());
    // The odd ones have all of documents by their group.
    assert_eq!((&found["gaining"], &found["losing"]), (&json!(10_000), &json!(5_000)));
    let users = found["users"].as_array().unwrap();
    let ids: Vec<_> = users.iter().map(|user| user["id"].as_i64().unwrap()).collect();
    assert_eq!((ids, &found["complete"]), ((1..=100).collect(), &json!(true)));
    let home = "home:* acrn:app:1:home/*";
    assert_eq!(users[0], json!({"id": 1, "gains": [home], "loses": []}));
    let (gains, loses) = ([format!("doc:edit {DOC}"), home.to_owned()], [format!("doc:read {DOC}")]);
    assert_eq!(users[1], json!({"id": 2, "gains": gains, "loses": loses}));
    // What each has of his own counts as what it is.
    let found = put(1, json!({"name": "all", "statements": [allow("doc:read", DOC)]})).preview(&root).await;
    assert_eq!((&found["gaining"], &found["losing"]), (&json!(0), &json!(10_000)));
    assert_eq!(found["users"][6], json!({"id": 7, "gains": [], "loses": ["home:* acrn:app:1:home/7"]}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_cut_and_said_to_be() {
    let limits = Settings { dry_run_time: Duration::ZERO, ..Settings::default() };
    let app = App::launch_limited(Engine::Embedded, lines(), limits, |index| index).await;
    app.ready().await;
    let root = service(&app);
    let found = assign(json!({"policyId": 3, "customerId": 1})).preview(&root).await;
    assert_eq!((&found["complete"], &found["changed"]), (&json!(false), &json!(true)), "{found}");
    assert_eq!((&found["gaining"], &found["users"]), (&json!(0), &json!([])), "{found}");
    // Nobody is to be looked at: nothing is cut.
    let found = assign(json!({"policyId": 3, "userId": 11})).preview(&root).await;
    assert_eq!(found["complete"], json!(true), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_with_very_much_does_not_hold_it_up_and_little_of_it_is_listed() {
    let app = app().await;
    let root = service(&app);
    let resources = |prefix: &str| -> Vec<String> { (0..1_000).map(|n| format!("acrn:app:1:{prefix}/{n}")).collect() };
    let statements = |prefix: &str| -> Value {
        let one =
            |n: usize| json!({"effect": "allow", "actions": [format!("{prefix}:{n}")], "resources": resources(prefix)});
        (0..20).map(one).collect()
    };
    let made = root.write(Method::POST, "/v2/policy", policy(statements("a"))).await["id"].as_i64().unwrap();
    assign(json!({"policyId": made, "userId": 12})).make(&root).await;
    let found = put(made, policy(statements("b"))).preview(&root).await;
    let one = &found["users"][0];
    for side in ["gains", "loses"] {
        let pairs = one[side].as_array().unwrap();
        assert!(pairs.len() == 50 && pairs.is_sorted_by(|one, next| one.as_str() < next.as_str()), "{found}");
    }
    assert_eq!((&found["gaining"], &found["losing"]), (&json!(1), &json!(1)), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_limit_a_dry_run_is_told_when_to_come_again() {
    let limits = Settings { dry_run_concurrency: 1, ..Settings::default() };
    let app = App::launch_limited(Engine::Embedded, lines(), limits, |index| index).await;
    app.ready().await;
    let root = service(&app);
    let other = app.assembly.cluster.turn(Limited::DryRun).expect("nobody else asks");
    for change in [
        assign(json!({"policyId": 3, "userId": 12})),
        put(3, policy(json!([allow("doc:edit", DOC)]))),
        Change(Method::DELETE, "/v2/policy/3?cascade=true".into(), Value::Null),
    ] {
        let Change(method, path, body) = change.with("dryRun");
        let refused = root.send(method, &path, body).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{}", refused.body);
        assert!(refused.headers.contains_key("retry-after"));
    }
    // Writes need no turn.
    assign(json!({"policyId": 4, "userId": 12})).make(&root).await;
    drop(other);
    for _ in 0..3 {
        assign(json!({"policyId": 3, "userId": 12})).preview(&root).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_can_t_be_read_gives_nothing_until_it_is_written_anew() {
    let app = app().await;
    let root = service(&app);
    // Somebody's hand was in the database: 11 has nothing now.
    sqlx::query("update policies set statements = '[{\"effect\": \"perhaps\"}]' where id = 3")
        .execute(&app.database.pool)
        .await
        .unwrap();
    let users = "permdex:user:read acrn:permdex:1:user/*";
    let found = put(3, policy(json!([allow("doc:write", DOC)]))).preview(&root).await;
    assert_eq!(
        found["users"],
        json!([{"id": 11, "gains": [format!("doc:write {DOC}"), users.to_owned()], "loses": []}]),
        "{found}"
    );
    let found = assign(json!({"policyId": 3, "securityGroupId": 3})).preview(&root).await;
    assert_eq!(
        found["users"],
        json!([{"id": 15, "gains": [], "loses": ["invoice:pay acrn:app:1:invoice/*"]}]),
        "{found}"
    );
}
