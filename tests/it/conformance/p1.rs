//! P1: the users listed are exactly those whose check allows; pages neither lose nor repeat.

use super::dice::{Dice, amount, seed};
use super::organization::Organization;
use super::searching::{anywhere, ids};
use super::{Subject, document, question, statement};
use futures::TryStreamExt;
use permdex::domain::{CustomerId, Effect, UserId};
use permdex::index::{Document, PermissionIndex, Search, UserEntry};
use std::sync::Arc;

const USERS: usize = 50;
const LIMITS: [usize; 4] = [1, 3, 1_000, 0];

/// Random organizations and questions; `PERMDEX_TEST_ORGANIZATIONS` and `PERMDEX_TEST_QUESTIONS` ask for more.
///
/// # Panics
/// With the seed, the question and both answers where an answer is wrong.
pub async fn list_is_check(subject: Subject) {
    let subject = subject.serving().await;
    let seed = seed();
    let mut dice = Dice::new(seed);
    let (mut asked, mut listed) = (0, 0);
    for number in 1..=amount("PERMDEX_TEST_ORGANIZATIONS", 8) {
        let version = i64::try_from(number).unwrap();
        let users = dice.between(1, USERS);
        let organization = Organization::roll(&mut dice, users, version);
        subject.load(&organization.documents).await;
        // Whoever an earlier organization left behind is deleted.
        let gone = (users + 1..=USERS).map(|user| UserId(i64::try_from(user).unwrap()));
        subject
            .load(&gone.map(|user| Arc::new(Document::empty(user, CustomerId(1), version))).collect::<Vec<_>>())
            .await;
        for _ in 0..amount("PERMDEX_TEST_QUESTIONS", 40) {
            let search = question::roll(&mut dice);
            let expected = question::answer(&organization.documents, &search);
            asked += 1;
            listed += expected.len();
            let limit = *dice.one(&LIMITS);
            if let Err(wrong) = compare(subject.index.as_ref(), &search, limit, &expected).await {
                panic!("PERMDEX_TEST_SEED={seed} organization {number}: {wrong}\n{search:#?}\nexpected {expected:#?}");
            }
        }
    }
    println!("{asked} questions of seed {seed}, {listed} users listed");
    // Empty answers alone would prove nothing.
    assert!(asked < 100 || listed > asked, "{listed} users in {asked} answers: PERMDEX_TEST_SEED={seed}");
}

async fn compare(
    index: &dyn PermissionIndex,
    search: &Search,
    limit: usize,
    expected: &[UserEntry],
) -> Result<(), String> {
    let total = u64::try_from(expected.len()).unwrap();
    let stream = index.stream(search).await.unwrap();
    let streamed = stream.chunks.try_collect::<Vec<_>>().await.unwrap().concat();
    if stream.total != total || streamed != expected {
        return Err(format!("the stream has {streamed:#?} of {}", stream.total));
    }
    let mut search = Search { limit, ..search.clone() };
    let mut paged = Vec::new();
    loop {
        let page = index.search(&search).await.unwrap();
        if page.total != total || page.users.len() > limit {
            return Err(format!("a page of {limit} has {page:#?}"));
        }
        search.after = page.users.last().map(|user| user.id);
        paged.extend(page.users);
        if !page.more {
            break;
        }
        if search.after.is_none() {
            return Err("an empty page is followed by another".to_owned());
        }
    }
    if limit > 0 && paged != expected {
        return Err(format!("pages of {limit} have {paged:#?}"));
    }
    Ok(())
}

/// What ends at an instant gives and takes nothing from it on, and everything until then.
pub async fn expiry_is_exact_to_the_microsecond(subject: Subject) {
    let subject = subject.serving().await;
    let end = super::organization::NOW;
    let mut allow = statement(Effect::Allow, &["doc:read"], &["acrn:app:1:doc/*"]);
    let mut deny = statement(Effect::Deny, &["doc:read"], &["acrn:app:1:doc/7"]);
    let lasting = allow.clone();
    allow.until = Some(end);
    deny.until = Some(end);
    subject.load(&[document(1, 1, vec![allow]), document(2, 1, vec![lasting, deny])]).await;
    let resource = question::named("acrn:app:1:doc/7");
    for (now, may, somewhere) in [(end - 1, [1], vec![1, 2]), (end, [2], vec![2]), (end + 1, [2], vec![2])] {
        let search = Search { now, ..anywhere("doc:read") };
        assert_eq!(ids(&subject.index.search(&search).await.unwrap()), somewhere, "{now}");
        let search = Search { resources: vec![resource.clone()], ..search };
        assert_eq!(ids(&subject.index.search(&search).await.unwrap()), may, "{now}");
    }
}
