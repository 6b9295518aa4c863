//! What writes have in common: they go on when their client has left, and say how far they are.

use super::answer::json;
use super::outer::bug;
use super::problem::Problem;
use crate::queue::JobId;
use crate::service::{Cluster, Completion, ServiceError, Written};
use crate::telemetry::Trace;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

/// How a write stands, with what is its own beside it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body<T> {
    pub job_id: Option<JobId>,
    pub completed: bool,
    #[serde(flatten)]
    pub rest: T,
}

/// Does a write in a task of its own and waits for what its context said: a client that leaves changes nothing.
///
/// # Errors
/// As `write` ends with; nothing was changed then.
pub(super) async fn settle<F>(cluster: Cluster, write: F) -> Result<(bool, Completion), Problem>
where
    F: Future<Output = Result<Written, ServiceError>> + Send + 'static,
{
    let settled = settle_with(cluster, async move { Ok((write.await?, ())) }).await?;
    Ok((settled.changed, settled.completion))
}

/// A write that is committed and was waited for.
#[derive(Debug)]
pub(super) struct Settled<T> {
    /// Whether it changed anything.
    pub changed: bool,
    /// How it stands.
    pub completion: Completion,
    /// What it made.
    pub made: T,
}

/// The same for a write that makes something.
///
/// # Errors
/// As `write` ends with; nothing was changed then.
pub(super) async fn settle_with<F, T>(cluster: Cluster, write: F) -> Result<Settled<T>, Problem>
where
    F: Future<Output = Result<(Written, T), ServiceError>> + Send + 'static,
    T: Send + 'static,
{
    let task = tokio::spawn(Trace::carried(async move {
        let (mut written, made) = write.await?;
        let completion = cluster.completion(&mut written).await;
        Ok::<_, ServiceError>(Settled { changed: written.changed, completion, made })
    }));
    match task.await {
        Ok(settled) => Ok(settled?),
        Err(error) => Err(bug(&error.to_string())),
    }
}

/// 200 when every answer includes the write, else 202.
pub(super) fn answer<T: Serialize>(completion: Completion, rest: T) -> Response {
    let status = if completion.completed { StatusCode::OK } else { StatusCode::ACCEPTED };
    json(status, &Body { job_id: completion.job, completed: completion.completed, rest })
}
