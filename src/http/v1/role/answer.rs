//! What a write of the role API answers: its body, and in headers how far it is.

use crate::http::answer::json;
use crate::http::problem::Problem;
use crate::http::write::settle_with;
use crate::service::{Cluster, ServiceError, Written};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;

const X_JOB_ID: HeaderName = HeaderName::from_static("x-job-id");
const X_JOB_COMPLETED: HeaderName = HeaderName::from_static("x-job-completed");

/// Does a write in a task of its own, waits for what its context said, and answers with what it made.
///
/// # Errors
/// As `write` ends with; nothing was changed then.
pub(super) async fn written<T: Serialize + Send + 'static>(
    cluster: Cluster,
    status: StatusCode,
    write: impl Future<Output = Result<(Written, T), ServiceError>> + Send + 'static,
) -> Result<Response, Problem> {
    let settled = settle_with(cluster, write).await?;
    let mut response = json(status, &settled.made);
    let headers = response.headers_mut();
    if let Some(job) = settled.completion.job
        && let Ok(job) = HeaderValue::try_from(job.to_string())
    {
        headers.insert(X_JOB_ID, job);
    }
    let completed = if settled.completion.completed { "true" } else { "false" };
    headers.insert(X_JOB_COMPLETED, HeaderValue::from_static(completed));
    Ok(response)
}
