//! What can go wrong when reading and writing who was given what.

use crate::domain::{CustomerId, UserId};
use sqlx::Error;
use std::borrow::Cow;
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
        matches!(self, Self::Database(error) if is_away(error))
    }

    /// Whether what is stored about those who were asked for is to blame: the others can be read without them.
    #[must_use]
    pub fn is_of_data(&self) -> bool {
        match self {
            Self::TooMuch { .. }
            | Self::Stored { .. }
            | Self::Unreadable(_)
            | Self::Database(Error::ColumnDecode { .. } | Error::Decode(_)) => true,
            // Values that can't be computed with, and limits of the server.
            Self::Database(Error::Database(refused)) => is_code(refused.code(), &["22", "54"], &[]),
            Self::Database(_) => false,
        }
    }

    /// Whether the statement took longer than it may: fewer users at a time may do.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Database(Error::Database(refused)) if is_code(refused.code(), &[], &[CANCELLED]))
    }
}

/// A statement that somebody cancelled, or that ran into its time limit.
const CANCELLED: &str = "57014";

/// Whether the database can't do now what it can at other times: no fault of what it was asked, and worth another try
/// later. Credentials that it refuses are mended by an operator; until then everything waits.
#[must_use]
pub fn is_away(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Tls(_) | Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed => true,
        // 08: connection; 28: credentials; 40: deadlock, serialisation; 53: resources; 57P: shutting down or starting;
        // 58: the server's disk; 55P03: a lock's time limit; 25006: a standby that was not promoted yet.
        Error::Database(refused) => {
            is_code(refused.code(), &["08", "28", "40", "53", "57P", "58"], &["55P03", "25006", CANCELLED])
        }
        _ => false,
    }
}

fn is_code(code: Option<Cow<'_, str>>, classes: &[&str], codes: &[&str]) -> bool {
    code.is_some_and(|code| classes.iter().any(|class| code.starts_with(class)) || codes.contains(&&*code))
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
