//! Who has this, all of them: from one consistent view and in bounded memory.

use super::caller::Caller;
use super::cluster::Cluster;
use super::error::ServiceError;
use super::who_has::WhoHasQuestion;
use super::written::WriteContext;
use crate::index::UserEntry;
use futures::stream::BoxStream;

/// A whole answer, as it comes. Its place among the streams is free again when it is dropped.
pub struct WhoHasStream {
    /// The exact number of all who may.
    pub size: u64,
    /// All of them in order, in chunks of at most [`crate::index::MAX_PAGE`]; ends early only with an error.
    pub chunks: BoxStream<'static, Result<Vec<UserEntry>, ServiceError>>,
}

impl Cluster {
    /// Answers a who-has with everybody. Leaves an audit row before the first user is sent.
    ///
    /// # Errors
    /// As [`Cluster::who_has`]; `Unavailable` also when the audit row can't be written.
    pub async fn who_has_stream(
        &self,
        caller: &Caller,
        question: &WhoHasQuestion,
        context: &WriteContext,
    ) -> Result<WhoHasStream, ServiceError> {
        todo!()
    }
}
