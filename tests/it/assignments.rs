//! Assigning and removing: idempotent, locked, and exact about what is missing.

use crate::snapshot::fill;
use crate::support::database::TestDatabase;
use permdex::domain::{CustomerId, PolicyId, Scope, SecurityGroupId, UserId};
use permdex::store::assignments::{AssignError, Assignment, Missing, Target, assign, lock, remove};
use sqlx::Connection;

const LINES: &str = r#"{"kind":"customer","id":1,"organization":"acme","name":"Acme"}
{"kind":"customer","id":2,"organization":"globex","name":"Globex"}
{"kind":"user","id":17,"customerId":1,"email":"a"}
{"kind":"securityGroup","id":5,"customerId":1,"name":"g"}
{"kind":"policy","id":3,"name":"shared","statements":[{"effect":"allow","actions":["a"],"resources":["*"]}]}
{"kind":"policy","id":4,"customerId":2,"name":"own","statements":[{"effect":"allow","actions":["a"],"resources":["*"]}]}"#;

async fn database() -> TestDatabase {
    let database = TestDatabase::new().await;
    fill(&database.pool, &[LINES.to_owned()]).await;
    database
}

fn of(policy: i64, target: Target, scope: Option<i64>) -> Assignment {
    Assignment { policy: PolicyId(policy), target, scope: scope.map(CustomerId) }
}

const USER: Target = Target::User(UserId(17));
const GROUP: Target = Target::SecurityGroup(SecurityGroupId(5));
const CUSTOMER: Target = Target::Customer(CustomerId(1));

#[tokio::test]
async fn assigning_and_removing_twice_is_a_success() {
    let database = database().await;
    let mut conn = database.pool.acquire().await.unwrap();
    for (target, affected) in [
        (USER, Scope::User(UserId(17))),
        (GROUP, Scope::SecurityGroup(SecurityGroupId(5))),
        (CUSTOMER, Scope::Customer(CustomerId(1))),
    ] {
        let made = of(3, target, None);
        for (changed, existed) in [(true, false), (false, true)] {
            let outcome = assign(&mut conn, &made).await.unwrap();
            assert_eq!((outcome.changed, outcome.facts.exists, outcome.affected), (changed, existed, affected));
            assert_eq!((outcome.facts.customer, outcome.facts.owner), (CustomerId(1), None));
        }
        for changed in [true, false] {
            let outcome = remove(&mut conn, &made).await.unwrap();
            assert_eq!((outcome.changed, outcome.facts.exists, outcome.affected), (changed, changed, affected));
        }
    }
}

#[tokio::test]
async fn the_own_customer_as_scope_is_none_and_another_is_an_assignment_of_its_own() {
    let database = database().await;
    let mut conn = database.pool.acquire().await.unwrap();
    for target in [USER, GROUP] {
        assert!(assign(&mut conn, &of(3, target, Some(1))).await.unwrap().changed);
        assert!(!assign(&mut conn, &of(3, target, None)).await.unwrap().changed);
        let other = assign(&mut conn, &of(3, target, Some(2))).await.unwrap();
        assert_eq!((other.changed, other.facts.scope), (true, Some(CustomerId(2))));
        assert!(remove(&mut conn, &of(3, target, None)).await.unwrap().changed);
        assert!(remove(&mut conn, &of(3, target, Some(2))).await.unwrap().changed);
    }
    // Removing from the customer leaves what its users and groups have.
    assign(&mut conn, &of(3, USER, None)).await.unwrap();
    assert!(!remove(&mut conn, &of(3, CUSTOMER, None)).await.unwrap().changed);
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let database = database().await;
    let mut conn = database.pool.acquire().await.unwrap();
    let (nobody, none, nowhere) =
        (Target::User(UserId(5)), Target::SecurityGroup(SecurityGroupId(17)), Target::Customer(CustomerId(9)));
    for (wrong, missing) in [
        (of(8, USER, None), Missing::Policy(PolicyId(8))),
        (of(3, nobody, None), Missing::Target(nobody)),
        (of(3, none, None), Missing::Target(none)),
        (of(3, nowhere, None), Missing::Target(nowhere)),
        (of(3, USER, Some(9)), Missing::Scope(CustomerId(9))),
    ] {
        let both = [assign(&mut conn, &wrong).await.err(), remove(&mut conn, &wrong).await.err()];
        for error in both {
            assert!(matches!(error, Some(AssignError::NotFound(found)) if found == missing), "{error:?}");
        }
    }
    let rows: i64 = sqlx::query_scalar("select count(*) from assignments").fetch_one(&mut *conn).await.unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn a_customers_own_policy_stays_inside() {
    let database = database().await;
    let mut conn = database.pool.acquire().await.unwrap();
    for target in [USER, GROUP, CUSTOMER] {
        let error = assign(&mut conn, &of(4, target, None)).await.unwrap_err();
        assert!(error.to_string().contains("policy `4` belongs to customer `2`"), "{error}");
        assert!(!remove(&mut conn, &of(4, target, None)).await.unwrap().changed);
    }
    assert!(assign(&mut conn, &of(4, Target::Customer(CustomerId(2)), None)).await.unwrap().changed);
}

#[tokio::test]
async fn what_was_judged_cannot_change_before_the_commit() {
    let database = database().await;
    let (mut conn, mut other) = (database.pool.acquire().await.unwrap(), database.pool.acquire().await.unwrap());
    sqlx::query("set lock_timeout = '50ms'").execute(&mut *other).await.unwrap();
    for (target, change) in [
        (USER, "update policies set name = 'x' where id = 3"),
        (USER, "update users set active = false where id = 17"),
        (GROUP, "update security_groups set name = 'x' where id = 5"),
        (CUSTOMER, "update customers set name = 'x' where id = 1"),
        (USER, "delete from policies where id = 3"),
    ] {
        let mut transaction = conn.begin().await.unwrap();
        lock(&mut transaction, &of(3, target, None)).await.unwrap();
        let refused = sqlx::query(change).execute(&mut *other).await.unwrap_err();
        assert!(refused.to_string().contains("lock timeout"), "{change}: {refused}");
        transaction.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn whoever_waited_for_a_deletion_finds_nothing() {
    let database = database().await;
    let mut deleter = database.pool.acquire().await.unwrap();
    let mut transaction = deleter.begin().await.unwrap();
    sqlx::query("delete from policies where id = 3").execute(&mut *transaction).await.unwrap();
    let pool = database.pool.clone();
    let assigning = tokio::spawn(async move {
        let mut conn = pool.acquire().await.unwrap();
        assign(&mut conn, &of(3, USER, None)).await
    });
    let waiting = "select exists (select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock')";
    while !sqlx::query_scalar::<_, bool>(waiting).fetch_one(&database.pool).await.unwrap() {
        tokio::task::yield_now().await;
    }
    transaction.commit().await.unwrap();
    let outcome = assigning.await.unwrap();
    assert!(matches!(outcome, Err(AssignError::NotFound(Missing::Policy(PolicyId(3))))), "{outcome:?}");
}
