//! Who has this: whose users are seen by whom, page by page, and as a stream.

use super::world::{ACME, GLOBEX, World, assign, user_claims, who_has};
use futures::StreamExt;
use permdex::domain::{SecurityGroupId, UserId};
use permdex::index::UserEntry;
use permdex::service::{Limited, ServiceError, Settings, Target, WriteContext};
use std::time::Duration;

const DOC: &str = "acrn:app:1:doc/7";

fn ids(users: &[UserEntry]) -> Vec<i64> {
    users.iter().map(|user| user.id.0).collect()
}

/// 17, 18 and 27 may read the document.
async fn readers() -> World {
    let world = World::with(Settings { search_concurrency: 1, ..Settings::default() }).await;
    world
        .run("update policies set statements = replace(statements::text, '${customerId}', '1')::jsonb where id = 3")
        .await;
    let service = world.service().await;
    for target in [Target::SecurityGroup(SecurityGroupId(5)), Target::User(UserId(27))] {
        world.cluster.assign(&service, assign(3, target), &WriteContext::default()).await.expect("assigned");
    }
    world.work().await;
    world
}

#[tokio::test]
async fn a_caller_sees_the_users_of_the_customers_he_may_search() {
    let world = readers().await;
    let question = who_has("doc:read", DOC);
    let all = world.cluster.who_has(&world.service().await, &question).await.expect("answered");
    assert_eq!((all.size, ids(&all.users)), (3, vec![17, 18, 27]));
    let own = world.cluster.who_has(&world.user(17).await, &question).await.expect("answered");
    assert_eq!((own.size, ids(&own.users)), (2, vec![17, 18]));
    let refused = world.cluster.who_has(&world.user(18).await, &question).await;
    match refused {
        Err(ServiceError::Forbidden { action, resource }) => {
            assert_eq!((action, &*resource), ("permdex:permission:search", "acrn:permdex:1:user/*"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_customer_out_of_reach_reads_as_missing() {
    let world = readers().await;
    let ask = async |caller, customer| {
        let question = permdex::service::WhoHasQuestion { customer: Some(customer), ..who_has("doc:read", DOC) };
        world.cluster.who_has(caller, &question).await
    };
    let (admin, service) = (world.user(17).await, world.service().await);
    assert_eq!(ask(&admin, ACME).await.expect("answered").size, 2);
    assert_eq!(ask(&service, GLOBEX).await.expect("answered").size, 1);
    assert!(matches!(ask(&admin, GLOBEX).await, Err(ServiceError::NotFound { .. })));
    let nobodys = permdex::domain::CustomerId(9);
    assert!(matches!(ask(&service, nobodys).await, Err(ServiceError::NotFound { .. })));
}

#[tokio::test]
async fn pages_neither_lose_nor_repeat_and_a_cursor_is_bound_to_its_question() {
    let world = readers().await;
    let service = world.service().await;
    let mut question = who_has("doc:read", DOC);
    question.limit = 2;
    let first = world.cluster.who_has(&service, &question).await.expect("answered");
    assert_eq!((first.size, ids(&first.users)), (3, vec![17, 18]));
    question.cursor = first.next_cursor;
    question.limit = 1;
    let second = world.cluster.who_has(&service, &question).await.expect("answered");
    assert_eq!((second.size, ids(&second.users), second.next_cursor), (3, vec![27], None));
    let mut other = who_has("doc:edit", DOC);
    other.cursor = question.cursor;
    assert!(matches!(world.cluster.who_has(&service, &other).await, Err(ServiceError::Invalid(_))));
    other.cursor = Some("nonsense".into());
    assert!(matches!(world.cluster.who_has(&service, &other).await, Err(ServiceError::BadRequest(_))));
}

#[tokio::test]
async fn over_the_limit_is_told_and_not_queued() {
    let world = readers().await;
    let held = world.cluster.turn(Limited::WhoHas).expect("a turn");
    let question = who_has("doc:read", DOC);
    let refused = world.cluster.who_has(&world.service().await, &question).await;
    assert!(matches!(refused, Err(ServiceError::TooMany { .. })), "{refused:?}");
    drop(held);
    assert!(world.cluster.who_has(&world.service().await, &question).await.is_ok());
}

#[tokio::test]
async fn an_index_that_is_away_gives_no_shorter_list() {
    let world = readers().await;
    world.without_index().await;
    let refused = world.cluster.who_has(&world.service().await, &who_has("doc:read", DOC)).await;
    assert!(matches!(refused, Err(ServiceError::Unavailable { .. })), "{refused:?}");
}

#[tokio::test]
async fn who_asks_after_a_job_waits_for_it() {
    let world = World::with(Settings { wait_timeout: Duration::from_millis(20), ..Settings::default() }).await;
    let service = world.service().await;
    let target = Target::User(UserId(18));
    let written = world.cluster.assign(&service, assign(3, target), &WriteContext::default()).await.expect("assigned");
    let mut question = who_has("doc:read", DOC);
    question.after = written.job;
    let early = world.cluster.who_has(&service, &question).await;
    assert!(matches!(early, Err(ServiceError::Unavailable { .. })), "{early:?}");
    world.work().await;
    assert_eq!(world.cluster.who_has(&service, &question).await.expect("answered").size, 2);
}

#[tokio::test]
async fn a_stream_holds_everybody_and_leaves_a_trace() {
    let world = readers().await;
    let admin = world.user(17).await;
    let context = WriteContext { request_id: Some("r-1".into()), ..WriteContext::default() };
    let stream = world.cluster.who_has_stream(&admin, &who_has("doc:read", DOC), &context).await.expect("begun");
    assert_eq!(stream.size, 2);
    let chunks: Vec<_> = stream.chunks.collect().await;
    let users: Vec<_> = chunks.into_iter().flat_map(|chunk| ids(&chunk.expect("whole"))).collect();
    assert_eq!(users, [17, 18]);
    let trace = "select actor || ' ' || request_id || ' ' || (after ->> 'size') from audit where target = 'user:*'";
    assert_eq!(world.one::<String>(trace).await, "acme_17 r-1 2");
    world.without_database().await;
    let untraced = world.cluster.who_has_stream(&admin, &who_has("doc:read", DOC), &context).await;
    assert!(matches!(untraced.err(), Some(ServiceError::Unavailable { .. })));
}

#[tokio::test]
async fn a_user_of_another_tenant_is_never_in_an_answer() {
    let world = readers().await;
    let globex = world.caller(user_claims(27, "globex")).await.expect("let in");
    let refused = world.cluster.who_has(&globex, &who_has("doc:read", DOC)).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden { .. })), "{refused:?}");
}
