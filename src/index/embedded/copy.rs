//! One generation: its documents and its postings, kept in step.

use super::documents::{Documents, Pages, entry};
use super::postings::Postings;
use super::question;
use super::terms::{Terms, TermsOf};
use crate::domain::UserId;
use crate::index::{Document, MAX_PAGE, Page, QuestionTerms, Search, UserRange, Written};
use parking_lot::{Mutex, RwLock};
use roaring::RoaringTreemap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// One copy of the index.
///
/// Three locks, always taken in this order. `writer` lets one write at a time compare versions and work out what
/// changes. `postings` is then held for one user's changes alone, microseconds: a question never waits for a
/// batch, and whoever holds it for reading sees postings and documents in step. `documents` locks one of its shards
/// for one look-up: a check waits for no question.
#[derive(Debug, Default)]
pub(super) struct Copy {
    writer: Mutex<()>,
    postings: RwLock<Postings>,
    documents: Documents,
    highest: AtomicI64,
}

impl Copy {
    pub(super) fn get(&self, user: UserId) -> Option<Arc<Document>> {
        self.documents.get(number(user)?)
    }

    /// Writes one after the other; the answer has one entry per document.
    pub(super) fn write(&self, documents: &[Arc<Document>], terms: &mut TermsOf) -> Vec<Written> {
        // Before the lock: the pages of a build should do this side by side.
        let new: Vec<_> = documents.iter().map(|document| terms.of(&document.permissions)).collect();
        let _writer = self.writer.lock();
        documents.iter().zip(new).map(|(document, new_terms)| self.write_one(document, &new_terms, terms)).collect()
    }

    fn write_one(&self, document: &Arc<Document>, new_terms: &Arc<Terms>, terms: &mut TermsOf) -> Written {
        let Some(user) = number(document.user()) else {
            return Written::Refused(format!("the user id `{}` is not positive", document.user()));
        };
        if let Err(error) = document.check_size() {
            return Written::Refused(error.to_string());
        }
        let old = self.documents.get(user);
        if old.as_ref().is_some_and(|old| old.version >= document.version) {
            return Written::Newer;
        }
        let old_terms = old.as_ref().map(|old| terms.of(&old.permissions)).unwrap_or_default();
        let customer = |document: &Document| document.permissions.active.then_some(document.permissions.customer);
        let (old_customer, new_customer) = (old.as_deref().and_then(customer), customer(document));
        let mut postings = self.postings.write();
        if !Arc::ptr_eq(&old_terms, new_terms) {
            postings.replace(user, &old_terms, new_terms);
        }
        postings.move_customer(user, old_customer, new_customer);
        self.documents.insert(user, Arc::clone(document));
        self.highest.fetch_max(document.version, Ordering::Relaxed);
        Written::Done
    }

    pub(super) fn search(&self, search: &Search, terms: &QuestionTerms) -> Page {
        let postings = self.postings.read();
        let users = question::users(&postings, search, terms);
        let total = users.len();
        let limit = search.limit.min(MAX_PAGE);
        if limit == 0 {
            return Page { total, users: Vec::new(), more: false };
        }
        let mut ids = users.iter();
        if let Some(after) = search.after {
            ids.advance_to(u64::try_from(after.0).map_or(0, |after| after.saturating_add(1)));
        }
        let page =
            ids.by_ref().take(limit).filter_map(|id| self.documents.get(id)).map(|found| entry(&found)).collect();
        Page { total, users: page, more: ids.next().is_some() }
    }

    /// The number of all, and all of them as they are now.
    pub(super) fn all(&self, search: &Search, terms: &QuestionTerms) -> (u64, Pages) {
        let postings = self.postings.read();
        let users: RoaringTreemap = question::users(&postings, search, terms).into_owned();
        (users.len(), self.documents.pages_of(users))
    }

    /// The documents of a range of users, in order, at most `limit`.
    pub(super) fn walk(&self, range: UserRange, limit: usize) -> Vec<Arc<Document>> {
        let from = range.after.map_or(0, |after| u64::try_from(after.0).map_or(0, |after| after.saturating_add(1)));
        match range.through.map_or(Some(u64::MAX), number) {
            Some(through) => self.documents.walk(from, through, limit),
            None => Vec::new(),
        }
    }

    #[cfg(test)]
    pub(super) fn has_no_postings(&self) -> bool {
        self.postings.read().is_empty()
    }

    /// The highest version that was ever written: documents are never deleted, so it is still there.
    pub(super) fn highest_version(&self) -> i64 {
        self.highest.load(Ordering::Relaxed)
    }
}

/// Ids are positive.
fn number(user: UserId) -> Option<u64> {
    u64::try_from(user.0).ok()
}
