//! `GET /v2/securityGroup`: security groups, by id.

use super::super::answers::page;
use super::super::ask::{PageParams, paging};
use crate::domain::CustomerId;
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::json::Fields;
use crate::service::admin::GroupQuestion;
use axum::response::Response;
use utoipa::{IntoParams, ToSchema};

/// Which security groups.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
pub(super) struct Params {
    /// Of this customer.
    #[param(minimum = 1)]
    customer_id: Option<i64>,
    /// With this name, exactly.
    name: Option<String>,
    /// That this user is in.
    #[param(minimum = 1)]
    user_id: Option<i64>,
}

/// One page of security groups.
#[derive(ToSchema)]
#[schema(as = SecurityGroupPage, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described")]
struct Described {
    /// By id.
    items: Vec<super::DescribedRecord>,
    /// Where to go on, while there is more.
    next_cursor: Option<String>,
}

/// Security groups
///
/// Those of the customers in which the caller has `permdex:securityGroup:read` on `securityGroup/*`.
#[utoipa::path(get, path = "/v2/securityGroup", tag = "security groups", params(Params, PageParams),
    responses((status = 200, description = "A page.", body = Described), Problems))]
pub(super) async fn list_groups(call: Call, query: Query) -> Result<Response, Problem> {
    let asked = query.read(read)?;
    Ok(page(call.cluster.groups(&call.caller, &asked).await?))
}

fn read(fields: &mut Fields<'_>) -> Option<GroupQuestion> {
    Some(GroupQuestion {
        customer: fields.id("customerId").map(CustomerId),
        name: fields.string("name"),
        user: fields.id("userId"),
        paging: paging(fields)?,
    })
}
