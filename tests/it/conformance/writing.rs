//! `write`.

use super::searching::{anywhere, ids};
use super::{Subject, document, reader, statement};
use futures::future::join_all;
use permdex::domain::{Effect, UserId};
use permdex::index::{MAX_ENTRIES, Written};

pub async fn only_a_higher_version_replaces(subject: Subject) {
    let subject = subject.serving().await;
    let (index, generations) = (&subject.index, subject.generations());
    assert_eq!(index.write(&generations, &[]).await.unwrap(), []);
    let first = index.write(&generations, &[reader(1, 5), reader(2, 5)]).await.unwrap();
    assert_eq!(first, [Written::Done, Written::Done]);
    let documents = [reader(1, 4), document(2, 5, vec![]), reader(3, 1), document(1, 6, vec![]), reader(1, 6)];
    let second = index.write(&generations, &documents).await.unwrap();
    assert_eq!(second, [Written::Newer, Written::Newer, Written::Done, Written::Done, Written::Newer]);
    assert_eq!(index.get(UserId(1)).await.unwrap(), Some(document(1, 6, vec![])));
    assert_eq!(index.get(UserId(2)).await.unwrap(), Some(reader(2, 5)));
    index.refresh(&generations).await.unwrap();
    assert_eq!(ids(&index.search(&anywhere("doc:read")).await.unwrap()), [2, 3]);
    // A refused version does not show later either.
    assert_eq!(index.write(&generations, &[reader(1, 5)]).await.unwrap(), [Written::Newer]);
    index.refresh(&generations).await.unwrap();
    assert_eq!(ids(&index.search(&anywhere("doc:read")).await.unwrap()), [2, 3]);
}

pub async fn whoever_writes_last_the_highest_version_stays(subject: Subject) {
    let subject = subject.serving().await;
    let (index, generations) = (&subject.index, &subject.generations());
    let write = |version: i64| async move {
        let written = index.write(generations, &[reader(1, version)]).await.unwrap();
        assert!(matches!(written[..], [Written::Done | Written::Newer]), "{written:?}");
    };
    join_all((1..=60).map(|turn| write(turn * 37 % 61))).await;
    assert_eq!(index.get(UserId(1)).await.unwrap(), Some(reader(1, 60)));
}

pub async fn a_retired_generation_is_a_success(subject: Subject) {
    let subject = subject.serving().await;
    let index = &subject.index;
    let both = [subject.retired.clone(), subject.generation.clone()];
    assert_eq!(index.write(&both, &[reader(1, 1)]).await.unwrap(), [Written::Done]);
    assert_eq!(index.write(&both, &[reader(1, 1)]).await.unwrap(), [Written::Newer]);
    let retired = index.write(&both[..1], &[reader(2, 1)]).await.unwrap();
    assert!(matches!(retired[..], [Written::Done | Written::Newer]), "{retired:?}");
    index.refresh(&both).await.unwrap();
    // The write did not bring it back to life.
    assert_eq!(index.get(UserId(1)).await.unwrap(), Some(reader(1, 1)));
    assert_eq!(index.serving().await.unwrap(), Some(subject.generation.clone()));
    assert!(ids(&index.search(&anywhere("doc:read")).await.unwrap()).contains(&1));
}

pub async fn a_refused_document_leaves_the_old_one_and_the_others(subject: Subject) {
    let subject = subject.serving().await;
    let (index, generations) = (&subject.index, subject.generations());
    subject.load(&[reader(1, 1)]).await;
    let entry = |end: usize| {
        let mut entry = statement(Effect::Deny, &["doc:read"], &["acrn:app:1:doc/*"]);
        entry.until = Some(i64::try_from(end).unwrap());
        entry
    };
    // Both engines are held to the same bounds, so that they give the same answers.
    let largest = document(2, 2, (0..MAX_ENTRIES).map(entry).collect());
    let too_large = document(1, 2, (0..=MAX_ENTRIES).map(entry).collect());
    let written = index.write(&generations, &[largest.clone(), too_large, reader(3, 2)]).await.unwrap();
    assert!(
        matches!(&written[..], [Written::Done, Written::Refused(why), Written::Done] if why.contains("5001")),
        "{written:?}"
    );
    assert_eq!(index.get(UserId(1)).await.unwrap(), Some(reader(1, 1)));
    assert_eq!(index.get(UserId(2)).await.unwrap(), Some(largest));
    index.refresh(&generations).await.unwrap();
    assert_eq!(ids(&index.search(&anywhere("doc:read")).await.unwrap()), [1, 3]);
}
