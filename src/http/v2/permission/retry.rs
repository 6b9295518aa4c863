//! `POST /v2/permission/job/{jobId}/retry`.

use super::job::Described;
use super::question::job_id;
use crate::http::answer::json;
use crate::http::call::Call;
use crate::http::openapi::{ProblemBody, Problems};
use crate::http::problem::Problem;
use crate::http::query::NoQuery;
use crate::json::quoted;
use crate::service::ServiceError;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

/// Retry a failed job
///
/// It is queued again, from its start. Needs `permdex:permission:rebuild` on `acrn:permdex:*:index/*`.
#[utoipa::path(post, path = "/v2/permission/job/{jobId}/retry", tag = "jobs",
    params(("jobId" = uuid::Uuid, Path, description = "As a write or a read answered it.",
        example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses(
        (status = 200, description = "The job as it is now.", body = Described),
        (status = 409, description = "It has not failed: says what it is.", body = ProblemBody, content_type = "application/problem+json"),
        Problems))]
pub(super) async fn retry(call: Call, _: NoQuery, Path(id): Path<String>) -> Result<Response, Problem> {
    let Some(id) = job_id(&id) else {
        return Err(ServiceError::not_found("job", quoted(&id)).into());
    };
    let context = call.write_context(false);
    Ok(json(StatusCode::OK, &call.cluster.retry(&call.caller, id, &context).await?))
}
