//! `GET /v2/permission/job/{jobId}`: how far a job is.

use super::question::job_id;
use crate::http::answer::json;
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::NoQuery;
use crate::service::ServiceError;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use utoipa::ToSchema;

/// A piece of index work.
#[derive(ToSchema)]
#[schema(as = Job, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `queue::Job` is written, and a test holds the two together")]
pub(super) struct Described {
    id: uuid::Uuid,
    /// `refresh`, `rebuild`, `verify`, `expiry` or `purge`.
    #[schema(example = "refresh")]
    kind: String,
    /// `queued`, `running`, `done` (searchable in every index that can serve), `failed` or `cancelled`.
    #[schema(example = "done")]
    state: String,
    /// Which users.
    #[schema(value_type = Object)]
    scope: serde_json::Value,
    /// Users written.
    processed: i64,
    /// Users in all, once known.
    #[schema(required = true)]
    total: Option<i64>,
    /// Users written a second, while it runs.
    users_per_second: Option<f64>,
    /// How long it will still take at that rate, in seconds.
    seconds_left: Option<f64>,
    /// How often it was begun.
    attempts: i32,
    /// Why it failed.
    error: Option<String>,
    /// What it found.
    #[schema(value_type = Option<Object>)]
    result: Option<serde_json::Value>,
    /// When it was enqueued (RFC 3339).
    #[schema(example = "2027-01-01T00:00:00Z")]
    created_at: String,
    /// When its latest attempt began.
    started_at: Option<String>,
    /// When it ended.
    finished_at: Option<String>,
}

/// A job
///
/// Who caused it may always read it; others need `permdex:permission:job`.
#[utoipa::path(get, path = "/v2/permission/job/{jobId}", tag = "jobs",
    params(("jobId" = uuid::Uuid, Path, description = "As a write or a read answered it.",
        example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses((status = 200, description = "The job.", body = Described), Problems))]
pub(super) async fn job(call: Call, _: NoQuery, Path(id): Path<String>) -> Result<Response, Problem> {
    // What can't be an id is the id of nothing.
    let Some(id) = job_id(&id) else {
        return Err(ServiceError::not_found("job", crate::json::quoted(&id)).into());
    };
    Ok(json(StatusCode::OK, &call.cluster.job(&call.caller, id).await?))
}

#[cfg(test)]
mod tests {
    use crate::queue::{Job, JobId, Kind, State};
    use jiff::Timestamp;
    use serde_json::json;

    #[test]
    fn a_job_is_written_as_the_contract_says() {
        let job = Job {
            id: JobId(uuid::Uuid::nil()),
            kind: Kind::Refresh,
            state: State::Queued,
            scope: json!({"user": 17}),
            processed: 0,
            total: None,
            users_per_second: None,
            seconds_left: None,
            attempts: 0,
            error: None,
            result: None,
            created_at: Timestamp::UNIX_EPOCH,
            started_at: None,
            finished_at: None,
            customer: Some(1),
            actor: "user:17".to_owned(),
        };
        let wanted = json!({"id": "00000000-0000-0000-0000-000000000000", "kind": "refresh", "state": "queued",
            "scope": {"user": 17}, "processed": 0, "total": null, "attempts": 0, "createdAt": "1970-01-01T00:00:00Z"});
        assert_eq!(serde_json::to_value(job).unwrap(), wanted);
    }
}
