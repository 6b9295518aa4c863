//! `POST /v1/{organization}/role`.

use super::answer::written;
use super::call::RoleCall;
use super::limits::endpoint::CREATE_ROLE;
use super::reading::{description, grants, new_name, view, waits};
use super::{CallerParams, DescribedGrant, RoleId, WaitParams};
use crate::http::body::{JsonBody, object};
use crate::http::openapi::{Collisions, Problems};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::json::Fields;
use crate::service::roles::NewRole;
use axum::http::StatusCode;
use axum::response::Response;
use utoipa::ToSchema;

/// A role to be.
#[derive(ToSchema)]
#[schema(as = NewRole)]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
struct Described {
    /// 1 to 256 characters, trimmed.
    #[schema(example = "editor", min_length = 1)]
    role_name: String,
    #[schema(example = "Edits documents.", min_length = 1, max_length = 4096)]
    description: String,
    /// `client` or `admin`.
    #[schema(example = "client")]
    frontend_view: String,
    /// At most 1,000; none when left out.
    #[schema(max_items = 1000)]
    permission_grants: Option<Vec<DescribedGrant>>,
}

/// Create a role
///
/// Needs `Role:CreateRole` on the new role, and everything that the role gives.
#[utoipa::path(post, path = "/v1/{organization}/role", tag = "roles",
    params(("organization" = String, Path, description = "Whose.", example = "acme"), CallerParams, WaitParams),
    request_body(content = Described, example = json!({"role_name": "author", "description": "Writes documents.",
        "frontend_view": "client", "permission_grants": [{"permission_name": "doc:write", "conditions": {}}]})),
    responses(
        (status = 201, description = "Created.", body = RoleId,
            headers(("X-Job-Id" = String, description = "The job that carries it to the index."),
                ("X-Job-Completed" = bool, description = "Whether every answer includes it."))),
        Problems, Collisions))]
pub(super) async fn create_role(
    call: RoleCall<CREATE_ROLE>,
    query: Query,
    JsonBody(node): JsonBody,
) -> Result<Response, Problem> {
    let wait = waits(query)?;
    let new = object(node, read)?;
    let context = call.write_context(wait);
    let cluster = call.cluster.clone();
    let write = async move {
        let made = call.cluster.create_role(&call.caller, &call.tenant, new, &context).await?;
        Ok((made.written, RoleId { role_id: made.id.to_string() }))
    };
    written(cluster, StatusCode::CREATED, write).await
}

fn read(fields: &mut Fields<'_>) -> Option<NewRole> {
    let name = new_name(fields, "role_name");
    let text = fields.required_string("description");
    let text = text.and_then(|found| description(fields, found));
    let found = fields.required_string("frontend_view");
    let frontend_view = found.and_then(|found| view(fields, &found));
    let given = fields.has("permission_grants");
    let node = fields.node("permission_grants");
    let grants = match node {
        Some(node) => grants(fields, node),
        None if given => None,
        None => Some(Vec::new()),
    };
    Some(NewRole { name: name?, description: text?, frontend_view: frontend_view?, grants: grants? })
}
