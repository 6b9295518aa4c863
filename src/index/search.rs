//! A who-has question and its answers.

use super::error::IndexError;
use crate::domain::{ActionName, Attributes, CustomerId, ResourceName, UserId};
use futures::stream::BoxStream;
use std::sync::Arc;

/// A page has at most so many users.
pub const MAX_PAGE: usize = 10_000;

/// Who may do this? The users who may do `action` on every one of `resources`; with none, anywhere.
#[derive(Debug, Clone)]
pub struct Search {
    /// The action.
    pub action: ActionName,
    /// At most 100.
    pub resources: Vec<SearchResource>,
    /// At most 32; conditions are judged against them.
    pub attributes: Attributes,
    /// Whose users are asked for.
    pub customers: Customers,
    /// The instant of the question, in microseconds since 1970.
    pub now: i64,
    /// The page's size, 0 ..= [`MAX_PAGE`]; 0 just counts.
    pub limit: usize,
    /// Only users with a higher id are in the page; they don't change the number of all.
    pub after: Option<UserId>,
}

/// A resource and the organization of its customer, if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchResource {
    /// The resource.
    pub name: ResourceName,
    /// The slug.
    pub organization: Option<Arc<str>>,
}

/// Which customers' users an answer may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Customers {
    /// Everybody's.
    All,
    /// These only, sorted; at least one.
    Only(Vec<CustomerId>),
}

/// A user in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserEntry {
    /// His id.
    pub id: UserId,
    /// His tenant.
    pub customer: CustomerId,
    /// His e-mail address.
    pub email: Box<str>,
    /// The language of his user interface.
    pub ui_language: Box<str>,
}

/// One page of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The exact number of all who may, whatever the page holds.
    pub total: u64,
    /// The page, ordered by id.
    pub users: Vec<UserEntry>,
    /// Whether there are users after the last of this page.
    pub more: bool,
}

/// A whole answer, as it comes.
pub struct UserStream {
    /// The exact number of all who may.
    pub total: u64,
    /// All of them in order, in chunks of at most [`MAX_PAGE`]; ends early only with an error.
    pub chunks: BoxStream<'static, Result<Vec<UserEntry>, IndexError>>,
}
