//! Loading users is what plain loops over the same data say, and nothing that can't be read is skipped.

use crate::support::database::TestDatabase;
use crate::support::dataset::{Dataset, resource};
use crate::support::organization::{NOW, Organization, User, slug};
use permdex::clock::Clock;
use permdex::domain::{
    Binding, CustomerId, Effective, Origin, PolicyId, RoleId, SecurityGroupId, TemporaryGrantId, UserId, read_grant,
    read_statements,
};
use permdex::json::{Errors, Node, parse};
use permdex::service::import::import;
use permdex::store::snapshot::{Loaded, LoadedUser, SnapshotCache, load, load_one};
use permdex::store::{StoreError, snapshot};
use serde_json::Value as Json;
use sqlx::{Connection, PgPool};
use std::collections::{BTreeSet, HashSet};
use std::io::Cursor;
use std::sync::Arc;

mod supposed;

fn now() -> i64 {
    NOW.parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

pub async fn fill(pool: &PgPool, lines: &[String]) {
    let file = Cursor::new(lines.join("\n").into_bytes());
    import(pool, file, "cli:test", &Clock::at(1_000_000)).await.unwrap_or_else(|error| panic!("{error}"));
}

fn node(json: &Json) -> Node {
    parse(json.to_string().as_bytes()).unwrap()
}

/// What reaches `user`, by loops.
fn oracle(all: &Organization, user: &User) -> Vec<Effective> {
    let (own, id, organization) = (CustomerId(user.customer), UserId(user.id), slug(user.customer));
    let binding = |scope: Option<i64>| Binding::new(scope.map_or(own, CustomerId), id, &organization);
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for given in &all.assignments {
        let (reaches, origin, scope) = match (given.user, given.group) {
            (Some(target), _) => (target == user.id, Origin::User(id), given.customer),
            (_, Some(group)) => {
                let member = all.members.contains(&(group, user.id));
                (member, Origin::SecurityGroup(SecurityGroupId(group)), given.customer)
            }
            _ => (given.customer == Some(user.customer), Origin::Customer(own), None),
        };
        let scope = scope.filter(|scope| *scope != user.customer);
        if !reaches || !seen.insert((given.policy, origin, scope)) {
            continue;
        }
        let policy = all.policies.iter().find(|policy| policy.0 == given.policy).unwrap();
        for statement in read_statements(node(&policy.2), "", &mut Errors::default()).unwrap() {
            found.push(statement.bind(&binding(scope), Some(PolicyId(policy.0)), origin));
        }
    }
    for (role, _, grants) in all.roles.iter().filter(|role| Some(role.0) == user.role) {
        for grant in grants.as_array().unwrap() {
            let grant = read_grant(node(grant), "", &mut Errors::default()).unwrap();
            found.push(grant.bind(&binding(None), own, None, Origin::Role(RoleId(*role))));
        }
    }
    for (grant_id, _, grant, hours) in all.grants.iter().filter(|grant| grant.1 == user.id && grant.3 > -1) {
        let grant = read_grant(node(grant), "", &mut Errors::default()).unwrap();
        let until = now() + hours * 3_600_000_000 + 5;
        found.push(grant.bind(&binding(None), own, Some(until), Origin::TemporaryGrant(TemporaryGrantId(*grant_id))));
    }
    found
}

fn sorted<'a>(statements: impl IntoIterator<Item = &'a Effective>) -> Vec<String> {
    let mut texts: Vec<_> = statements.into_iter().map(|one| serde_json::to_string(one).unwrap()).collect();
    texts.sort();
    texts
}

