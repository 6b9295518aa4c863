//! Cursors: opaque, safe in a URL, bound to the question they were made for.

use crate::domain::UserId;

/// A position in an answer: after this user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The last user delivered.
    pub after: UserId,
    /// Of which question.
    pub question: u64,
}

/// A text that is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is none of ours: send `nextCursor` as it was answered, or leave it out to begin anew")]
pub struct CursorError;
