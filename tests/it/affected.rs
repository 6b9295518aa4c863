//! Scopes resolve to exactly whom they reach, in pages of any size.

use crate::snapshot::fill;
use crate::support::database::TestDatabase;
use crate::support::organization::Organization;
use permdex::domain::{CustomerId, PolicyId, RoleId, Scope, SecurityGroupId, UserId};
use permdex::store::affected::{Scopes, any_of, count, is_small, page};
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

async fn walk(conn: &mut PgConnection, scopes: &Scopes, limit: u32) -> Vec<i64> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let ids = page(conn, scopes, after, limit).await.unwrap();
        assert!(ids.first().is_none_or(|id| Some(*id) > after), "a page goes on above the one before");
        all.extend(ids.iter().map(|id| id.0));
        after = ids.last().copied();
        if ids.len() < limit as usize {
            return all;
        }
    }
}

/// Whom `scope` reaches, by loops.
fn oracle(all: &Organization, scope: Scope) -> BTreeSet<i64> {
    let users = |which: &dyn Fn(i64, i64) -> bool| -> BTreeSet<i64> {
        all.users.iter().filter(|user| which(user.id, user.customer)).map(|user| user.id).collect()
    };
    let members = |group: i64| all.members.iter().filter(|pair| pair.0 == group).map(|pair| pair.1).collect();
    match scope {
        Scope::User(id) => BTreeSet::from([id.0]),
        Scope::SecurityGroup(id) => members(id.0),
        Scope::Customer(id) => users(&|_, customer| customer == id.0),
        Scope::Role(id) => all.users.iter().filter(|user| user.role == Some(id.0)).map(|user| user.id).collect(),
        Scope::Everyone => users(&|_, _| true),
        Scope::Listed => BTreeSet::new(),
        Scope::Policy(id) => {
            let given = all.assignments.iter().filter(|given| given.policy == id.0);
            let reached = given.flat_map(|given| match (given.user, given.group) {
                (Some(user), _) => BTreeSet::from([user]),
                (_, Some(group)) => members(group),
                _ => users(&|_, customer| Some(customer) == given.customer),
            });
            reached.collect()
        }
    }
}

#[tokio::test]
async fn every_scope_reaches_whom_loops_say_in_pages_of_any_size() {
    let all = Organization::random(77);
    let database = TestDatabase::new().await;
    fill(&database.pool, &all.lines(1)).await;
    let mut conn = database.pool.acquire().await.unwrap();
    let mut scopes = vec![Scope::Everyone, Scope::Listed, Scope::User(UserId(3)), Scope::User(UserId(1_000))];
    scopes.extend((1..=4).map(|id| Scope::Role(RoleId(id))));
    scopes.extend((1..=7).map(|id| Scope::SecurityGroup(SecurityGroupId(id))));
    scopes.extend((1..=9).map(|id| Scope::Policy(PolicyId(id))));
    scopes.extend((1..=9).map(|id| Scope::Customer(CustomerId(id))));
    for scope in &scopes {
        let expected: Vec<_> = oracle(&all, *scope).into_iter().collect();
        for limit in [1, 3, 1_000] {
            assert_eq!(walk(&mut conn, &(*scope).into(), limit).await, expected, "{scope:?} by {limit}");
        }
        for user in (1..=80).map(UserId) {
            let affected = any_of(&mut conn, &(*scope).into(), &[user, UserId(5_000)]).await.unwrap();
            // A user who isn't there is affected by name alone.
            assert_eq!(affected, expected.contains(&user.0), "{scope:?} {user}");
        }
        let number = i64::try_from(expected.len()).unwrap();
        assert_eq!(count(&mut conn, &(*scope).into()).await.unwrap(), number, "{scope:?}");
    }
    // Merged jobs: the union, each once.
    for pair in scopes.windows(4) {
        let mut merged = Scopes::default();
        for scope in pair {
            merged.add(*scope);
        }
        let expected: BTreeSet<_> = pair.iter().flat_map(|scope| oracle(&all, *scope)).collect();
        assert_eq!(walk(&mut conn, &merged, 4).await, expected.into_iter().collect::<Vec<_>>(), "{pair:?}");
    }
}

#[tokio::test]
async fn stored_users_are_affected_even_when_they_are_gone() {
    let database = TestDatabase::new().await;
    let mut conn = database.pool.acquire().await.unwrap();
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let job =
        "insert into jobs (id, kind, scope, actor, lane) values ($1, 'refresh', '{\"listed\":true}', 'x', 'small')";
    for id in [one, other] {
        sqlx::query(job).bind(id).execute(&mut *conn).await.unwrap();
    }
    let users = "insert into job_users select $1, unnest($2::bigint[])";
    sqlx::query(users).bind(one).bind(&[5_i64, 7, 11][..]).execute(&mut *conn).await.unwrap();
    sqlx::query(users).bind(other).bind(&[7_i64, 8][..]).execute(&mut *conn).await.unwrap();
    let mut scopes = Scopes::from(Scope::Everyone);
    scopes.add_cut_off(one);
    assert_eq!(walk(&mut conn, &scopes, 2).await, [5, 7, 11]);
    scopes.add_cut_off(other);
    assert_eq!(walk(&mut conn, &scopes, 2).await, [5, 7, 8, 11]);
    let mut listed = Scopes::from(Scope::Listed);
    listed.add_cut_off(other);
    assert!(any_of(&mut conn, &listed, &[UserId(5), UserId(8)]).await.unwrap());
    assert!(!any_of(&mut conn, &listed, &[UserId(5)]).await.unwrap());
}

#[tokio::test]
async fn a_scope_is_small_up_to_the_bound() {
    let all = Organization::random(5);
    let database = TestDatabase::new().await;
    fill(&database.pool, &all.lines(1)).await;
    let mut conn = database.pool.acquire().await.unwrap();
    let scope = Scope::Customer(CustomerId(3));
    let number = u16::try_from(oracle(&all, scope).len()).unwrap();
    assert!(number > 1);
    for (bound, small) in [(number - 1, false), (number, true), (number + 1, true)] {
        assert_eq!(is_small(&mut conn, scope, bound).await.unwrap(), small, "{bound} of {number}");
    }
}
