//! Who has this: every user who may, with an exact count, page by page.

use super::caller::Caller;
use super::cluster::{Cluster, Limited};
use super::cursor::{self, Cursor};
use super::error::ServiceError;
use crate::domain::{ActionName, Attributes, CustomerId, ResourceName};
use crate::index::UserEntry;
use crate::queue::JobId;

/// The size of a page when none is asked for.
pub const DEFAULT_LIMIT: usize = 1_000;

/// A question about everybody.
#[derive(Debug, Clone)]
pub struct WhoHasQuestion {
    /// What they would do.
    pub action: ActionName,
    /// On all of these: at most [`super::MAX_RESOURCES_ASKED`]; none asks "anywhere".
    pub resources: Vec<ResourceName>,
    /// At most [`super::MAX_ATTRIBUTES`]; without resources there are none.
    pub attributes: Attributes,
    /// One customer's users only.
    pub customer: Option<CustomerId>,
    /// The page's size, 0 ..= [`crate::index::MAX_PAGE`]; 0 just counts. A stream does not use it.
    pub limit: usize,
    /// Where to go on: a `next_cursor` of the same question. A stream does not use it.
    pub cursor: Option<String>,
    /// The answer must include this job's effects.
    pub after: Option<JobId>,
    /// Log the query that the index is asked.
    pub debug: bool,
}

/// One page of an answer.
#[derive(Debug, Clone)]
pub struct WhoHasAnswer {
    /// The exact number of all who may, on every page.
    pub size: u64,
    /// The page, ordered by id.
    pub users: Vec<UserEntry>,
    /// Where the next page begins, while there is one.
    pub next_cursor: Option<String>,
    /// An unfinished job that may still change the answer.
    pub job: Option<JobId>,
}

impl Cluster {
    /// Answers a who-has with one page.
    ///
    /// # Errors
    /// `Forbidden` when the caller may search nowhere, `NotFound` for a customer he may not search, `Invalid` for a
    /// question too large or another question's cursor, `BadRequest` for a malformed cursor, `TooMany`, `Unavailable`.
    pub async fn who_has(&self, caller: &Caller, question: &WhoHasQuestion) -> Result<WhoHasAnswer, ServiceError> {
        let hash = cursor::hash(&self.name, question);
        let after = question.cursor.as_deref().map(|text| Cursor::of(text, hash)).transpose()?;
        let search = self.search_of(caller, question, after).await?;
        let _turn = self.turn(Limited::WhoHas)?;
        if question.debug {
            self.log_query(&search);
        }
        let page = self.index.search(&search).await;
        self.observed_index(&page);
        let page = page?;
        let last = page.users.last().filter(|_| page.more).map(|user| user.id);
        let next_cursor = last.map(|after| Cursor { after, question: hash }.write());
        let job = self.hint_among(&search.customers);
        Ok(WhoHasAnswer { size: page.total, users: page.users, next_cursor, job })
    }
}
