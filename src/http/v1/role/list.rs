//! `GET /v1/{organization}/role`.

use super::call::RoleCall;
use super::limits::endpoint::GET_ROLES;
use super::reading::{decimal, no_id};
use super::{CallerParams, DescribedGrant};
use crate::domain::write_grant;
use crate::http::answer::json;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::json::Fields;
use crate::service::roles::{RoleFilter, RoleQuestion, SeenRole};

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::{IntoParams, ToSchema};

/// Which roles.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
pub(super) struct Params {
    /// Whether to say what they give.
    #[param(default = false)]
    return_permission_grants: Option<bool>,
    /// With one of these ids; repeat it. Also roles that were replaced less than a day ago.
    id: Option<Vec<String>>,
    /// With one of these names; repeat it.
    name: Option<Vec<String>>,
}

#[derive(Serialize, ToSchema)]
struct Roles {
    /// By id.
    roles: Vec<Role>,
}

/// A role.
#[derive(Serialize, ToSchema)]
struct Role {
    #[schema(example = "9")]
    id: String,
    #[schema(example = "editor")]
    name: String,
    #[schema(example = "Edits documents.")]
    description: String,
    /// `client` or `admin`.
    #[schema(example = "client")]
    frontend_view: &'static str,
    /// What it gives, when that was asked for.
    #[schema(value_type = Option<Vec<DescribedGrant>>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    permission_grants: Option<Vec<Json>>,
}

/// Roles
///
/// Those that the caller may get (`Role:GetRole`); the others are left out silently.
#[utoipa::path(get, path = "/v1/{organization}/role", tag = "roles",
    params(("organization" = String, Path, description = "Whose.", example = "acme"), CallerParams, Params),
    responses((status = 200, description = "The roles.", body = Roles,
        example = json!({"roles": [{"id": "9", "name": "editor", "description": "Edits documents.", "frontend_view": "client"}]})),
        Problems))]
pub(super) async fn list_roles(call: RoleCall<GET_ROLES>, query: Query) -> Result<Response, Problem> {
    let asked = query.read_repeated(&["id", "name"], read)?;
    let roles = call.cluster.roles(&call.caller, &call.tenant, &asked).await?;
    Ok(json(StatusCode::OK, &Roles { roles: roles.into_iter().map(shown).collect() }))
}

fn read(fields: &mut Fields<'_>) -> Option<RoleQuestion> {
    let with_grants = fields.boolean("return_permission_grants").unwrap_or(false);
    let ids = ids(fields, "id");
    let names = fields.strings("name").unwrap_or_default();
    Some(RoleQuestion { filter: RoleFilter { ids: ids?, names }, with_grants })
}

/// Ids in decimal, none when the parameter is not given.
pub(super) fn ids(fields: &mut Fields<'_>, name: &'static str) -> Option<Vec<i64>> {
    let found = fields.strings(name).unwrap_or_default();
    let read = |text: &String| {
        let id = decimal(text);
        if id.is_none() {
            fields.wrong(name, no_id(text));
        }
        id
    };
    let all: Vec<Option<i64>> = found.iter().map(read).collect();
    all.into_iter().collect()
}

fn shown(role: SeenRole) -> Role {
    Role {
        id: role.id.to_string(),
        name: role.name,
        description: role.description,
        frontend_view: role.frontend_view.as_str(),
        permission_grants: role.grants.map(|grants| grants.iter().map(write_grant).collect()),
    }
}
