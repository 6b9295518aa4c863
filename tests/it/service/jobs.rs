//! Jobs as callers see them, rebuilds, and the action catalogue.

use super::world::{ACME, GLOBEX, World, assign, user_claims};
use permdex::domain::UserId;
use permdex::queue::{Kind, State};
use permdex::service::{RebuildScope, ServiceError, Target, WriteContext};

#[tokio::test]
async fn a_job_is_read_by_who_caused_it_and_by_who_may() {
    let world = World::new().await;
    let (service, admin, plain) = (world.service().await, world.user(17).await, world.user(18).await);
    let foreign = world.caller(user_claims(27, "globex")).await.expect("let in");
    let context = WriteContext::default();
    let written = world.cluster.assign(&service, assign(3, Target::User(UserId(18))), &context).await.expect("done");
    let id = written.job.expect("a job");
    assert!(world.cluster.job(&service, id).await.is_ok());
    assert!(world.cluster.job(&admin, id).await.is_ok());
    for caller in [&plain, &foreign] {
        assert!(matches!(world.cluster.job(caller, id).await, Err(ServiceError::NotFound { .. })));
    }
    world.run("update jobs set actor = 'globex_27'").await;
    assert_eq!(world.cluster.job(&foreign, id).await.expect("his own").id, id);
}

#[tokio::test]
async fn a_list_holds_what_may_be_read_page_by_page() {
    let world = World::new().await;
    let (service, admin, plain) = (world.service().await, world.user(17).await, world.user(18).await);
    let context = WriteContext::default();
    for user in [17, 18, 27] {
        world.cluster.assign(&service, assign(3, Target::User(UserId(user))), &context).await.expect("assigned");
    }
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = world.cluster.jobs(&service, Some(State::Queued), 2, cursor.as_deref()).await.expect("listed");
        seen.extend(page.items.iter().map(|job| job.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 3);
    assert!(seen.is_sorted_by(|a, b| a > b));
    assert_eq!(world.cluster.jobs(&admin, None, 10, None).await.expect("listed").items.len(), 2);
    assert!(world.cluster.jobs(&plain, None, 10, None).await.expect("listed").items.is_empty());
    assert!(matches!(world.cluster.jobs(&plain, None, 1_001, None).await, Err(ServiceError::Invalid(_))));
}

#[tokio::test]
async fn equal_rebuilds_are_one_and_need_the_right_where_they_reach() {
    let world = World::new().await;
    let (service, admin, plain) = (world.service().await, world.user(17).await, world.user(18).await);
    let context = WriteContext::default();
    let first = world.cluster.rebuild(&service, RebuildScope::Everyone, &context).await.expect("queued");
    let second = world.cluster.rebuild(&service, RebuildScope::Everyone, &context).await.expect("joined");
    assert_eq!(first.job, second.job);
    assert!(first.changed && !second.changed);
    let job = world.cluster.job(&service, first.job.expect("a job")).await.expect("read");
    assert_eq!(job.kind, Kind::Rebuild);
    let own = world.cluster.rebuild(&admin, RebuildScope::User(UserId(18)), &context).await.expect("queued");
    assert_ne!(own.job, first.job);
    let refused = world.cluster.rebuild(&admin, RebuildScope::Everyone, &context).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden { .. })), "{refused:?}");
    let refused = world.cluster.rebuild(&admin, RebuildScope::Customer(GLOBEX), &context).await;
    assert!(matches!(refused, Err(ServiceError::NotFound { .. })), "{refused:?}");
    let refused = world.cluster.rebuild(&plain, RebuildScope::Customer(ACME), &context).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden { .. })), "{refused:?}");
}

#[tokio::test]
async fn the_catalogue_says_what_the_caller_has_anywhere() {
    let world = World::new().await;
    let admin = world.user(17).await;
    let has = async |model| {
        let actions = world.cluster.catalogue(&admin, model).await.expect("listed");
        actions.iter().map(|action| (action.entry.name.clone(), action.allow)).collect::<Vec<_>>()
    };
    assert_eq!(has("doc").await, [("doc:read".to_owned(), true)]);
    assert_eq!(has("bill").await, [("bill:pay".to_owned(), false)]);
    let unknown = world.cluster.catalogue(&admin, "car").await.expect_err("unknown");
    assert_eq!(unknown.to_string(), "model `car` is not in the catalogue: it knows `bill`, `doc`");
}
