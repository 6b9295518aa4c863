//! `get`.

use super::dice::Dice;
use super::organization::Organization;
use super::{Subject, reader};
use futures::future::join_all;
use permdex::domain::{CustomerId, UserId};
use permdex::index::{Document, Written};
use std::sync::Arc;

pub async fn a_get_gives_what_was_written_last(subject: Subject) {
    let subject = subject.serving().await;
    let (index, generations) = (&subject.index, subject.generations());
    assert_eq!(index.get(UserId(17)).await.unwrap(), None);
    for version in 1..=3 {
        // No refresh in between: a check sees a write at once.
        index.write(&generations, &[reader(17, version)]).await.unwrap();
        assert_eq!(index.get(UserId(17)).await.unwrap(), Some(reader(17, version)));
    }
    let deleted = Arc::new(Document::empty(UserId(17), CustomerId(1), 4));
    index.write(&generations, std::slice::from_ref(&deleted)).await.unwrap();
    let found = index.get(UserId(17)).await.unwrap().unwrap();
    assert_eq!(found, deleted);
    assert!(!found.permissions.active);
    assert_eq!(index.get(UserId(18)).await.unwrap(), None);
}

pub async fn many_gets_at_once_are_not_mixed_up(subject: Subject) {
    let subject = subject.serving().await;
    // Statements of every shape come back as they were.
    let organization = Organization::roll(&mut Dice::new(1), 200, 1);
    let written = subject.index.write(&subject.generations(), &organization.documents).await.unwrap();
    assert_eq!(written, vec![Written::Done; 200]);
    let index = &subject.index;
    let get = |user: i64| async move { (user, index.get(UserId(user)).await.unwrap()) };
    let expected = |user: i64| organization.documents.iter().find(|document| document.user() == UserId(user)).cloned();
    // Beyond the last user too, and everybody twice.
    for (user, found) in join_all((1..=300).chain(1..=300).map(get)).await {
        assert_eq!(found, expected(user), "user {user}");
    }
}
