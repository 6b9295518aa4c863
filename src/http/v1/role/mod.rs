//! `/v1/{organization}/role…`: roles and temporary permission grants of an organization, one file an endpoint.
//!
//! HTTP only: `service::roles` decides who may do what. Every path is served with and without a slash at its end.

mod answer;
mod assign;
mod call;
mod create;
mod grant;
mod grants;
pub(in crate::http) mod limits;
mod list;
mod modify;
mod reading;

use crate::http::app::App;
use axum::Router;
use axum::routing::{get, post};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(in crate::http) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list_roles, create::create_role))
        .routes(routes!(modify::modify_role))
        .routes(routes!(assign::assign_role))
        .routes(routes!(grant::create_temporary_grant))
        .routes(routes!(grants::list_temporary_grants))
}

/// The same endpoints with a slash at the end of their paths (a test holds the two together).
pub(in crate::http) fn with_slash() -> Router<App> {
    Router::new()
        .route("/v1/{organization}/role/", get(list::list_roles).post(create::create_role))
        .route("/v1/{organization}/role/{role_name}/", post(modify::modify_role))
        .route("/v1/{organization}/role/{role_name}/assign/", post(assign::assign_role))
        .route("/v1/{organization}/role/temporary_permission_grant/", post(grant::create_temporary_grant))
        .route("/v1/{organization}/role/temporary_permission_grants/", get(grants::list_temporary_grants))
}

/// What every endpoint of the role API takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described: `call` reads them")]
struct CallerParams {
    /// The organization that issued the token, when it is another than the path's: the caller then acts across
    /// organizations, with what his grants reach there.
    #[param(rename = "X-ORG-ID")]
    org_id: Option<String>,
}

/// How to write.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described: `reading` reads it")]
struct WaitParams {
    /// `false`: answer at once. Else when every check and search includes the change, or after 30 s.
    #[param(rename = "waitForCompletion", default = true)]
    wait_for_completion: Option<bool>,
}

/// A role's id.
#[derive(Serialize, ToSchema)]
struct RoleId {
    /// Of the role.
    #[schema(example = "9")]
    role_id: String,
}

/// What may be done: an action, under conditions on what it is done to.
#[derive(ToSchema)]
#[schema(as = PermissionGrant)]
#[expect(dead_code, reason = "only described")]
struct DescribedGrant {
    /// An action pattern, such as `Doc:Read` or `Doc:*`.
    #[schema(example = "Doc:Read")]
    permission_name: String,
    /// Attribute -> `{type: Equals | NotEquals, value}` or `{type: In, values}`, at most 10; all must hold. Without one on
    /// `org_id` it reaches the user's own organization.
    #[schema(value_type = Option<Object>, example = json!({"color": {"type": "Equals", "value": "red"}}))]
    conditions: Option<serde_json::Value>,
}
