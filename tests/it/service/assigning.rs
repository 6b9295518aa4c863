//! Assigning and removing: what a write leaves behind, and that nobody gives what he lacks.

use super::world::{GLOBEX, World, assign, check, remove, waiting};
use permdex::domain::{SecurityGroupId, UserId};
use permdex::queue::{self, Lane, State};
use permdex::service::{AssignRequest, Caller, Completion, ServiceError, Target, WriteContext, Written};

const DOC: &str = "acrn:app:1:doc/7";
const PLAIN: Target = Target::User(UserId(18));
const GROUP: Target = Target::SecurityGroup(SecurityGroupId(5));

async fn write(world: &World, caller: &Caller, request: AssignRequest) -> Result<Written, ServiceError> {
    world.cluster.assign(caller, request, &WriteContext::default()).await
}

#[tokio::test]
async fn a_change_leaves_a_job_and_a_trace() {
    let world = World::new().await;
    let admin = world.user(17).await;
    let written = write(&world, &admin, assign(3, PLAIN)).await.expect("assigned");
    assert!(written.changed);
    let id = written.job.expect("a job");
    let job = queue::get(&world.db.pool, id).await.expect("read").expect("there");
    assert_eq!((job.state, job.customer, &*job.actor), (State::Queued, Some(1), "acme_17"));
    assert_eq!(job.scope, serde_json::json!({"user": 18}));
    let trace = "select actor || ' ' || action || ' ' || target || ' ' || (after ->> 'policyId') from audit";
    assert_eq!(world.one::<String>(trace).await, "acme_17 permdex:permission:assign user:18 3");
}

#[tokio::test]
async fn doing_it_twice_is_a_success_and_names_what_is_under_way() {
    let world = World::new().await;
    let service = world.service().await;
    let first = write(&world, &service, assign(3, PLAIN)).await.expect("assigned");
    let other = world.other_instance();
    let mut again = other.assign(&service, assign(3, PLAIN), &WriteContext::default()).await.expect("assigned");
    assert!(!again.changed);
    assert_eq!(other.completion(&mut again).await, Completion { job: first.job, completed: false });
    world.work().await;
    let mut done = write(&world, &service, assign(3, PLAIN)).await.expect("assigned");
    assert_eq!(world.cluster.completion(&mut done).await, Completion { job: None, completed: true });
    assert_eq!(world.one::<i64>("select count(*) from audit").await, 1);
}

#[tokio::test]
async fn who_waits_is_answered_when_the_job_is_done() {
    let world = World::new().await;
    let service = world.service().await;
    let mut written = world.cluster.assign(&service, assign(3, GROUP), &waiting()).await.expect("assigned");
    let (completion, ()) = tokio::join!(world.cluster.completion(&mut written), world.work());
    assert!(completion.completed);
    assert!(world.allows(&service, &check(18, "doc:read", DOC)).await);
    let removed = write(&world, &service, remove(3, GROUP)).await.expect("removed");
    assert!(removed.changed);
    world.work().await;
    assert!(!world.allows(&service, &check(18, "doc:read", DOC)).await);
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let world = World::new().await;
    let service = world.service().await;
    let scoped = AssignRequest { scope: Some(permdex::domain::CustomerId(9)), ..assign(3, PLAIN) };
    for (request, named) in [
        (assign(99, PLAIN), "policy `99`"),
        (assign(3, Target::User(UserId(99))), "user `99`"),
        (remove(3, Target::SecurityGroup(SecurityGroupId(99))), "security group `99`"),
        (assign(3, Target::Customer(permdex::domain::CustomerId(9))), "customer `9`"),
        (scoped, "customer `9`"),
    ] {
        let error = write(&world, &service, request).await.expect_err("missing");
        assert!(matches!(error, ServiceError::NotFound { .. }) && error.to_string().contains(named), "{error:?}");
    }
    assert_eq!(world.one::<i64>("select count(*) from jobs").await, 0);
}

#[tokio::test]
async fn a_foreign_customers_policy_is_invalid_for_a_service_and_missing_for_a_user() {
    let world = World::new().await;
    let refused = write(&world, &world.service().await, assign(6, PLAIN)).await;
    assert!(matches!(refused, Err(ServiceError::Invalid(_))), "{refused:?}");
    let refused = write(&world, &world.user(17).await, assign(6, PLAIN)).await;
    assert!(matches!(refused, Err(ServiceError::NotFound { what: "policy", .. })), "{refused:?}");
}

