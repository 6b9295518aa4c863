//! `refresh` and `highest_version`.

use super::searching::{anywhere, ids};
use super::{Subject, reader};
use futures::future::join_all;
use permdex::domain::{CustomerId, UserId};
use permdex::index::Document;
use std::sync::Arc;

pub async fn the_highest_version_is_known(subject: Subject) {
    let subject = subject.serving().await;
    assert_eq!(subject.index.highest_version().await.unwrap(), 0);
    // Beyond 2^53 as well: a float would round it.
    let highest = 9_007_199_254_740_993;
    let deleted = Arc::new(Document::empty(UserId(2), CustomerId(1), highest));
    subject.load(&[reader(1, 7), deleted]).await;
    assert_eq!(subject.index.highest_version().await.unwrap(), highest);
}

pub async fn a_refresh_shows_what_was_written_before_it(subject: Subject) {
    let subject = subject.serving().await;
    let with_retired = [subject.generation.clone(), subject.retired.clone()];
    let write_and_look = |user: i64| {
        let (index, generations) = (&subject.index, &with_retired);
        async move {
            index.write(&generations[..1], &[reader(user, user)]).await.unwrap();
            // Many at once share refreshes; each must still see its own write.
            index.refresh(generations).await.unwrap();
            assert!(ids(&index.search(&anywhere("doc:read")).await.unwrap()).contains(&user), "{user}");
        }
    };
    join_all((1..=40).map(write_and_look)).await;
    subject.index.refresh(&[]).await.unwrap();
    subject.index.refresh(&with_retired[1..]).await.unwrap();
}
