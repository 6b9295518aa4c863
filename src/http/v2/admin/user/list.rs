//! `GET /v2/user`: users, by id.

use super::super::answers::page;
use super::super::ask::{PageParams, paging};
use crate::domain::CustomerId;
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::json::Fields;
use crate::service::admin::UserQuestion;
use axum::response::Response;
use utoipa::{IntoParams, ToSchema};

/// Which users.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
pub(super) struct Params {
    /// Of this customer.
    #[param(minimum = 1)]
    customer_id: Option<i64>,
    /// With this address, exactly.
    email: Option<String>,
    /// Active ones, or those who are not.
    active: Option<bool>,
    /// With a role of this name.
    role_name: Option<String>,
    /// In this security group.
    #[param(minimum = 1)]
    security_group_id: Option<i64>,
}

/// One page of users.
#[derive(ToSchema)]
#[schema(as = UserPage, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described")]
struct Described {
    /// By id.
    items: Vec<super::DescribedRecord>,
    /// Where to go on, while there is more.
    next_cursor: Option<String>,
}

/// Users
///
/// Those of the customers in which the caller has `permdex:user:read` on `user/*`.
#[utoipa::path(get, path = "/v2/user", tag = "users", params(Params, PageParams),
    responses((status = 200, description = "A page.", body = Described), Problems))]
pub(super) async fn list_users(call: Call, query: Query) -> Result<Response, Problem> {
    let asked = query.read(read)?;
    Ok(page(call.cluster.users(&call.caller, &asked).await?))
}

fn read(fields: &mut Fields<'_>) -> Option<UserQuestion> {
    Some(UserQuestion {
        customer: fields.id("customerId").map(CustomerId),
        email: fields.string("email"),
        active: fields.boolean("active"),
        role_name: fields.string("roleName"),
        security_group: fields.id("securityGroupId"),
        paging: paging(fields)?,
    })
}
