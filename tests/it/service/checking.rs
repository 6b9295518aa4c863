//! Check and list: what is answered to whom, and from where.

use super::world::{World, assign, check, user_claims};
use permdex::clock::Clock;
use permdex::domain::{Filter, PolicyId, UserId};
use permdex::queue::JobId;
use permdex::service::{ListQuestion, Readiness, ServiceError, Source, Target, WriteContext};
use std::sync::atomic::Ordering;

const DOC: &str = "acrn:app:1:doc/7";

#[tokio::test]
async fn a_service_checks_anybody_and_sees_which_policy_decided() {
    let world = World::new().await;
    let service = world.service().await;
    let question = check(17, "doc:read", DOC);
    let answer = world.cluster.check(&service, &question).await.expect("answered");
    let decisions = answer.decide(&question);
    assert!(decisions.allow);
    assert_eq!(decisions.each.first().expect("one").used_policies(), [PolicyId(4)]);
    assert_eq!((answer.source, answer.job), (Source::Index, None));
}

#[tokio::test]
async fn a_check_of_oneself_is_one_look_up_in_all() {
    let world = World::new().await;
    let before = world.index.gets.load(Ordering::SeqCst);
    let caller = world.user(18).await;
    assert!(!world.allows(&caller, &check(18, "doc:read", DOC)).await);
    assert_eq!(world.index.gets.load(Ordering::SeqCst), before + 1);
}

#[tokio::test]
async fn somebody_unknown_may_nothing() {
    let world = World::new().await;
    let question = check(99, "doc:read", DOC);
    let answer = world.cluster.check(&world.service().await, &question).await.expect("answered");
    let decisions = answer.decide(&question);
    assert!(!decisions.allow);
    assert!(decisions.each.first().expect("one").deciding.is_empty());
}

#[tokio::test]
async fn unknown_and_out_of_reach_read_alike() {
    let world = World::new().await;
    let admin = world.user(17).await;
    assert!(world.cluster.check(&admin, &check(18, "doc:read", DOC)).await.is_ok());
    assert!(world.cluster.check(&admin, &check(19, "doc:read", DOC)).await.is_ok());
    let plain = world.user(18).await;
    for (caller, requester) in [(&admin, 27), (&admin, 99), (&plain, 17), (&plain, 99)] {
        let refused = world.cluster.check(caller, &check(requester, "doc:read", DOC)).await;
        match refused {
            Err(error @ ServiceError::NotFound { .. }) => {
                let expected = format!("user `{requester}` does not exist, or you may not see it: check the id");
                assert_eq!(error.to_string(), expected);
            }
            other => panic!("{requester}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn without_the_index_the_database_answers_and_says_so() {
    let world = World::new().await;
    world.without_index().await;
    let admin = world.user(17).await;
    let question = check(17, "doc:read", DOC);
    let answer = world.cluster.check(&admin, &question).await.expect("answered");
    assert!(answer.decide(&question).allow);
    assert_eq!(answer.source, Source::Database);
    assert!(matches!(world.cluster.readiness().await, Readiness::Degraded(_)));
}

#[tokio::test]
async fn without_both_nobody_answers() {
    let world = World::new().await;
    let service = world.service().await;
    world.without_index().await;
    world.without_database().await;
    let answer = world.cluster.check(&service, &check(17, "doc:read", DOC)).await;
    assert!(matches!(answer, Err(ServiceError::Unavailable { .. })), "{answer:?}");
    assert!(matches!(world.cluster.readiness().await, Readiness::Down(_)));
}

#[tokio::test]
async fn organizations_are_known_without_the_database() {
    let world = World::new().await;
    let service = world.service().await;
    let target = Target::User(UserId(18));
    world.cluster.assign(&service, assign(9, target), &WriteContext::default()).await.expect("assigned");
    world.work().await;
    world.without_database().await;
    assert!(world.allows(&service, &check(18, "note:read", "acrn:app:1:note/1")).await);
    assert!(!world.allows(&service, &check(18, "note:read", "acrn:app:2:note/1")).await);
    // Nobody can say whose that is.
    let unknown = world.cluster.check(&service, &check(18, "note:read", "acrn:app:3:note/1")).await;
    assert!(matches!(unknown, Err(ServiceError::Unavailable { .. })), "{unknown:?}");
}

#[tokio::test]
async fn an_answer_after_a_job_has_its_effects() {
    let world = World::new().await;
    let service = world.service().await;
    let target = Target::User(UserId(18));
    let written = world.cluster.assign(&service, assign(3, target), &WriteContext::default()).await.expect("assigned");
    let mut question = check(18, "doc:read", DOC);
    let behind = world.cluster.check(&service, &question).await.expect("answered");
    assert!(!behind.decide(&question).allow);
    assert_eq!(behind.job, written.job);
    question.after = written.job;
    let answer = world.cluster.check(&service, &question).await.expect("answered");
    assert!(answer.decide(&question).allow);
    assert_eq!((answer.source, answer.job), (Source::Database, None));
    world.work().await;
    let answer = world.cluster.check(&service, &question).await.expect("answered");
    assert!(answer.decide(&question).allow);
    assert_eq!((answer.source, answer.job), (Source::Index, None));
}

#[tokio::test]
async fn an_unknown_job_is_named_and_a_very_old_one_counts_as_done() {
    let world = World::new().await;
    let service = world.service().await;
    let mut question = check(17, "doc:read", DOC);
    question.after = Some(JobId::new(&Clock::System));
    let refused = world.cluster.check(&service, &question).await;
    assert!(matches!(refused, Err(ServiceError::Invalid(_))), "{refused:?}");
    question.after = Some(JobId::new(&Clock::at(1_000_000)));
    assert!(world.allows(&service, &question).await);
}

#[tokio::test]
async fn a_list_holds_what_a_check_allows() {
    let world = World::new().await;
    let admin = world.user(17).await;
    let question = ListQuestion { requester: UserId(17), filter: Filter::default(), after: None };
    let answer = world.cluster.list(&admin, &question).await.expect("answered");
    assert!(answer.allow);
    let actions: Vec<_> = answer.entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["doc:*", "permdex:*"]);
    let foreign = world.caller(user_claims(27, "globex")).await.expect("let in");
    assert!(matches!(world.cluster.list(&foreign, &question).await, Err(ServiceError::NotFound { .. })));
}

#[tokio::test]
async fn a_check_does_not_carry_the_way_to_the_database_with_it() {
    let world = World::new().await;
    let (service, question) = (world.service().await, check(17, "doc:read", DOC));
    // The whole of it would be ten times as large, and is moved on every call.
    let bytes = std::mem::size_of_val(&world.cluster.check(&service, &question));
    assert!(bytes < 1_536, "{bytes}");
    let bytes = std::mem::size_of_val(&world.caller(user_claims(17, "acme")));
    assert!(bytes < 1_536, "{bytes}");
}