#[tokio::test]
async fn nobody_gives_what_he_lacks() {
    let world = World::new().await;
    let admin = world.user(17).await;
    for target in [PLAIN, GROUP] {
        match write(&world, &admin, assign(5, target)).await {
            Err(ServiceError::NotCovered(pair)) => assert_eq!(pair.to_string(), "bill:pay acrn:app:1:bill/*"),
            other => panic!("{other:?}"),
        }
        assert!(write(&world, &admin, assign(3, target)).await.is_ok());
    }
    assert_eq!(world.one::<i64>("select count(*) from assignments where policy_id = 5").await, 0);
}

#[tokio::test]
async fn taking_a_deny_away_is_giving_what_it_denied() {
    let world = World::new().await;
    let admin = world.user(17).await;
    let refused = write(&world, &admin, remove(8, PLAIN)).await;
    assert!(matches!(refused, Err(ServiceError::NotCovered(_))), "{refused:?}");
    assert!(write(&world, &admin, assign(7, PLAIN)).await.expect("assigned").changed);
    assert!(write(&world, &admin, remove(7, PLAIN)).await.expect("removed").changed);
}

#[tokio::test]
async fn without_the_right_the_own_tenant_says_what_is_missing_and_a_foreign_one_nothing() {
    let world = World::new().await;
    match write(&world, &world.user(18).await, assign(3, PLAIN)).await {
        Err(ServiceError::Forbidden { action, resource }) => {
            assert_eq!((action, &*resource), ("permdex:permission:assign", "acrn:permdex:1:policy/3"));
        }
        other => panic!("{other:?}"),
    }
    let refused = write(&world, &world.user(17).await, assign(3, Target::User(UserId(27)))).await;
    assert!(matches!(refused, Err(ServiceError::Hidden { what: "user", .. })), "{refused:?}");
}

#[tokio::test]
async fn only_a_service_scopes_to_another_customer() {
    let world = World::new().await;
    let abroad = AssignRequest { scope: Some(GLOBEX), ..assign(3, PLAIN) };
    let refused = write(&world, &world.user(17).await, abroad).await;
    assert!(matches!(refused, Err(ServiceError::NotFound { what: "customer", .. })), "{refused:?}");
    let service = world.service().await;
    assert!(write(&world, &service, abroad).await.expect("assigned").changed);
    world.work().await;
    assert!(world.allows(&service, &check(18, "doc:read", "acrn:app:2:doc/7")).await);
    assert!(!world.allows(&service, &check(18, "doc:read", DOC)).await);
}

#[tokio::test]
async fn who_was_just_stripped_of_a_right_can_not_use_the_lag() {
    let world = World::new().await;
    let admin = world.user(17).await;
    world.run("delete from assignments where user_id = 17").await;
    assert!(world.allows(&admin, &check(17, "doc:read", DOC)).await);
    let refused = write(&world, &admin, assign(3, PLAIN)).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden { .. })), "{refused:?}");
}

#[tokio::test]
async fn large_work_does_not_stand_in_the_way_of_small() {
    let world = World::new().await;
    world
        .run(
            "insert into users (id, customer_id, email, ui_language)
             select i, 2, 'u' || i || '@example.com', 'en' from generate_series(1000, 2000) i",
        )
        .await;
    let service = world.service().await;
    write(&world, &service, assign(3, Target::Customer(GLOBEX))).await.expect("assigned");
    let lane = "select lane from jobs order by id desc limit 1";
    assert_eq!(world.one::<String>(lane).await, Lane::Large.as_str());
    write(&world, &service, assign(3, GROUP)).await.expect("assigned");
    assert_eq!(world.one::<String>(lane).await, Lane::Small.as_str());
}

#[tokio::test]
async fn without_the_database_nothing_is_written() {
    let world = World::new().await;
    let service = world.service().await;
    world.without_database().await;
    let refused = write(&world, &service, assign(3, PLAIN)).await;
    assert!(matches!(refused, Err(ServiceError::Unavailable { .. })), "{refused:?}");
}
