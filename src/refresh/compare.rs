//! What the index has of users against what the database says they should have.

use super::page::{self, Wanted};
use super::{Context, RefreshError};
use crate::domain::{Effective, UserId};
use crate::index::{Document, Generation, IndexError, Kept, UserRange, Whose};
use crate::store::snapshot::MAX_USERS;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Documents read at once: the bound on memory, as each may have some megabytes.
const AT_ONCE: usize = 200;

/// How a user's document differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    /// The index has none.
    Missing,
    /// The index has one of somebody who is not there.
    Extra,
    /// The index has another one.
    Different,
    /// What is searched is not what the document says, or it can't be read.
    Broken,
}

/// A user whose document is not what it should be.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub user: UserId,
    pub kind: Kind,
    /// What the index has.
    pub kept: Option<Arc<Document>>,
    /// Its version.
    pub version: Option<i64>,
    /// What it should have.
    pub wanted: Arc<Document>,
}

impl Finding {
    /// Tells this finding from another about the same user: what should be there, and the version that is.
    pub(super) fn digest(&self, now: i64) -> u64 {
        let mut hasher = DefaultHasher::new();
        let Document { email, ui_language, permissions, version: _ } = &*self.wanted;
        (self.version, email, ui_language, permissions.customer, permissions.active).hash(&mut hasher);
        alive(&self.wanted, now).for_each(|statement| statement.hash(&mut hasher));
        hasher.finish()
    }

    /// What differs, by the names of the document's fields.
    pub(super) fn fields(&self, now: i64) -> Vec<&'static str> {
        let Some(kept) = &self.kept else { return Vec::new() };
        let wanted = &self.wanted;
        let mut fields = Vec::new();
        let mut note = |differs: bool, name| {
            if differs {
                fields.push(name);
            }
        };
        note(kept.email != wanted.email, "email");
        note(kept.ui_language != wanted.ui_language, "uiLanguage");
        note(kept.permissions.customer != wanted.permissions.customer, "customerId");
        note(kept.permissions.active != wanted.permissions.active, "active");
        note(!alive(kept, now).eq(alive(wanted, now)), "permissions");
        fields
    }
}

/// Compares the users of `range`: `users` are all that the database has there.
pub(super) async fn range(
    context: &Context,
    generation: &Generation,
    range: UserRange,
    users: &[UserId],
) -> Result<Vec<Finding>, RefreshError> {
    let mut findings = Vec::new();
    let (mut rest, mut left) = (range, users);
    loop {
        let kept = context.index.documents(generation, Whose::Range(rest), AT_ONCE).await?;
        // What the index has ends the part that is compared now; the last part takes all users that are left.
        let end = kept.last().map(|kept| kept.user).filter(|_| kept.len() == AT_ONCE);
        let count = end.map_or(left.len(), |end| left.partition_point(|user| *user <= end));
        let (part, others) = left.split_at(count);
        findings.extend(against(context, part, kept).await?);
        match end {
            Some(end) => (rest, left) = (rest.above(end), others),
            None => return Ok(findings),
        }
    }
}

/// Compares these users again, at most some thousand, ascending. The database is asked first: who finds the index
/// behind it knows that it was not the other way round.
pub(super) async fn again(context: &Context, users: &[UserId]) -> Result<Vec<Finding>, RefreshError> {
    let mut wanted = Vec::with_capacity(users.len());
    for part in users.chunks(AT_ONCE) {
        wanted.extend(page::wanted(context, part).await?);
    }
    let generation = serving(context).await?;
    context.index.refresh(std::slice::from_ref(&generation)).await?;
    let mut kept = Vec::with_capacity(users.len());
    for part in users.chunks(AT_ONCE) {
        kept.extend(context.index.documents(&generation, Whose::Only(part), AT_ONCE).await?);
    }
    Ok(judged(context, wanted, kept))
}

async fn against(context: &Context, users: &[UserId], kept: Vec<Kept>) -> Result<Vec<Finding>, RefreshError> {
    let all: BTreeSet<_> = users.iter().copied().chain(kept.iter().map(|kept| kept.user)).collect();
    let all: Vec<_> = all.into_iter().collect();
    let mut wanted = Vec::with_capacity(all.len());
    for part in all.chunks(MAX_USERS.min(AT_ONCE)) {
        wanted.extend(page::wanted(context, part).await?);
    }
    Ok(judged(context, wanted, kept))
}

fn judged(context: &Context, wanted: Vec<Wanted>, kept: Vec<Kept>) -> Vec<Finding> {
    let now = context.clock.micros();
    let mut kept: HashMap<_, _> = kept.into_iter().map(|kept| (kept.user, kept)).collect();
    let judge = |wanted: Wanted| {
        let user = wanted.document.user();
        let kept = kept.remove(&user);
        let kind = differs(&wanted, kept.as_ref(), now)?;
        let version = kept.as_ref().map(|kept| kept.version);
        Some(Finding { user, kind, kept: kept.and_then(|kept| kept.document), version, wanted: wanted.document })
    };
    wanted.into_iter().filter_map(judge).collect()
}

fn differs(wanted: &Wanted, kept: Option<&Kept>, now: i64) -> Option<Kind> {
    let Some(kept) = kept else { return wanted.exists.then_some(Kind::Missing) };
    let Some(document) = &kept.document else { return Some(Kind::Broken) };
    if wanted.exists {
        return (!is_same(document, &wanted.document, now)).then_some(Kind::Different);
    }
    // The trace of somebody who was deleted gives nothing.
    let gives = document.permissions.active || !document.permissions.statements.is_empty();
    gives.then_some(Kind::Extra)
}

/// Whether both say the same, and give the same from `now` on: what has expired is tidied away some time later.
fn is_same(one: &Document, other: &Document, now: i64) -> bool {
    one.email == other.email
        && one.ui_language == other.ui_language
        && one.permissions.user == other.permissions.user
        && one.permissions.customer == other.permissions.customer
        && one.permissions.active == other.permissions.active
        && alive(one, now).eq(alive(other, now))
}

fn alive(document: &Document, now: i64) -> impl Iterator<Item = &Arc<Effective>> {
    document.permissions.statements.iter().filter(move |statement| statement.is_alive(now))
}

/// The generation to compare with; an error while nothing serves.
pub(super) async fn serving(context: &Context) -> Result<Generation, RefreshError> {
    Ok(context.index.serving().await?.ok_or(IndexError::NotReady)?)
}
