//! `search` and `stream`.

use super::{Subject, document, reader, statement};
use futures::StreamExt;
use permdex::domain::{ActionName, Attributes, CustomerId, Effect, ResourceName, UserId};
use permdex::index::{Customers, IndexError, MAX_PAGE, Page, Search, SearchResource, UserEntry};

/// Who may do `action` anywhere?
pub fn anywhere(action: &str) -> Search {
    Search {
        action: ActionName::parse(action).unwrap(),
        resources: Vec::new(),
        attributes: Attributes::new(),
        customers: Customers::All,
        now: 0,
        limit: 1_000,
        after: None,
    }
}

pub fn ids(page: &Page) -> Vec<i64> {
    page.users.iter().map(|user| user.id.0).collect()
}

pub async fn pages_follow_each_other(subject: Subject) {
    let subject = subject.serving().await;
    let index = &subject.index;
    subject.load(&(1..=7).map(|user| reader(user, 1)).collect::<Vec<_>>()).await;
    let page = |limit: usize, after: Option<i64>| async move {
        let search = Search { limit, after: after.map(UserId), ..anywhere("doc:read") };
        let page = index.search(&search).await.unwrap();
        (page.total, ids(&page), page.more)
    };
    assert_eq!(page(3, None).await, (7, vec![1, 2, 3], true));
    assert_eq!(page(3, Some(3)).await, (7, vec![4, 5, 6], true));
    assert_eq!(page(3, Some(6)).await, (7, vec![7], false));
    assert_eq!(page(7, None).await, (7, vec![1, 2, 3, 4, 5, 6, 7], false));
    assert_eq!(page(3, Some(7)).await, (7, vec![], false));
    // It just counts: there is no page for another to follow.
    assert_eq!(page(0, None).await, (7, vec![], false));
    assert_eq!(page(MAX_PAGE, Some(5)).await, (7, vec![6, 7], false));
    let first = index.search(&Search { limit: 1, ..anywhere("doc:read") }).await.unwrap().users;
    let expected =
        UserEntry { id: UserId(1), customer: CustomerId(1), email: "1@example.com".into(), ui_language: "en".into() };
    assert_eq!(first, [expected]);
}

/// An allow whose resource a deny covers counts for the actions that are left of it.
pub async fn anywhere_minds_what_is_denied_throughout(subject: Subject) {
    let subject = subject.serving().await;
    let allow = statement(Effect::Allow, &["doc:*"], &["acrn:app:1:doc/*"]);
    let deny = statement(Effect::Deny, &["doc:edit"], &["acrn:app:1:*"]);
    let narrow = statement(Effect::Deny, &["doc:edit"], &["acrn:app:1:doc/7"]);
    subject.load(&[document(1, 1, vec![allow.clone(), deny]), document(2, 1, vec![allow, narrow])]).await;
    for (action, users) in [("doc:edit", vec![2]), ("doc:read", vec![1, 2])] {
        assert_eq!(ids(&subject.index.search(&anywhere(action)).await.unwrap()), users, "{action}");
    }
}

pub async fn a_question_that_is_too_large_is_refused(subject: Subject) {
    let subject = subject.serving().await;
    let name = |id: usize| ResourceName::parse(&format!("acrn:a:b:c:d:e:f:g/h/{id}")).unwrap();
    let resources = (0..100).map(|id| SearchResource { name: name(id), organization: None }).collect();
    let search = Search { resources, ..anywhere("a:b:c:d") };
    assert!(matches!(subject.index.search(&search).await, Err(IndexError::Refused(_))));
    assert!(matches!(subject.index.stream(&search).await.map(|_| ()), Err(IndexError::Refused(_))));
}

pub async fn a_stream_is_one_consistent_view(subject: Subject) {
    let subject = subject.serving().await;
    let last = i64::try_from(MAX_PAGE).unwrap() + 50;
    subject.load(&(1..=last).map(|user| reader(user, 1)).collect::<Vec<_>>()).await;
    // Neither the limit nor the position counts here.
    let search = Search { limit: 1, after: Some(UserId(9)), ..anywhere("doc:read") };
    let mut stream = subject.index.stream(&search).await.unwrap();
    assert_eq!(stream.total, u64::try_from(last).unwrap());
    let mut found: Vec<i64> = Vec::new();
    while let Some(chunk) = stream.chunks.next().await {
        let chunk = chunk.unwrap();
        assert!(!chunk.is_empty() && chunk.len() <= MAX_PAGE);
        if found.is_empty() {
            // What is written meanwhile does not show in it.
            subject.load(&[document(last, 2, vec![]), document(1, 2, vec![]), reader(last + 1, 2)]).await;
        }
        found.extend(chunk.iter().map(|user| user.id.0));
    }
    assert_eq!(found, (1..=last).collect::<Vec<_>>());
    let count = Search { limit: 0, ..anywhere("doc:read") };
    assert_eq!(subject.index.search(&count).await.unwrap().total, u64::try_from(last - 1).unwrap());
    // One that nobody reads to its end is given up without harm.
    drop(subject.index.stream(&search).await.unwrap());
}
