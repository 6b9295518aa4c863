//! What a use case can end with instead of an answer. `http` has the one table that turns it into a problem.

use crate::domain::{NotCovered, TooLong};
use crate::index::{IndexError, TooManyTerms};
use crate::json::Errors;
use crate::queue::QueueError;
use crate::store::is_away;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// A cause from below: for the log, never sent.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// Whoever finds something unreachable may come again after this.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why there is no answer. `Display` says what to do and may be sent; the source is logged only.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The token is good, but nobody here is meant by it (401).
    #[error("{0}")]
    Unauthorized(Cow<'static, str>),
    /// The caller lacks an own permission (403).
    #[error("you do not hold `{action}` on `{resource}`: ask for it, or for somebody who holds it")]
    Forbidden {
        /// The missing action.
        action: &'static str,
        /// The resource pattern it is missing on.
        resource: String,
    },
    /// The caller gives what he does not have (403): the first statement that he does not cover.
    #[error("you do not hold `{0}`: leave it out, or ask someone who does")]
    NotCovered(NotCovered),
    /// There is no such thing, or the caller may not know of it (404): both read alike.
    #[error("{what} `{id}` does not exist, or you may not see it: check the id")]
    NotFound {
        /// `user`, `policy`, ….
        what: &'static str,
        /// As it was asked for.
        id: String,
    },
    /// It is there, in a tenant where the caller may not (404): he reads what he would read were it not. What he lacks is
    /// for the audit log.
    #[error("{what} `{id}` does not exist, or you may not see it: check the id")]
    Hidden {
        /// `user`, `policy`, ….
        what: &'static str,
        /// As it was asked for.
        id: String,
        /// The missing action.
        action: &'static str,
        /// The resource pattern it is missing on.
        resource: String,
    },
    /// Nothing that a user could be permitted (403).
    #[error("{0}")]
    Refused(Cow<'static, str>),
    /// `If-Match` names another state than there is (412).
    #[error("`If-Match` failed, {what} `{id}` is not what you read: GET it again, and decide anew")]
    PreconditionFailed {
        /// `user`, `policy`, ….
        what: &'static str,
        /// Which one.
        id: String,
    },
    /// There is no such model in the action catalogue (404).
    #[error("model `{model}` is not in the catalogue: it knows {}", known_models(.known))]
    UnknownModel {
        /// As it was asked for, made fit for a message.
        model: String,
        /// The known ones, sorted; at most 100.
        known: Vec<String>,
    },
    /// Understood but invalid (422), all of it.
    #[error("the request is invalid: see `errors`")]
    Invalid(Errors),
    /// Not even a request, such as an impossible cursor (400).
    #[error("{0}")]
    BadRequest(String),
    /// It collides with what is there (409).
    #[error("{0}")]
    Conflict(String),
    /// Over a limit (429).
    #[error("too many {what} run at a time: try again a little later")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// When to come again.
        retry_after: Duration,
    },
    /// What is needed is unreachable (503). Nothing was changed.
    #[error("{what}: try again a little later")]
    Unavailable {
        /// What is not there, in one clause.
        what: Cow<'static, str>,
        /// When to come again.
        retry_after: Duration,
        /// Why, when there is more to know.
        #[source]
        source: Option<Cause>,
    },
    /// A bug or a broken installation (500).
    #[error("something went wrong here: the log has the cause under this request's id")]
    Internal(#[source] Cause),
}

impl ServiceError {
    /// One thing is invalid, at `pointer` (a JSON pointer; a query parameter is `/name`).
    #[must_use]
    pub fn invalid(pointer: &str, detail: impl Into<String>) -> Self {
        let mut errors = Errors::default();
        errors.add(pointer, detail);
        Self::Invalid(errors)
    }

    /// There is no such thing.
    #[must_use]
    pub fn not_found(what: &'static str, id: impl fmt::Display) -> Self {
        Self::NotFound { what, id: format!("{id}") }
    }

    /// Something is unreachable.
    #[must_use]
    pub fn unavailable(what: impl Into<Cow<'static, str>>, source: Option<Cause>) -> Self {
        Self::Unavailable { what: what.into(), retry_after: RETRY_AFTER, source }
    }

    /// Whether the database is to blame and may be back later.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

fn known_models(known: &[String]) -> String {
    if known.is_empty() {
        return "none yet".to_owned();
    }
    known.iter().map(|model| format!("`{model}`")).collect::<Vec<_>>().join(", ")
}

impl From<NotCovered> for ServiceError {
    fn from(statement: NotCovered) -> Self {
        Self::NotCovered(statement)
    }
}

impl From<TooLong> for ServiceError {
    fn from(error: TooLong) -> Self {
        Self::invalid("", error.to_string())
    }
}

impl From<TooManyTerms> for ServiceError {
    fn from(error: TooManyTerms) -> Self {
        Self::invalid("/resource", error.to_string())
    }
}

impl From<sqlx::Error> for ServiceError {
    fn from(error: sqlx::Error) -> Self {
        if is_away(&error) {
            Self::unavailable("the database is unreachable", Some(Box::new(error)))
        } else {
            Self::Internal(Box::new(error))
        }
    }
}

impl From<QueueError> for ServiceError {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::Database(error) => error.into(),
            other @ QueueError::UnknownWord(_) => Self::Internal(Box::new(other)),
        }
    }
}

impl From<IndexError> for ServiceError {
    fn from(error: IndexError) -> Self {
        if error.is_transient() {
            Self::unavailable(error.to_string(), Some(Box::new(error)))
        } else {
            Self::Internal(Box::new(error))
        }
    }
}
