//! The documents by user id, in pages that a stream can keep while writers go on.

use crate::index::{Document, UserEntry};
use foldhash::HashMap;
use parking_lot::RwLock;
use roaring::RoaringTreemap;
use std::sync::Arc;

/// Users of neighbouring ids share a page.
const PAGE_BITS: u32 = 8;
/// Readers of different pages rarely touch the same lock.
const SHARDS: usize = 16;

type Page = Vec<(u8, Arc<Document>)>;
type Shard = RwLock<HashMap<u64, Arc<Page>>>;

/// All documents. A read is one lock of a shard and two look-ups; what a stream keeps is whole pages, which a writer
/// copies only then (256 pointers).
#[derive(Debug, Default)]
pub(super) struct Documents {
    shards: [Shard; SHARDS],
    /// Whose there are, in order: for those who walk them.
    ids: RwLock<RoaringTreemap>,
}

fn split(id: u64) -> (u64, u8) {
    (id >> PAGE_BITS, u8::try_from(id & 0xff).unwrap_or(u8::MAX))
}

impl Documents {
    fn shard(&self, page: u64) -> Option<&Shard> {
        let index = usize::try_from(page % SHARDS as u64).ok()?;
        self.shards.get(index)
    }

    pub(super) fn get(&self, id: u64) -> Option<Arc<Document>> {
        let (page, low) = split(id);
        let shard = self.shard(page)?.read();
        let page = shard.get(&page)?;
        let index = page.binary_search_by_key(&low, |(low, _)| *low).ok()?;
        page.get(index).map(|(_, document)| Arc::clone(document))
    }

    pub(super) fn insert(&self, id: u64, document: Arc<Document>) {
        let (page, low) = split(id);
        let Some(shard) = self.shard(page) else { return };
        let mut shard = shard.write();
        let page = Arc::make_mut(shard.entry(page).or_default());
        match page.binary_search_by_key(&low, |(low, _)| *low) {
            Ok(index) => {
                if let Some(place) = page.get_mut(index) {
                    place.1 = document;
                }
            }
            Err(index) => {
                page.insert(index, (low, document));
                drop(shard);
                self.ids.write().insert(id);
            }
        }
    }

    /// Those from the id `from` up to and with `through`, in order, at most `limit`.
    pub(super) fn walk(&self, from: u64, through: u64, limit: usize) -> Vec<Arc<Document>> {
        let ids: Vec<u64> = {
            let all = self.ids.read();
            let mut ids = all.iter();
            ids.advance_to(from);
            ids.take_while(|id| *id <= through).take(limit).collect()
        };
        ids.into_iter().filter_map(|id| self.get(id)).collect()
    }

    /// The pages that have somebody of `users`. Nobody may write meanwhile.
    pub(super) fn pages_of(&self, users: RoaringTreemap) -> Pages {
        let mut pages = Vec::new();
        let mut ids = users.iter();
        while let Some(id) = ids.next() {
            let (page, _) = split(id);
            let found = self.shard(page).and_then(|shard| shard.read().get(&page).cloned());
            pages.extend(found.map(|found| (page << PAGE_BITS, found)));
            let Some(next) = (page + 1).checked_shl(PAGE_BITS) else { break };
            ids.advance_to(next);
        }
        drop(ids);
        Pages { users, left: pages.into_iter(), waiting: Vec::new() }
    }
}

/// Some users as they were at one instant, taken in order.
#[derive(Debug)]
pub(super) struct Pages {
    users: RoaringTreemap,
    left: std::vec::IntoIter<(u64, Arc<Page>)>,
    waiting: Vec<UserEntry>,
}

impl Pages {
    /// The next `most` of them; empty at the end.
    pub(super) fn take(&mut self, most: usize) -> Vec<UserEntry> {
        let mut chunk = std::mem::take(&mut self.waiting);
        while chunk.len() < most {
            let Some((first, page)) = self.left.next() else { break };
            let is_meant = |low: &u8| self.users.contains(first | u64::from(*low));
            chunk.extend(page.iter().filter(|(low, _)| is_meant(low)).map(|(_, document)| entry(document)));
        }
        if chunk.len() > most {
            self.waiting = chunk.split_off(most);
        }
        chunk
    }
}

/// The user of a document, as answers name him.
pub(super) fn entry(document: &Document) -> UserEntry {
    UserEntry {
        id: document.user(),
        customer: document.permissions.customer,
        email: document.email.clone(),
        ui_language: document.ui_language.clone(),
    }
}
