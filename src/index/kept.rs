//! What a generation holds, looked at from user to user: for those who compare it with the database.

use super::{Document, MAX_PAGE};
use crate::domain::UserId;
use std::sync::Arc;

/// Users by their ids: above `after`, up to and with `through`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UserRange {
    /// Above this one; none: from the first.
    pub after: Option<UserId>,
    /// Up to and with this one; none: to the last.
    pub through: Option<UserId>,
}

impl UserRange {
    /// The part of it above `user`.
    #[must_use]
    pub fn above(self, user: UserId) -> Self {
        Self { after: Some(user), ..self }
    }
}

/// Whose documents are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose<'a> {
    /// Of all users in a range.
    Range(UserRange),
    /// Of these, ascending; who has none is left out.
    Only(&'a [UserId]),
}

/// How many documents are looked at in one call: 1 ..= [`MAX_PAGE`].
pub(super) fn page(limit: usize) -> usize {
    limit.clamp(1, MAX_PAGE)
}

/// What is kept of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Whose it is.
    pub user: UserId,
    /// Its version.
    pub version: i64,
    /// The document; none where it can't be read, or what is searched is not what it says.
    pub document: Option<Arc<Document>>,
}
