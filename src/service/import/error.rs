//! What can be wrong with an import.

use crate::queue::QueueError;
use crate::store::StoreError;
use std::fmt;

/// More are counted by a word only: a file of mistakes must not become a screen of them.
pub const MAX_ERRORS: usize = 20;

/// One mistake in the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineError {
    /// Which line, from 1.
    pub line: u64,
    /// What is wrong and what to do.
    pub detail: String,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.detail)
    }
}

/// The mistakes of a file, in the order of its lines, at most [`MAX_ERRORS`].
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct LineErrors {
    /// They.
    pub list: Vec<LineError>,
    /// There are more.
    pub more: bool,
}

impl LineErrors {
    pub(super) fn add(&mut self, line: u64, detail: impl Into<String>) {
        if self.list.len() < MAX_ERRORS {
            self.list.push(LineError { line, detail: detail.into() });
        } else {
            self.more = true;
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl fmt::Display for LineErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.list.iter().map(LineError::to_string).collect();
        f.write_str(&lines.join("\n"))?;
        if self.more { f.write_str("\n… and more") } else { Ok(()) }
    }
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is wrong: a line each.
    #[error("{0}")]
    Invalid(LineErrors),
    /// The file can't be read (or is no whole gzip file).
    #[error("the file could not be read to its end: is it complete?")]
    Read(#[source] std::io::Error),
    /// Somebody else added or deleted the same thing at the same time.
    #[error("somebody else wrote the same things at the same time: import the file again")]
    Overtaken(#[source] sqlx::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The job could not be written.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl From<sqlx::Error> for ImportError {
    fn from(error: sqlx::Error) -> Self {
        // A key that is there already, or one that is not there any more.
        let is_overtaken = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .is_some_and(|code| ["23503", "23505"].contains(&&*code));
        if is_overtaken { Self::Overtaken(error) } else { Self::Store(error.into()) }
    }
}
