//! What can go wrong when reading and writing who was given what.

use crate::domain::{CustomerId, UserId};
use sqlx::Error;
use std::sync::Arc;

/// A store operation that did not happen. Its cause is for the log, never for a client.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// PostgreSQL is unreachable or refused the statement; the transaction it ran in is broken.
    #[error("the database did not answer as it should: see the cause, then try again")]
    Database(#[from] Error),
    /// The users asked for together have more than one page may hold.
    #[error("{users} users have more than a page may hold ({bound}): load fewer at a time")]
    TooMuch {
        /// How many users were asked for.
        users: usize,
        /// Which bound was met.
        bound: &'static str,
    },
    /// Something stored can't be read: somebody's hand was in the database, or a newer release.
    #[error("{what} can't be read as it is stored: {why}; write it anew")]
    Stored {
        /// Such as ``role `9` ``.
        what: String,
        /// The first thing that is wrong with it.
        why: Arc<str>,
    },
    /// What is stored about a user can't be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl StoreError {
    /// Whether the database is away, rather than refusing what we said: worth waiting for, and nobody's fault.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let Self::Database(error) = self else { return false };
        match error {
            Error::Io(_) | Error::Tls(_) | Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed => true,
            // Connection exceptions, too many connections, shutting down or starting up.
            Error::Database(refused) => {
                refused.code().is_some_and(|code| code.starts_with("08") || code == "53300" || code.starts_with("57P0"))
            }
            _ => false,
        }
    }
}

/// Something stored that is in a user's way can't be read: somebody's hand was in the database, or a newer release.
/// He must have nothing then: what can't be read may be a deny.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} can't be read, so user `{user}` gets nothing: {why}; write it anew")]
pub struct Unreadable {
    /// Whose permissions it concerns.
    pub user: UserId,
    /// His tenant.
    pub customer: CustomerId,
    /// Such as ``policy `3` ``.
    pub what: String,
    /// The first thing that is wrong with it.
    pub why: Arc<str>,
}
