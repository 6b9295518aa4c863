//! `POST /v2/permission/job/{jobId}/cancel`.

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

/// Cancel a rebuild
///
/// Of everybody or of a part, queued or running. The index serves as before, and what was built of a new one is deleted a
/// while later. Needs `permdex:permission:rebuild` where the rebuild is.
#[utoipa::path(post, path = "/v2/permission/job/{jobId}/cancel", tag = "jobs",
    params(("jobId" = uuid::Uuid, Path, description = "As a write or a read answered it.",
        example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses(
        (status = 200, description = "The job as it is now.", body = Described),
        (status = 409, description = "It is no rebuild, or it has ended: says which.", body = ProblemBody, content_type = "application/problem+json"),
        Problems))]
pub(super) async fn cancel(call: Call, _: NoQuery, Path(id): Path<String>) -> Result<Response, Problem> {
    let Some(id) = job_id(&id) else {
        return Err(ServiceError::not_found("job", quoted(&id)).into());
    };
    let context = call.write_context(false);
    Ok(json(StatusCode::OK, &call.cluster.cancel(&call.caller, id, &context).await?))
}
