//! Who has this, all of them: from one consistent view and in bounded memory.

use super::caller::Caller;
use super::cluster::{Cluster, Limited};
use super::error::ServiceError;
use super::right::Right;
use super::who_has::WhoHasQuestion;
use super::written::{Told, WriteContext};
use crate::domain::ResourceName;
use crate::index::{UserEntry, UserStream};
use futures::StreamExt;
use futures::stream::BoxStream;
use serde_json::json;

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
        let search = self.search_of(caller, question, None).await?;
        let turn = self.turn(Limited::Stream)?;
        if question.debug {
            self.log_query(&search);
        }
        let stream = self.index.stream(&search).await;
        self.observed_index(&stream);
        let UserStream { total, chunks } = stream?;
        // Before the first user leaves: an export that left no trace can't be told from none.
        self.audit_stream(caller, question, total, context).await?;
        let chunks = chunks.map(move |chunk| {
            let _held_to_the_end = &turn;
            chunk.map_err(ServiceError::from)
        });
        Ok(WhoHasStream { size: total, chunks: chunks.boxed() })
    }

    async fn audit_stream(
        &self,
        caller: &Caller,
        question: &WhoHasQuestion,
        size: u64,
        context: &WriteContext,
    ) -> Result<(), ServiceError> {
        let after = json!({
            "action": question.action.as_str(),
            "resource": question.resources.iter().map(ResourceName::as_str).collect::<Vec<_>>(),
            "size": size,
        });
        let customer = question.customer.or(caller.customer());
        let told = Told { action: Right::SEARCH.0, target: "user:*", customer, before: None, after: Some(&after) };
        let mut connection = self.connection().await?;
        self.audit(&mut connection, caller, context, told).await
    }
}
