//! What can go wrong with an index.

/// Why the index did not answer. `Display` may be sent to a client; the source is for the log.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// It is away, too slow or overloaded: the same call may succeed later.
    #[error("the index is unreachable")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It answered a part only (timed out, failed shards): the same call may succeed later.
    #[error("the index gave a partial answer")]
    Partial(String),
    /// There is no generation to read yet.
    #[error("the index is being built")]
    NotReady,
    /// It answered something that is a bug or a wrong configuration: repeating it won't help.
    #[error("the index refused the request")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl IndexError {
    /// Whether the same call may succeed later without anybody doing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}
