//! `POST /v1/{organization}/role/temporary_permission_grant`.

use super::answer::written;
use super::call::RoleCall;
use super::limits::endpoint::CREATE_TEMPORARY_GRANT;
use super::reading::{user_id, waits};
use super::{CallerParams, DescribedGrant, WaitParams};
use crate::domain::read_grant;
use crate::http::body::{JsonBody, object};
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::json::Fields;
use crate::service::fields::{justification, tags};
use crate::service::roles::{Longest, NewTemporaryGrant, read_duration};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

/// A temporary permission grant to be.
#[derive(ToSchema)]
#[schema(as = NewTemporaryPermissionGrant)]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
struct Described {
    /// To whom.
    #[schema(example = "17")]
    user_id: String,
    /// How long, as ISO 8601 writes it; no years or months.
    #[schema(example = "PT1H")]
    duration: String,
    permission_grant: DescribedGrant,
    /// Text to text or null, at most 20.
    #[schema(value_type = Option<Object>, example = json!({"ticket": "4711"}))]
    tags: Option<serde_json::Value>,
    /// Why; at least 10 characters.
    #[schema(example = "on call tonight", min_length = 10, max_length = 4096)]
    justification: String,
}

/// A temporary permission grant that was made.
#[derive(Serialize, ToSchema)]
struct Made {
    /// Its id.
    #[schema(example = "7c9e6679-7425-40de-944b-e07fc1f90ae7")]
    temporary_permission_grant_id: String,
    /// From this instant on it gives nothing (RFC 3339).
    #[schema(example = "2027-01-01T00:00:00Z")]
    expires_at: String,
}

/// Create a temporary permission grant
///
/// Needs `Role:CreateTemporaryPermissionGrant` on the user's grants. It is not compared with what the caller has: a user
/// caller's names one action and reaches this organization only. Comparisons never count it.
#[utoipa::path(post, path = "/v1/{organization}/role/temporary_permission_grant", tag = "roles",
    params(("organization" = String, Path, description = "Whose.", example = "acme"), CallerParams, WaitParams),
    request_body(content = Described, example = json!({"user_id": "17", "duration": "PT1H",
        "permission_grant": {"permission_name": "Doc:Read", "conditions": {}}, "justification": "on call tonight"})),
    responses(
        (status = 201, description = "Made.", body = Made,
            headers(("X-Job-Id" = String, description = "The job that carries it to the index."),
                ("X-Job-Completed" = bool, description = "Whether every answer includes it."))),
        Problems))]
pub(super) async fn create_temporary_grant(
    State(app): State<crate::http::app::App>,
    call: RoleCall<CREATE_TEMPORARY_GRANT>,
    query: Query,
    JsonBody(node): JsonBody,
) -> Result<Response, Problem> {
    let wait = waits(query)?;
    let longest = app.settings().longest_grant;
    let new = object(node, |fields| read(fields, longest))?;
    let context = call.write_context(wait);
    let cluster = call.cluster.clone();
    let write = async move {
        let made = call.cluster.create_temporary_grant(&call.caller, &call.tenant, new, &context).await?;
        let temporary_permission_grant_id = made.id.to_string();
        Ok((made.written, Made { temporary_permission_grant_id, expires_at: made.expires_at.to_string() }))
    };
    written(cluster, StatusCode::CREATED, write).await
}

fn read(fields: &mut Fields<'_>, longest: Longest) -> Option<NewTemporaryGrant> {
    let user = user_id(fields);
    let found = fields.required_string("duration");
    let duration =
        found.and_then(|found| read_duration(&found, longest).map_err(|why| fields.wrong("duration", why)).ok());
    let at = fields.at("permission_grant");
    let given = fields.has("permission_grant");
    let node = fields.node("permission_grant");
    let node = fields.required("permission_grant", node, given);
    let grant = node.and_then(|node| read_grant(node, &at, fields.errors()));
    let tags = tags(fields);
    let justification = justification(fields);
    let (user, duration, grant) = (user?, duration?, grant?);
    Some(NewTemporaryGrant { user, grant, duration, justification: justification?, tags: tags? })
}
