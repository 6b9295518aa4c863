//! What can go wrong in the queue itself.

/// A queue operation that did not happen. Its cause is for the log, never for a client.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// PostgreSQL is unreachable or refused the statement; nothing was changed.
    #[error("the job queue's database did not answer as it should: see the cause, then try again")]
    Database(#[from] sqlx::Error),
    /// A row holds a word this release does not know; a newer one may have written it.
    #[error("the jobs table holds the unknown word `{0}`: is a newer release running on this database?")]
    UnknownWord(String),
}
