//! What administration answers: a thing with its tag, a page, a write with what it made.

use crate::http::answer::json;
use crate::http::problem::Problem;
use crate::http::write::{Body, Settled, settle_with};
use crate::service::admin::{Page, Put, etag};
use crate::service::{Cluster, ServiceError, Written};
use axum::http::header::{ETAG, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

/// How a write stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Written, rename_all = "camelCase")]
pub(super) struct Stands {
    /// The job that carries it to the index; null when nothing changed and nothing is under way.
    #[schema(required = true, example = "01890a5d-ac96-774b-bcce-b302099a8057")]
    job_id: Option<uuid::Uuid>,
    /// Whether every check and search includes it.
    completed: bool,
    /// Whether it changed anything.
    changed: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Items<T> {
    items: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Beside how a write stands.
#[derive(Serialize)]
pub(super) struct Changed<T> {
    pub changed: bool,
    #[serde(flatten)]
    pub rest: T,
}

#[derive(Serialize)]
pub(super) struct Nothing {}

/// One thing, with its tag.
pub(super) fn thing(record: &impl Serialize) -> Response {
    tagged(json(StatusCode::OK, record), record)
}

fn tagged(mut response: Response, record: &impl Serialize) -> Response {
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", etag(record))) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// One page.
pub(super) fn page<T: Serialize>(page: Page<T>) -> Response {
    json(StatusCode::OK, &Items { items: page.items, next_cursor: page.next_cursor })
}

/// 202 while somebody may not see it yet, and for a change that nobody waited for; else `done`.
fn status<T>(settled: &Settled<T>, waited: bool, done: StatusCode) -> StatusCode {
    let is_done = settled.completion.completed && (waited || !settled.changed);
    if is_done { done } else { StatusCode::ACCEPTED }
}

/// Does a write that makes something, and answers with it: 201 or 202 with `Location` when it was not there before.
///
/// # Errors
/// As the write.
pub(super) async fn made<T>(
    cluster: Cluster,
    waited: bool,
    location: impl FnOnce(&T) -> String,
    write: impl Future<Output = Result<Put<T>, ServiceError>> + Send + 'static,
) -> Result<Response, Problem>
where
    T: Serialize + Send + 'static,
{
    let write = async move {
        let put = write.await?;
        Ok((put.written, (put.record, put.created)))
    };
    let settled = settle_with(cluster, write).await?;
    let (record, created) = &settled.made;
    let done = if *created { StatusCode::CREATED } else { StatusCode::OK };
    let body = body_of(&settled, record);
    let mut response = tagged(json(status(&settled, waited, done), &body), record);
    if *created && let Ok(location) = HeaderValue::try_from(location(record)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// Does a write that leaves `rest` to show.
///
/// # Errors
/// As the write.
pub(super) async fn done<T: Serialize + Send + 'static>(
    cluster: Cluster,
    waited: bool,
    write: impl Future<Output = Result<(Written, T), ServiceError>> + Send + 'static,
) -> Result<Response, Problem> {
    let settled = settle_with(cluster, write).await?;
    Ok(json(status(&settled, waited, StatusCode::OK), &body_of(&settled, &settled.made)))
}

fn body_of<'a, M, T: Serialize>(settled: &Settled<M>, rest: &'a T) -> Body<Changed<&'a T>> {
    let completion = settled.completion;
    let rest = Changed { changed: settled.changed, rest };
    Body { job_id: completion.job, completed: completion.completed, rest }
}