fn user(loaded: &Loaded) -> &LoadedUser {
    match loaded {
        Loaded::User(user) => user,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_page_is_what_loops_over_the_same_data_say() {
    let cache = SnapshotCache::default();
    for seed in 0..12 {
        let all = Organization::random(seed);
        let database = TestDatabase::new().await;
        fill(&database.pool, &all.lines(seed)).await;
        let mut conn = database.pool.acquire().await.unwrap();
        // One that doesn't exist, one asked for twice, in an order of their own.
        let mut asked: Vec<UserId> = all.users.iter().rev().map(|user| UserId(user.id)).collect();
        asked.extend([UserId(4), UserId(3)]);
        let loaded = load(&mut conn, &asked, now(), &cache).await.unwrap();
        assert_eq!(loaded.len(), asked.len());
        for (id, loaded) in asked.iter().zip(&loaded) {
            let Some(expected) = all.users.iter().find(|user| user.id == id.0) else {
                assert_eq!(*loaded, Loaded::Missing(*id));
                continue;
            };
            let found = user(loaded);
            let permissions = &found.permissions;
            assert_eq!((permissions.user, permissions.customer.0), (*id, expected.customer));
            assert_eq!((permissions.active, &*found.organization), (expected.active, &*slug(expected.customer)));
            let statements = permissions.statements.iter().map(|one| &**one);
            assert_eq!(sorted(statements), sorted(&oracle(&all, expected)), "seed {seed}, user {id}");
            // A single one is the same, in the same order: documents are compared.
            let single = load_one(&mut conn, *id, now(), &SnapshotCache::default()).await.unwrap().unwrap();
            assert_eq!(single, *found);
        }
    }
}

/// Two users of one group, a policy with one statement that names nobody and one that names the user.
const SHARED: &str = r#"{"kind":"customer","id":1,"organization":"acme","name":"Acme"}
{"kind":"user","id":1,"customerId":1,"email":"a"}
{"kind":"user","id":2,"customerId":1,"email":"b"}
{"kind":"user","id":3,"customerId":1,"email":"c"}
{"kind":"securityGroup","id":5,"customerId":1,"name":"g"}
{"kind":"member","securityGroupId":5,"userId":1}
{"kind":"member","securityGroupId":5,"userId":2}
{"kind":"policy","id":9,"name":"p","statements":[{"effect":"allow","actions":["a"],"resources":["acrn:${customerId}"]},{"effect":"allow","actions":["a"],"resources":["acrn:${userId}"]}]}
{"kind":"assignment","policyId":9,"securityGroupId":5}"#;

async fn shared() -> TestDatabase {
    let database = TestDatabase::new().await;
    fill(&database.pool, &[SHARED.to_owned()]).await;
    database
}

#[tokio::test]
async fn users_of_a_group_share_what_names_none_of_them_across_pages() {
    let database = shared().await;
    let mut conn = database.pool.acquire().await.unwrap();
    let cache = SnapshotCache::default();
    let mut pages = Vec::new();
    for id in [1, 2] {
        pages.extend(load(&mut conn, &[UserId(id)], now(), &cache).await.unwrap());
    }
    let [one, other] = [&pages[0], &pages[1]].map(|loaded| &user(loaded).permissions.statements);
    assert!(Arc::ptr_eq(&one[0], &other[0]));
    assert_eq!([one[1].resources[0].as_str(), other[1].resources[0].as_str()], ["acrn:1", "acrn:2"]);
}

#[tokio::test]
async fn a_changed_policy_is_never_answered_from_the_cache() {
    let database = shared().await;
    let mut conn = database.pool.acquire().await.unwrap();
    let cache = SnapshotCache::default();
    load(&mut conn, &[UserId(1)], now(), &cache).await.unwrap();
    let change = "update policies set statements = replace(statements::text, 'allow', 'deny')::jsonb";
    sqlx::query(change).execute(&mut *conn).await.unwrap();
    let loaded = load(&mut conn, &[UserId(1)], now(), &cache).await.unwrap();
    let effects = user(&loaded[0]).permissions.statements.iter().map(|one| one.effect);
    assert!(effects.clone().all(|effect| effect == permdex::domain::Effect::Deny), "{:?}", effects.collect::<Vec<_>>());
}

#[tokio::test]
async fn who_holds_a_policy_that_cannot_be_read_is_named_and_nobody_else() {
    let database = shared().await;
    let mut conn = database.pool.acquire().await.unwrap();
    let cache = SnapshotCache::default();
    let change = r#"update policies set statements = '[{"effect":"deny","actions":["a b"],"resources":["*"]}]'"#;
    sqlx::query(change).execute(&mut *conn).await.unwrap();
    let loaded = load(&mut conn, &[UserId(1), UserId(3)], now(), &cache).await.unwrap();
    let Loaded::Unreadable(why) = &loaded[0] else { panic!("{loaded:?}") };
    assert_eq!((why.user, why.customer, why.what.as_str()), (UserId(1), CustomerId(1), "policy `9`"));
    assert!(why.to_string().contains("/0/actions/0"), "{why}");
    assert!(user(&loaded[1]).permissions.statements.is_empty());
    let single = load_one(&mut conn, UserId(1), now(), &cache).await;
    assert!(matches!(single, Err(StoreError::Unreadable(_))), "{single:?}");
}

#[tokio::test]
async fn a_page_in_a_transaction_is_of_its_snapshot() {
    let database = shared().await;
    let mut conn = database.pool.acquire().await.unwrap();
    let mut transaction = conn.begin().await.unwrap();
    let begin = "set transaction isolation level repeatable read, read only";
    sqlx::query(begin).execute(&mut *transaction).await.unwrap();
    let cache = SnapshotCache::default();
    let before = load(&mut transaction, &[UserId(1)], now(), &cache).await.unwrap();
    sqlx::query("delete from security_group_members").execute(&database.pool).await.unwrap();
    let after = load(&mut transaction, &[UserId(1)], now(), &cache).await.unwrap();
    assert_eq!(before, after);
    assert_eq!(user(&after[0]).permissions.statements.len(), 2);
}

#[tokio::test]
async fn the_real_organizations_load_to_their_true_matrix() {
    for dataset in [Dataset::Hc, Dataset::Customer] {
        let (Some(lines), Some(matrix)) = (dataset.lines(), dataset.matrix()) else {
            eprintln!("no data beside the checkout: skipped");
            return;
        };
        let database = TestDatabase::new().await;
        fill(&database.pool, &lines).await;
        let mut conn = database.pool.acquire().await.unwrap();
        let ids: Vec<i64> = sqlx::query_scalar("select id from users").fetch_all(&mut *conn).await.unwrap();
        let users: Vec<_> = ids.into_iter().map(UserId).collect();
        let cache = SnapshotCache::default();
        let mut found = BTreeSet::new();
        for page in users.chunks(snapshot::MAX_USERS) {
            for loaded in load(&mut conn, page, now(), &cache).await.unwrap() {
                let user = user(&loaded);
                for resource in user.permissions.statements.iter().flat_map(|one| &one.resources) {
                    found.insert((user.permissions.user.0, resource.as_str().to_owned()));
                }
            }
        }
        let expected: BTreeSet<_> = matrix.into_iter().map(|(user, permission)| (user, resource(permission))).collect();
        assert!(found == expected, "{dataset:?}: {} pairs for {}", found.len(), expected.len());
    }
}

#[tokio::test]
async fn more_users_than_a_page_holds_are_refused() {
    let database = TestDatabase::new().await;
    let mut conn = database.pool.acquire().await.unwrap();
    let many: Vec<_> = (0..=snapshot::MAX_USERS).map(|id| UserId(i64::try_from(id).unwrap())).collect();
    let loaded = load(&mut conn, &many, now(), &SnapshotCache::default()).await;
    assert!(matches!(loaded, Err(StoreError::TooMuch { .. })), "{loaded:?}");
}

#[tokio::test]
async fn more_memberships_than_a_page_holds_are_refused() {
    let database = TestDatabase::new().await;
    let fill = "insert into customers (id, organization, name) values (1, 'acme', 'Acme');
        insert into users (id, customer_id, email, ui_language, active)
            select id, 1, 'user' || id, 'en', true from generate_series(1, 1000) id;
        insert into security_groups (id, customer_id, name) select id, 1, 'group ' || id from generate_series(1, 501) id;
        -- Beside the point here, and most of the time.
        set session_replication_role = replica;
        insert into security_group_members (security_group_id, user_id, customer_id)
            select g, u, 1 from generate_series(1, 501) g, generate_series(1, 1000) u;";
    let mut conn = database.pool.acquire().await.unwrap();
    sqlx::raw_sql(fill).execute(&mut *conn).await.unwrap();
    let users: Vec<_> = (1..=1_000).map(UserId).collect();
    let loaded = load(&mut conn, &users, now(), &SnapshotCache::default()).await;
    assert!(matches!(loaded, Err(StoreError::TooMuch { .. })), "{loaded:?}");
    let loaded = load(&mut conn, &users[..900], now(), &SnapshotCache::default()).await.unwrap();
    assert_eq!(loaded.len(), 900);
}
