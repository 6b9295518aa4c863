//! `POST /v1/{organization}/role/{role_name}`.

use super::answer::written;
use super::call::RoleCall;
use super::limits::endpoint::MODIFY_ROLE;
use super::reading::{description, grants, named, view, waits};
use super::{CallerParams, DescribedGrant, RoleId, WaitParams};
use crate::http::body::{JsonBody, object};
use crate::http::openapi::{Collisions, Problems};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::json::{Fields, Node};
use crate::service::roles::RoleChange;
use axum::http::StatusCode;
use axum::response::Response;
use utoipa::ToSchema;

/// What of a role is to change. What is left out or null stays; something must be given.
#[derive(ToSchema)]
#[schema(as = RoleChange)]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
struct Described {
    /// Changed in place.
    #[schema(example = "Edits and publishes documents.", min_length = 1, max_length = 4096)]
    description: Option<String>,
    /// When they really change, a new role of the same name takes over, with all users.
    #[schema(max_items = 1000)]
    permission_grants: Option<Vec<DescribedGrant>>,
    /// `client` or `admin`; as with `permission_grants`.
    #[schema(example = "client")]
    frontend_view: Option<String>,
}

/// Modify a role
///
/// Needs `Role:ModifyRole` on it; when a new role takes over, everything that it gives, and what the old one gave to whoever
/// had it. The old one is readable by its id for a day.
#[utoipa::path(post, path = "/v1/{organization}/role/{role_name}", tag = "roles",
    params(("organization" = String, Path, description = "Whose.", example = "acme"),
        ("role_name" = String, Path, description = "The role's name.", example = "viewer"), CallerParams, WaitParams),
    request_body(content = Described, example = json!({"description": "Edits and publishes documents."})),
    responses(
        (status = 200, description = "Modified; the id is the new role's when one took over.", body = RoleId,
            headers(("X-Job-Id" = String, description = "The job that carries it to the index."),
                ("X-Job-Completed" = bool, description = "Whether every answer includes it."))),
        Problems, Collisions))]
pub(super) async fn modify_role(
    call: RoleCall<MODIFY_ROLE>,
    query: Query,
    JsonBody(node): JsonBody,
) -> Result<Response, Problem> {
    let wait = waits(query)?;
    let change = object(node, read)?;
    let name = named(&call.role_name)?;
    let context = call.write_context(wait);
    let cluster = call.cluster.clone();
    let write = async move {
        let made = call.cluster.modify_role(&call.caller, &call.tenant, &name, change, &context).await?;
        Ok((made.written, RoleId { role_id: made.id.to_string() }))
    };
    written(cluster, StatusCode::OK, write).await
}

fn read(fields: &mut Fields<'_>) -> Option<RoleChange> {
    let text = given(fields, "description", |fields, node| match node {
        Node::String(found) => description(fields, found),
        other => unexpected(fields, "description", &other),
    });
    let grants = given(fields, "permission_grants", grants);
    let frontend_view = given(fields, "frontend_view", |fields, node| match node {
        Node::String(found) => view(fields, &found),
        other => unexpected(fields, "frontend_view", &other),
    });
    let change = RoleChange { description: text?, grants: grants?, frontend_view: frontend_view? };
    if change == RoleChange::default() {
        let detail = "nothing is given: send `description`, `permission_grants` or `frontend_view`";
        fields.errors().add("", detail);
    }
    Some(change)
}

/// A field that is not given when it is null: `None` when it is wrong.
#[expect(clippy::option_option, reason = "wrong, not given, given")]
fn given<T>(
    fields: &mut Fields<'_>,
    name: &'static str,
    read: impl FnOnce(&mut Fields<'_>, Node) -> Option<T>,
) -> Option<Option<T>> {
    match fields.nullable(name) {
        None | Some(Node::Null) => Some(None),
        Some(node) => read(fields, node).map(Some),
    }
}

fn unexpected<T>(fields: &mut Fields<'_>, name: &'static str, found: &Node) -> Option<T> {
    fields.wrong(name, format!("expected a string, found {}", found.word()));
    None
}
