//! Pages of a list: their size, where they begin, and the cursor between them.

use crate::index::Customers;
use crate::service::cluster::Cluster;
use crate::service::error::ServiceError;
use crate::service::{CursorError, cursor};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A page has at most so many items.
pub const MAX_LIMIT: u16 = 1_000;
/// The form of a cursor; who-has has another.
const FORM: u8 = 2;
/// Names are up to 512 bytes long.
const MAX_CURSOR: usize = 1_024;

/// Which page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    /// 1 to [`MAX_LIMIT`].
    pub limit: u16,
    /// Where to go on, as the page before said.
    pub cursor: Option<String>,
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// In order.
    pub items: Vec<T>,
    /// Where to go on, while there is more.
    pub next_cursor: Option<String>,
}

/// A list that is asked for: a short hash of its filters, and where its page begins.
#[derive(Debug)]
pub(super) struct Walk {
    list: u64,
    after: Option<Vec<u8>>,
    limit: u16,
}

impl Cluster {
    /// Reads the cursor of `paging`, if it was made for the list of this cluster that `filters` describe.
    ///
    /// # Errors
    /// As [`Walk::new`].
    pub(super) fn walk(&self, paging: &Paging, filters: &[&str]) -> Result<Walk, ServiceError> {
        Walk::new(&self.name, paging, filters)
    }
}

impl Walk {
    /// Reads the cursor of `paging`, if it was made for the list of `cluster` that `filters` describe.
    ///
    /// # Errors
    /// `BadRequest` when it is no cursor, `Invalid` when it is another list's, or the limit is beyond the bound.
    fn new(cluster: &str, paging: &Paging, filters: &[&str]) -> Result<Self, ServiceError> {
        if !(1..=MAX_LIMIT).contains(&paging.limit) {
            return Err(ServiceError::invalid("/limit", format!("a page has 1 to {MAX_LIMIT} items")));
        }
        let list = cursor::hash_of(std::iter::once(&cluster).chain(filters).map(|part| part.as_bytes()));
        let after = paging.cursor.as_deref().map(|cursor| read(cursor, list)).transpose()?;
        Ok(Self { list, after, limit: paging.limit })
    }

    /// One more than the page holds: so that it is known whether there is more.
    pub fn fetch(&self) -> u16 {
        self.limit + 1
    }

    /// After this id; from the start on without a cursor.
    ///
    /// # Errors
    /// `BadRequest` when the cursor holds none.
    pub fn after_id(&self) -> Result<i64, ServiceError> {
        let Some(after) = &self.after else { return Ok(i64::MIN) };
        Ok(i64::from_be_bytes(after.as_slice().try_into().map_err(|_| none_of_ours())?))
    }

    /// After this name.
    ///
    /// # Errors
    /// `BadRequest` when the cursor holds none.
    pub fn after_name(&self) -> Result<&str, ServiceError> {
        let after = self.after.as_deref().unwrap_or_default();
        std::str::from_utf8(after).ok().filter(|name| !name.contains('\0')).ok_or_else(none_of_ours)
    }

    /// The page of what was fetched, `position` being what the next one begins after.
    pub fn page<T>(&self, mut items: Vec<T>, position: impl Fn(&T) -> Vec<u8>) -> Page<T> {
        let is_more = items.len() > usize::from(self.limit);
        items.truncate(usize::from(self.limit));
        let next_cursor = items.last().filter(|_| is_more).map(|last| write(self.list, &position(last)));
        Page { items, next_cursor }
    }

    /// The page of a list by id.
    pub fn page_by_id<T>(&self, items: Vec<T>, id: impl Fn(&T) -> i64) -> Page<T> {
        self.page(items, |item| id(item).to_be_bytes().to_vec())
    }
}

/// The ids of customers, `None` for all.
pub(super) fn ids(customers: &Customers) -> Option<Vec<i64>> {
    match customers {
        Customers::All => None,
        Customers::Only(only) => Some(only.iter().map(|customer| customer.0).collect()),
    }
}

fn none_of_ours() -> ServiceError {
    ServiceError::BadRequest(CursorError.to_string())
}

fn write(list: u64, position: &[u8]) -> String {
    let mut bytes = vec![FORM];
    bytes.extend_from_slice(&list.to_be_bytes());
    bytes.extend_from_slice(position);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read(text: &str, list: u64) -> Result<Vec<u8>, ServiceError> {
    let bytes = Some(text).filter(|text| text.len() <= MAX_CURSOR).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let bytes = bytes.ok_or_else(none_of_ours)?;
    let Some((&FORM, rest)) = bytes.split_first() else { return Err(none_of_ours()) };
    let (hash, position) = rest.split_at_checked(8).ok_or_else(none_of_ours)?;
    if hash == list.to_be_bytes() {
        return Ok(position.to_vec());
    }
    let detail = "the cursor was made for another list: ask for that one, or leave it out to begin anew";
    Err(ServiceError::invalid("/cursor", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(limit: u16, cursor: Option<String>) -> Paging {
        Paging { limit, cursor }
    }

    #[test]
    fn pages_follow_one_another_and_end() {
        let first = Walk::new("default", &paging(2, None), &["user", "1"]).unwrap();
        assert_eq!((first.after_id().unwrap(), first.fetch()), (i64::MIN, 3));
        let page = first.page_by_id(vec![1, 2, 3], |id| *id);
        assert_eq!(page.items, [1, 2]);
        let second = Walk::new("default", &paging(5, page.next_cursor), &["user", "1"]).unwrap();
        assert_eq!(second.after_id().unwrap(), 2);
        assert_eq!(second.page_by_id(vec![3], |id| *id).next_cursor, None);
    }

    #[test]
    fn another_list_s_cursor_and_nonsense_are_refused() {
        let walk = Walk::new("default", &paging(1, None), &["user", "1"]).unwrap();
        let cursor = walk.page_by_id(vec![1, 2], |id| *id).next_cursor;
        let other = Walk::new("default", &paging(1, cursor.clone()), &["user", "2"]);
        assert!(matches!(other, Err(ServiceError::Invalid(_))));
        let elsewhere = Walk::new("eu", &paging(1, cursor.clone()), &["user", "1"]);
        assert!(matches!(elsewhere, Err(ServiceError::Invalid(_))));
        // Two filters never read as one.
        assert!(Walk::new("default", &paging(1, cursor.clone()), &["user1"]).is_err());
        for text in ["", "x", "AAAA", &"A".repeat(2_000)] {
            let read = Walk::new("default", &paging(1, Some(text.to_owned())), &["user", "1"]);
            assert!(matches!(read, Err(ServiceError::BadRequest(_))), "{text}");
        }
        assert!(
            Walk::new("default", &paging(0, None), &[]).is_err()
                && Walk::new("default", &paging(1_001, None), &[]).is_err()
        );
        // A name's cursor holds no id.
        let named =
            Walk::new("default", &paging(1, walk.page(vec![1, 2], |_| b"doc".to_vec()).next_cursor), &["user", "1"]);
        assert!(named.unwrap().after_id().is_err());
    }
}
