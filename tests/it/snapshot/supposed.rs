//! Users as they were if a change were made are users as they are once it is made.

use super::*;
use crate::support::organization::Dice;
use permdex::domain::Statement;
use permdex::store::assignments::{self, Assignment, Target};
use permdex::store::snapshot::{Supposed, load_both};
use permdex::store::{policies, records};

const READ: &str = r#"[{"effect":"allow","actions":["new:read"],"resources":["acrn:${customerId}:${userId}"]},
    {"effect":"deny","actions":["new:*"],"resources":["acrn:new:*"]}]"#;

fn statements(text: &str) -> Vec<Statement> {
    read_statements(parse(text.as_bytes()).unwrap(), "", &mut Errors::default()).unwrap()
}

/// Makes a random change, and says what it was; `None` when there was nothing to change.
async fn change(
    conn: &mut sqlx::PgConnection,
    dice: &mut Dice,
    all: &Organization,
    cache: &SnapshotCache,
) -> Option<Supposed> {
    let (policy, owner, _) = dice.pick(&all.policies);
    let (policy, user, group) = (PolicyId(policy), dice.pick(&all.users), dice.pick(&all.groups));
    let text = policies::text(conn, policy).await.unwrap()?;
    match dice.below(5) {
        0 => {
            let target = match dice.below(3) {
                0 => Target::User(UserId(user.id)),
                1 => Target::SecurityGroup(SecurityGroupId(group.0)),
                _ => Target::Customer(CustomerId(user.customer)),
            };
            let scope = match target {
                Target::Customer(_) => None,
                _ => dice.one_in(2).then(|| CustomerId(dice.pick(&all.customers))),
            };
            let outcome = assignments::assign(conn, &Assignment { policy, target, scope }).await.ok()?;
            let made = Assignment { policy, target, scope: outcome.facts.scope };
            outcome.changed.then(|| Supposed::assign(made, &text, cache))
        }
        1..=2 => {
            let given = dice.pick(&all.assignments);
            let target = match (given.user, given.group, given.customer) {
                (Some(id), _, _) => Target::User(UserId(id)),
                (_, Some(id), _) => Target::SecurityGroup(SecurityGroupId(id)),
                (_, _, id) => Target::Customer(CustomerId(id.unwrap())),
            };
            let scope = given.customer.filter(|_| !matches!(target, Target::Customer(_))).map(CustomerId);
            let removed = Assignment { policy: PolicyId(given.policy), target, scope };
            let outcome = assignments::remove(conn, &removed).await.ok()?;
            outcome.changed.then(|| Supposed::remove(Assignment { scope: outcome.facts.scope, ..removed }))
        }
        3 => {
            let content = records::policies::PolicyContent {
                name: "new".into(),
                description: owner.map(|owner| owner.to_string()),
                statements: statements(READ),
            };
            records::policies::update(conn, policy, &content).await.unwrap();
            Some(Supposed::replace(policy, &content.statements))
        }
        _ => {
            records::policies::delete(conn, policy).await.unwrap();
            Some(Supposed::delete(policy))
        }
    }
}

#[tokio::test]
async fn what_is_supposed_is_what_is_read_once_it_is_made() {
    let (mut changes, mut differing) = (0, 0);
    for seed in 0..6 {
        let all = Organization::random(seed);
        let database = TestDatabase::new().await;
        fill(&database.pool, &all.lines(seed)).await;
        let mut conn = database.pool.acquire().await.unwrap();
        let users: Vec<_> = all.users.iter().map(|user| UserId(user.id)).collect();
        let (mut dice, cache) = (Dice(seed), Arc::new(SnapshotCache::default()));
        for step in 0..30 {
            let mut transaction = conn.begin().await.unwrap();
            let Some(supposed) = change(&mut transaction, &mut dice, &all, &cache).await else { continue };
            let made = load(&mut transaction, &users, now(), &SnapshotCache::default()).await.unwrap();
            transaction.rollback().await.unwrap();
            let real = load(&mut conn, &users, now(), &cache).await.unwrap();
            let supposed = Arc::new(supposed);
            let both = load_both(&mut conn, &users, now(), &cache, &supposed).await.unwrap();
            let (before, after): (Vec<_>, Vec<_>) = both.states().unzip();
            assert_eq!(before, real, "seed {seed} step {step} {supposed:?}");
            // In the same order too: documents are compared.
            assert_eq!(after, made, "seed {seed} step {step} {supposed:?}");
            changes += 1;
            differing += usize::from(before != after);
        }
    }
    assert!(changes > 80 && differing > 50, "the dice are bad: {changes} {differing}");
}

#[tokio::test]
async fn what_is_only_supposed_pushes_nothing_out_of_what_users_share() {
    let database = shared().await;
    let mut conn = database.pool.acquire().await.unwrap();
    let cache = Arc::new(SnapshotCache::default());
    let first = async |conn: &mut sqlx::PgConnection| {
        let loaded = load(conn, &[UserId(1)], now(), &cache).await.unwrap();
        Arc::clone(&user(&loaded[0]).permissions.statements[0])
    };
    let before = first(&mut conn).await;
    let supposed = Supposed::replace(PolicyId(9), &statements(READ.replace("${userId}", "x").as_str()));
    let (users, supposed) = ([UserId(1), UserId(2)], Arc::new(supposed));
    let both = load_both(&mut conn, &users, now(), &cache, &supposed).await.unwrap();
    let both: Vec<_> = both.states().collect();
    assert!(Arc::ptr_eq(&before, &first(&mut conn).await));
    // And among those who would hold it, it is shared as well.
    let [one, other] = [&both[0].1, &both[1].1].map(|loaded| &user(loaded).permissions.statements);
    assert!(Arc::ptr_eq(&one[0], &other[0]) && one[0].actions[0].as_str() == "new:read");
}
