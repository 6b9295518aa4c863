//! The search index: one document per user, and the two engines that keep it.
//!
//! Here live the trait [`PermissionIndex`] (its comments are the contract that the conformance suite checks),
//! the document and its fields (`../shared/index.md`), and the engines: [`embedded`], in memory, and
//! [`elastic`]. Nothing here knows PostgreSQL, jobs or HTTP; `refresh` writes, `service` reads.

mod document;
pub mod elastic;
pub mod embedded;
mod error;
mod fields;
mod kept;
mod metered;
mod search;
mod terms;
mod tokens;

pub use document::{Document, MAX_DOCUMENT_BYTES, MAX_ENTRIES, TooLarge};
pub use elastic::search_body;
pub use error::IndexError;
pub use fields::{EntryKind, Fields, NO_END, NestedEntry};
pub use kept::{Kept, UserRange, Whose};
pub use metered::Metered;
pub use search::{Customers, MAX_PAGE, Page, Search, SearchResource, UserEntry, UserStream};
pub use terms::{MAX_TERMS, QuestionTerms, ResourceTerms, TooManyTerms};

use crate::domain::UserId;
use futures::future::BoxFuture;
use std::fmt;
use std::sync::Arc;

/// The version of the documents' schema: part of every index's name, so that two releases can stand side by side.
pub const SCHEMA_VERSION: i32 = 1;

/// One copy of the index: its name is never used twice. Writes name generations, never the alias.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub Arc<str>);

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What became of one document of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It is in the index.
    Done,
    /// The index has one of this version or a later one: somebody newer was there, which is as good.
    Newer,
    /// The engine took the write but refuses this document, and the old one is still there: why.
    Refused(String),
}

/// An index of permission documents.
///
/// Every method is bounded in time and either does all it says or gives an error: a partial answer (a time-out,
/// a failed shard) is an error, never a shorter list.
pub trait PermissionIndex: Send + Sync + fmt::Debug {
    /// The document of `user` as it was last written, whether or not a refresh made it searchable. `None` when
    /// there never was one; a deleted user's is empty and inactive. [`IndexError::NotReady`] when nothing serves.
    fn get(&self, user: UserId) -> BoxFuture<'_, Result<Option<Arc<Document>>, IndexError>>;

    /// Writes `documents` into every one of `generations`, each with its own version as external version: a
    /// document replaces another only when its version is higher. The answer has one entry per document, in
    /// order: the worst of its generations (`Refused`, then `Done`, then `Newer`). A generation that was retired
    /// (it no longer exists) is a success. After an error any part may have been written; the same call
    /// with the same documents may be repeated.
    fn write<'a>(
        &'a self,
        generations: &'a [Generation],
        documents: &'a [Arc<Document>],
    ) -> BoxFuture<'a, Result<Vec<Written>, IndexError>>;

    /// Makes everything that was written into `generations` before this call searchable. A generation that was
    /// retired is a success. Calls at the same time share one refresh where that costs something.
    fn refresh<'a>(&'a self, generations: &'a [Generation]) -> BoxFuture<'a, Result<(), IndexError>>;

    /// One page of the users whose check of the same question allows, ordered by id, with the exact number of
    /// all of them. Only what a refresh made searchable is found.
    fn search<'a>(&'a self, search: &'a Search) -> BoxFuture<'a, Result<Page, IndexError>>;

    /// All of them, in order, from one consistent view and in bounded memory. The number of all is exact;
    /// `search.limit` and `search.after` are not used.
    fn stream<'a>(&'a self, search: &'a Search) -> BoxFuture<'a, Result<UserStream, IndexError>>;

    /// The versions that `generation` holds of the users in `range`, ordered by id, as far as a refresh made them
    /// searchable: at most `limit` (and [`MAX_PAGE`]), fewer only at the end. [`IndexError::NotReady`] when it does not exist.
    fn versions<'a>(
        &'a self,
        generation: &'a Generation,
        range: UserRange,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(UserId, i64)>, IndexError>>;

    /// The same with the documents themselves, each looked at whole, of a range or of some users. `limit` bounds the memory this takes: a document
    /// may have [`MAX_DOCUMENT_BYTES`].
    fn documents<'a>(
        &'a self,
        generation: &'a Generation,
        whose: Whose<'a>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Kept>, IndexError>>;

    /// Installs what generations need (templates). Repeating it changes nothing.
    fn prepare(&self) -> BoxFuture<'_, Result<(), IndexError>>;

    /// Creates `generation`, empty, and says whether it did: one that exists already stays as it is.
    fn create<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<bool, IndexError>>;

    /// Makes `generation` the one that `get`, `search` and `stream` read, in one step: no reader sees none or two.
    /// The one before stays until it is dropped; what it is streaming goes on.
    fn serve<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<(), IndexError>>;

    /// Makes nothing serve: reads give [`IndexError::NotReady`] until [`PermissionIndex::serve`]. The generations stay.
    fn withdraw(&self) -> BoxFuture<'_, Result<(), IndexError>>;

    /// Deletes `generation`; one that is gone already is a success.
    fn discard<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<(), IndexError>>;

    /// The generation that is read, if any serves.
    fn serving(&self) -> BoxFuture<'_, Result<Option<Generation>, IndexError>>;

    /// What tells `generation` from others of the same name: it is another one after the generation was deleted and made
    /// anew, or restored from a copy, and never changes else. `None` where there is nothing to restore.
    /// [`IndexError::NotReady`] when it does not exist.
    fn identity<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<Option<String>, IndexError>>;

    /// The highest version among what is searchable, 0 when there is none.
    fn highest_version(&self) -> BoxFuture<'_, Result<i64, IndexError>>;

    /// Whether what is written can be searched at once: a refresh has nothing to do then.
    fn is_visible_at_once(&self) -> bool;

    /// The name of the engine: `embedded` or `elasticsearch`.
    fn engine(&self) -> &'static str;
}
