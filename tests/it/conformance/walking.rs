//! `versions` and `documents`: what a generation holds, user by user.

use super::dice::Dice;
use super::organization::Organization;
use super::{Subject, reader};
use permdex::domain::{CustomerId, UserId};
use permdex::index::{Document, IndexError, Kept, UserRange, Whose};
use std::sync::Arc;

fn range(after: Option<i64>, through: Option<i64>) -> UserRange {
    UserRange { after: after.map(UserId), through: through.map(UserId) }
}

fn kept(document: &Arc<Document>) -> Kept {
    Kept { user: document.user(), version: document.version, document: Some(Arc::clone(document)) }
}

pub async fn what_is_held_is_walked_in_order_and_in_parts(subject: Subject) {
    let subject = subject.serving().await;
    let index = &subject.index;
    assert_eq!(index.versions(&subject.generation, UserRange::default(), 10).await.unwrap(), []);
    // Statements of every shape are found as they were written; so is the trace of somebody who was deleted.
    let mut all = Organization::roll(&mut Dice::new(2), 120, 1).documents;
    let last = all.iter().map(|document| document.user().0).max().unwrap();
    all.push(Arc::new(Document::empty(UserId(last + 1), CustomerId(0), 1)));
    subject.load(&all).await;
    all.sort_by_key(|document| document.user());
    let mut walked = Vec::new();
    let mut rest = UserRange::default();
    loop {
        let page = index.documents(&subject.generation, Whose::Range(rest), 50).await.unwrap();
        walked.extend(page.iter().cloned());
        match page.last() {
            Some(last) if page.len() == 50 => rest = rest.above(last.user),
            _ => break,
        }
    }
    assert_eq!(walked, all.iter().map(kept).collect::<Vec<_>>());
    let versions = index.versions(&subject.generation, UserRange::default(), 10_000).await.unwrap();
    assert_eq!(versions, all.iter().map(|document| (document.user(), document.version)).collect::<Vec<_>>());
}

pub async fn a_range_has_its_end_in_it_and_not_its_beginning(subject: Subject) {
    let subject = subject.serving().await;
    let index = &subject.index;
    subject.load(&[reader(3, 7), reader(300, 8), reader(70_000, 9)]).await;
    for (wanted, users) in [
        (range(None, None), &[3, 300, 70_000][..]),
        (range(Some(3), Some(70_000)), &[300, 70_000]),
        (range(Some(2), Some(3)), &[3]),
        (range(None, Some(299)), &[3]),
        (range(Some(300), None), &[70_000]),
        (range(Some(70_000), None), &[]),
        (range(Some(9), Some(8)), &[]),
    ] {
        let versions = index.versions(&subject.generation, wanted, 10).await.unwrap();
        let documents = index.documents(&subject.generation, Whose::Range(wanted), 10).await.unwrap();
        assert_eq!(versions.iter().map(|(user, _)| user.0).collect::<Vec<_>>(), users, "{wanted:?}");
        assert_eq!(documents.iter().map(|kept| kept.user.0).collect::<Vec<_>>(), users, "{wanted:?}");
    }
    let some = Whose::Only(&[UserId(4), UserId(300), UserId(70_000)]);
    let documents = index.documents(&subject.generation, some, 10).await.unwrap();
    assert_eq!(documents, [kept(&reader(300, 8)), kept(&reader(70_000, 9))]);
    let two = index.versions(&subject.generation, UserRange::default(), 2).await.unwrap();
    assert_eq!(two, [(UserId(3), 7), (UserId(300), 8)]);
}

pub async fn a_walk_is_of_one_generation_and_of_what_is_searchable(subject: Subject) {
    let subject = subject.serving().await;
    let index = &subject.index;
    subject.load(&[reader(1, 1)]).await;
    index.create(&subject.next).await.unwrap();
    let next = [subject.next.clone()];
    index.write(&next, &[reader(1, 2), reader(2, 2)]).await.unwrap();
    let of_next = async || index.versions(&subject.next, UserRange::default(), 10).await.unwrap();
    if !index.is_visible_at_once() {
        assert_eq!(of_next().await, []);
    }
    index.refresh(&next).await.unwrap();
    assert_eq!(of_next().await, [(UserId(1), 2), (UserId(2), 2)]);
    assert_eq!(index.versions(&subject.generation, UserRange::default(), 10).await.unwrap(), [(UserId(1), 1)]);
    let gone = index.versions(&subject.retired, UserRange::default(), 10).await;
    assert!(matches!(gone, Err(IndexError::NotReady)), "{gone:?}");
    let gone = index.documents(&subject.retired, Whose::Only(&[UserId(1)]), 10).await;
    assert!(matches!(gone, Err(IndexError::NotReady)), "{gone:?}");
}
