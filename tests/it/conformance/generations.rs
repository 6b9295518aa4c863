//! `prepare`, `create`, `serve`, `withdraw`, `discard` and `serving`.

use super::searching::{anywhere, ids};
use super::{Subject, document, reader};
use futures::StreamExt;
use permdex::domain::UserId;
use permdex::index::{IndexError, MAX_PAGE, Written};

/// Reads find nothing to read, which is another thing than nobody.
async fn nothing_serves(subject: &Subject) {
    let index = &subject.index;
    assert_eq!(index.serving().await.unwrap(), None);
    assert!(matches!(index.get(UserId(1)).await, Err(IndexError::NotReady)));
    assert!(matches!(index.search(&anywhere("doc:read")).await, Err(IndexError::NotReady)));
    assert!(matches!(index.stream(&anywhere("doc:read")).await.map(|_| ()), Err(IndexError::NotReady)));
}

/// Exactly these users are found, by search and by get.
async fn serves_users(subject: &Subject, users: &[i64]) {
    let index = &subject.index;
    assert_eq!(ids(&index.search(&anywhere("doc:read")).await.unwrap()), users);
    for user in 1..=3 {
        let found =
            index.get(UserId(user)).await.unwrap().is_some_and(|found| !found.permissions.statements.is_empty());
        assert_eq!(found, users.contains(&user), "user {user}");
    }
}

pub async fn nothing_is_read_before_something_serves(subject: Subject) {
    let index = &subject.index;
    assert!(["embedded", "elasticsearch"].contains(&index.engine()));
    nothing_serves(&subject).await;
    assert_eq!(index.highest_version().await.unwrap(), 0);
    index.prepare().await.unwrap();
    assert!(index.create(&subject.generation).await.unwrap());
    // It is filled first, unread.
    assert_eq!(index.write(&subject.generations(), &[reader(1, 1)]).await.unwrap(), [Written::Done]);
    nothing_serves(&subject).await;
    index.refresh(&subject.generations()).await.unwrap();
    nothing_serves(&subject).await;
    index.serve(&subject.generation).await.unwrap();
    assert_eq!(index.serving().await.unwrap(), Some(subject.generation.clone()));
    serves_users(&subject, &[1]).await;
}

pub async fn repeating_a_step_changes_nothing(subject: Subject) {
    let subject = subject.serving().await;
    let index = &subject.index;
    serves_users(&subject, &[]).await;
    subject.load(&[reader(1, 1)]).await;
    index.prepare().await.unwrap();
    assert!(!index.create(&subject.generation).await.unwrap());
    index.serve(&subject.generation).await.unwrap();
    assert_eq!(index.serving().await.unwrap(), Some(subject.generation.clone()));
    serves_users(&subject, &[1]).await;
}

pub async fn the_next_one_takes_over_in_one_step(subject: Subject) {
    let subject = subject.serving().await;
    let index = &subject.index;
    subject.load(&[reader(1, 1), reader(2, 1)]).await;
    assert!(index.create(&subject.next).await.unwrap());
    serves_users(&subject, &[1, 2]).await;
    // The backfill has one that a live refresh to both then overtakes.
    let next = [subject.next.clone()];
    let both = [subject.generation.clone(), subject.next.clone()];
    assert_eq!(index.write(&next, &[reader(1, 2), reader(3, 2)]).await.unwrap(), [Written::Done, Written::Done]);
    let mixed = index.write(&both, &[document(1, 3, vec![]), reader(3, 2)]).await.unwrap();
    // Done in one and newer in the other is done.
    assert_eq!(mixed, [Written::Done, Written::Done]);
    index.refresh(&both).await.unwrap();
    serves_users(&subject, &[2, 3]).await;
    index.serve(&subject.next).await.unwrap();
    assert_eq!(index.serving().await.unwrap(), Some(subject.next.clone()));
    serves_users(&subject, &[3]).await;
    index.discard(&subject.generation).await.unwrap();
    serves_users(&subject, &[3]).await;
    // Whoever has not heard of it yet still writes to both.
    assert_eq!(index.write(&both, &[reader(1, 4)]).await.unwrap(), [Written::Done]);
    index.refresh(&both).await.unwrap();
    serves_users(&subject, &[1, 3]).await;
}

pub async fn a_stream_outlives_the_change(subject: Subject) {
    let subject = subject.serving().await;
    let last = i64::try_from(MAX_PAGE).unwrap() + 1;
    subject.load(&(1..=last).map(|user| reader(user, 1)).collect::<Vec<_>>()).await;
    let mut stream = subject.index.stream(&anywhere("doc:read")).await.unwrap();
    let mut count = stream.chunks.next().await.unwrap().unwrap().len();
    subject.index.create(&subject.next).await.unwrap();
    subject.index.serve(&subject.next).await.unwrap();
    while let Some(chunk) = stream.chunks.next().await {
        count += chunk.unwrap().len();
    }
    assert_eq!(i64::try_from(count).unwrap(), last);
}

pub async fn what_is_withdrawn_can_serve_again(subject: Subject) {
    let subject = subject.serving().await;
    subject.load(&[reader(2, 1)]).await;
    for _ in 0..2 {
        subject.index.withdraw().await.unwrap();
        nothing_serves(&subject).await;
    }
    subject.load(&[reader(3, 1)]).await;
    subject.index.serve(&subject.generation).await.unwrap();
    serves_users(&subject, &[2, 3]).await;
}

pub async fn what_is_discarded_is_gone(subject: Subject) {
    let subject = subject.serving().await;
    let index = &subject.index;
    subject.load(&[reader(1, 5)]).await;
    index.withdraw().await.unwrap();
    for generation in [&subject.generation, &subject.generation, &subject.retired] {
        index.discard(generation).await.unwrap();
    }
    // A late write does not bring it back.
    let late = index.write(&subject.generations(), &[reader(2, 1)]).await.unwrap();
    assert!(!matches!(late[..], [Written::Refused(_)]), "{late:?}");
    index.refresh(&subject.generations()).await.unwrap();
    assert!(index.serve(&subject.generation).await.is_err());
    nothing_serves(&subject).await;
    assert!(index.create(&subject.next).await.unwrap());
    index.serve(&subject.next).await.unwrap();
    serves_users(&subject, &[]).await;
}
