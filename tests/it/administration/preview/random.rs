//! Random changes of random organizations: what a dry run tells is what searches and checks say before and after.

use super::*;
use crate::support::app::{Answer, Engine};
use crate::support::organization::{Dice, Organization};
use permdex::domain::{ActionName, ActionPattern, Kind, Pattern, ResourceName, ResourcePattern};
use std::collections::{BTreeMap, BTreeSet};

/// User, action, resource.
type Allowed = BTreeSet<(i64, ActionName, ResourceName)>;

fn names() -> Vec<(ActionName, ResourceName)> {
    let mut names = Vec::new();
    for action in ["doc:read", "doc:write", "doc:other", "fresh:fresh"] {
        for resource in ["doc/1", "doc/7", "doc/fresh", "home/3/x", "home/fresh/x", "fresh"] {
            for customer in ["3", "7", "8", "fresh"] {
                let resource = format!("acrn:app:{customer}:{resource}");
                names.push((ActionName::parse(action).unwrap(), ResourceName::parse(&resource).unwrap()));
            }
        }
    }
    names
}

/// What everybody is allowed of the names.
async fn allowed(app: &App) -> Allowed {
    let mut all = BTreeSet::new();
    for (action, resource) in names() {
        let attributes = json!({"level": 1, "owner": "3"});
        let body = json!({"action": action.as_str(), "resource": resource.as_str(), "attributes": attributes});
        let found = app.question(body).await;
        let ids = found["users"].as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap());
        all.extend(ids.map(|id| (id, action.clone(), resource.clone())));
    }
    all
}

/// What a side of a preview says, by user: those of whom it says something.
fn told(preview: &Value, side: &str) -> BTreeMap<i64, Vec<(ActionPattern, ResourcePattern)>> {
    fn pattern<K: Kind>(text: &str) -> Pattern<K> {
        Pattern::parse(text).unwrap()
    }
    let mut all = BTreeMap::new();
    for user in preview["users"].as_array().unwrap() {
        for pair in user[side].as_array().unwrap() {
            let (action, resource) = pair.as_str().unwrap().split_once(' ').unwrap();
            let pairs: &mut Vec<_> = all.entry(user["id"].as_i64().unwrap()).or_default();
            pairs.push((pattern(action), pattern(resource)));
        }
    }
    all
}

/// How many are in `new` and not in `old`: each of them must be told, and who is told of is counted.
fn all_are_told(preview: &Value, side: &str, count: &str, new: &Allowed, old: &Allowed) -> usize {
    let told = told(preview, side);
    assert_eq!(preview[count], json!(told.len()), "{preview}");
    for (user, action, resource) in new.difference(old) {
        let pairs = told.get(user).into_iter().flatten();
        let is_told = pairs.clone().any(|pair| pair.0.matches(action) && pair.1.matches(resource));
        assert!(is_told, "user {user} {side} {action} {resource}, which {preview} does not say");
    }
    new.difference(old).count()
}

/// A name that is in a pattern, and in no other that does not cover it: its wildcards are segments written nowhere.
fn witness(pattern: &str) -> String {
    pattern.split('*').collect::<Vec<_>>().join("fresh")
}

/// That whoever is told to gain something may do it or not, and with what he is told to lose the other way round: as many
/// pairs as there are. Only right where nothing depends on conditions.
async fn exactly(app: &App, preview: &Value, has_gains: bool) -> usize {
    let mut count = 0;
    for (side, may) in [("gains", has_gains), ("loses", !has_gains)] {
        for (user, pairs) in told(preview, side) {
            for (action, resource) in pairs {
                let found = app.allows(user, &witness(action.as_str()), &witness(resource.as_str())).await;
                assert_eq!(found, may, "user {user} {side} {action} {resource} by {preview}");
                count += 1;
            }
        }
    }
    count
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
                if let Some(id) = id {
                    body[name] = json!(id);
                }
            }
            remove(body)
        }
        5 => Change(Method::DELETE, format!("/v2/policy/{policy}?cascade=true"), Value::Null),
        _ => {
            let other = Organization::random(dice.0);
            let other = if is_plain { plain(other) } else { other };
            let (_, _, statements) = dice.pick(&other.policies);
            let mut body = json!({"name": "new", "statements": statements});
            if let Some(owner) = owner {
                body["customerId"] = json!(owner);
            }
            put(policy, body)
        }
    }
}

/// What came of all steps.
#[derive(Debug, Default)]
struct Done {
    made: usize,
    gained: usize,
    lost: usize,
    exact: usize,
}

/// Asks what the change would come to, makes it, and compares; `before` is what everybody is allowed.
async fn step(app: &App, change: &Change, is_plain: bool, before: &mut Allowed, done: &mut Done) {
    let root = service(app);
    let send = async |word: &str| -> Answer {
        let Change(method, path, body) = change.with(word);
        root.send(method, &path, body).await
    };
    let left = traces(app).await;
    let preview = send("dryRun").await;
    assert_eq!(traces(app).await, left, "a dry run left something behind");
    let is_exact = is_plain && preview.status.is_success();
    if is_exact {
        exactly(app, &preview.body, false).await;
    }
    let written = send("waitForCompletion").await;
    if !written.status.is_success() {
        // As the write is refused, so is the dry run.
        let what = |answer: &Answer| (answer.status, answer.body["detail"].clone(), answer.body["errors"].clone());
        assert_eq!(what(&preview), what(&written));
        return;
    }
    let preview = preview.body;
    assert_eq!((&preview["changed"], &preview["complete"]), (&written.body["changed"], &json!(true)), "{preview}");
    if is_exact {
        done.exact += exactly(app, &preview, true).await;
    }
    let after = allowed(app).await;
    done.made += 1;
    done.gained += all_are_told(&preview, "gains", "gaining", &after, before);
    done.lost += all_are_told(&preview, "loses", "losing", before, &after);
    *before = after;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dry_run_tells_is_what_the_change_then_does() {
    let seed = std::env::var("PERMDEX_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_128);
    let (mut dice, mut done) = (Dice(seed), Done::default());
    for round in 0..4 {
        let is_plain = round % 2 == 1;
        let all = Organization::random(seed + round);
        let all = if is_plain { plain(all) } else { all };
        let app = App::start(Engine::Embedded, all.lines(round)).await;
        let mut before = allowed(&app).await;
        for number in 0..25 {
            let change = random(&mut dice, &all, is_plain);
            println!("seed {seed} round {round} step {number}: {change:?}");
            step(&app, &change, is_plain, &mut before, &mut done).await;
        }
    }
    let Done { made, gained, lost, exact } = done;
    println!("{made} changes made, {gained} names gained and {lost} lost, {exact} pairs told exactly");
    assert!(made > 30 && gained > 50 && lost > 50 && exact > 50, "the dice are bad: {made} {gained} {lost} {exact}");
}
