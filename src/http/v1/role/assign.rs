//! `POST /v1/{organization}/role/{role_name}/assign`.

use super::answer::written;
use super::call::RoleCall;
use super::limits::endpoint::ASSIGN_ROLE;
use super::reading::{named, user_id, waits};
use super::{CallerParams, RoleId, WaitParams};
use crate::http::body::{JsonBody, object};
use crate::http::openapi::{Collisions, Problems};
use crate::http::problem::Problem;
use crate::http::query::Query;
use axum::http::StatusCode;
use axum::response::Response;
use utoipa::ToSchema;

/// Who is to have a role.
#[derive(ToSchema)]
#[schema(as = RoleAssignment)]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
struct Described {
    /// The user's id.
    #[schema(example = "17")]
    user_id: String,
}

/// Assign a role
///
/// It replaces the one that the user has. Needs everything that either of them gives; in another organization also
/// `Role:GetRole` on the role.
#[utoipa::path(post, path = "/v1/{organization}/role/{role_name}/assign", tag = "roles",
    params(("organization" = String, Path, description = "Whose.", example = "acme"),
        ("role_name" = String, Path, description = "The role's name.", example = "viewer"), CallerParams, WaitParams),
    request_body(content = Described, example = json!({"user_id": "17"})),
    responses(
        (status = 200, description = "The user has the role.", body = RoleId,
            headers(("X-Job-Id" = String, description = "The job that carries it to the index."),
                ("X-Job-Completed" = bool, description = "Whether every answer includes it."))),
        Problems, Collisions))]
pub(super) async fn assign_role(
    call: RoleCall<ASSIGN_ROLE>,
    query: Query,
    JsonBody(node): JsonBody,
) -> Result<Response, Problem> {
    let wait = waits(query)?;
    let user = object(node, user_id)?;
    let name = named(&call.role_name)?;
    let context = call.write_context(wait);
    let cluster = call.cluster.clone();
    let write = async move {
        let made = call.cluster.assign_role(&call.caller, &call.tenant, &name, user, &context).await?;
        Ok((made.written, RoleId { role_id: made.id.to_string() }))
    };
    written(cluster, StatusCode::OK, write).await
}
