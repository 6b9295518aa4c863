//! What can go wrong with a refresh, and whether waiting helps.

use crate::domain::UserId;
use crate::index::{Generation, IndexError};
use crate::queue::QueueError;
use crate::store::StoreError;
use std::time::Duration;

/// Why a page or a job did not get through.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The database.
    #[error("the database did not give what a refresh needs")]
    Store(#[from] StoreError),
    /// The index.
    #[error("the index did not take what was to be written")]
    Index(#[from] IndexError),
    /// The queue.
    #[error("the job could not be updated")]
    Queue(#[from] QueueError),
    /// The attempt is not the job's any more: another has it, or it was cancelled.
    #[error("the job is somebody else's by now")]
    Fenced,
    /// The generation that was built is not registered as being built any more: its job was cancelled meanwhile.
    #[error("the generation `{0}` was given up while it was built")]
    GivenUp(Generation),
    /// The generation that was built is not whole, and could not be mended.
    #[error(
        "the new generation is not whole: {users} users are missing or older there, user `{first}` first. \
         The index serves as before; see the workers' log, then ask for the rebuild again"
    )]
    Incomplete {
        /// How many, of the page that was looked at.
        users: usize,
        /// The first of them.
        first: UserId,
    },
    /// Nobody answered for so long.
    #[error("the database did not answer within {} s", .0.as_secs())]
    Silent(Duration),
    /// A scope that this release does not know.
    #[error("the job's scope is unknown: a newer release may have made it")]
    Scope(#[source] serde_json::Error),
}

impl From<sqlx::Error> for RefreshError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(StoreError::from(error))
    }
}

impl RefreshError {
    /// Whether something is unreachable: waiting helps, and no attempt is used up.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Index(error) => error.is_transient(),
            Self::Queue(_) | Self::GivenUp(_) | Self::Silent(_) => true,
            Self::Fenced | Self::Incomplete { .. } | Self::Scope(_) => false,
        }
    }
}
