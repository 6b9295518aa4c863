//! Who is let in.

use super::world::{World, check, service_claims, user_claims};
use permdex::domain::UserId;
use permdex::service::{Caller, ServiceError};
use std::sync::atomic::Ordering;

#[tokio::test]
async fn an_active_user_of_the_tokens_organization_is_let_in_and_nobody_else() {
    let world = World::new().await;
    for (id, organization, let_in) in [
        (17, "acme", true),
        (27, "globex", true),
        (17, "globex", false),
        (17, "initech", false),
        (19, "acme", false),
        (99, "acme", false),
    ] {
        let caller = world.caller(user_claims(id, organization)).await;
        match caller {
            Ok(Caller::User(user)) => assert!(let_in && user.id == UserId(id), "{id} of {organization}"),
            Err(ServiceError::Unauthorized(_)) => assert!(!let_in, "{id} of {organization}"),
            other => panic!("{id} of {organization}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn who_was_just_created_activated_or_moved_in_is_not_refused() {
    let world = World::new().await;
    world.run("insert into users (id, customer_id, email, ui_language) values (20, 1, 'e@example.com', 'en')").await;
    world.run("update users set active = true where id = 19").await;
    for id in [19, 20] {
        assert!(world.caller(user_claims(id, "acme")).await.is_ok(), "{id}");
    }
}

#[tokio::test]
async fn a_service_costs_no_look_up() {
    let world = World::new().await;
    let before = world.index.gets.load(Ordering::SeqCst);
    world.service().await;
    assert_eq!(world.index.gets.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn a_services_scope_narrows_what_it_may() {
    let world = World::new().await;
    let question = check(18, "doc:read", "acrn:app:1:doc/7");
    let may = world.caller(service_claims(Some("permdex:permission:check"))).await.expect("let in");
    assert!(world.cluster.check(&may, &question).await.is_ok());
    let may_not = world.caller(service_claims(Some("permdex:permission:search"))).await.expect("let in");
    match world.cluster.check(&may_not, &question).await {
        Err(ServiceError::Forbidden { action, .. }) => assert_eq!(action, "permdex:permission:check"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_can_not_be_confirmed_is_told_to_come_again_and_not_refused() {
    let world = World::new().await;
    world.without_database().await;
    assert!(world.caller(user_claims(17, "acme")).await.is_ok());
    assert!(matches!(world.caller(user_claims(99, "acme")).await, Err(ServiceError::Unavailable { .. })));
}
