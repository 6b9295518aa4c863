//! `GET /v2/policy`: policies, by id.

use super::super::answers::page;
use super::super::ask::{PageParams, paging};
use crate::domain::CustomerId;
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::json::Fields;
use crate::service::admin::PolicyQuestion;
use axum::response::Response;
use utoipa::{IntoParams, ToSchema};

/// Which policies.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
pub(super) struct Params {
    /// Of this customer only, without the shared ones.
    #[param(minimum = 1)]
    customer_id: Option<i64>,
    /// Only shared ones, or none of them.
    shared: Option<bool>,
    /// With this name, exactly.
    name: Option<String>,
}

/// One page of policies.
#[derive(ToSchema)]
#[schema(as = PolicyPage, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described")]
struct Described {
    /// By id.
    items: Vec<super::DescribedRecord>,
    /// Where to go on, while there is more.
    next_cursor: Option<String>,
}

/// Policies
///
/// Those of the customers in which the caller has `permdex:policy:read` on `policy/*`. Shared ones are seen in his own customer.
#[utoipa::path(get, path = "/v2/policy", tag = "policies", params(Params, PageParams),
    responses((status = 200, description = "A page.", body = Described), Problems))]
pub(super) async fn list_policies(call: Call, query: Query) -> Result<Response, Problem> {
    let asked = query.read(read)?;
    Ok(page(call.cluster.policies(&call.caller, &asked).await?))
}

fn read(fields: &mut Fields<'_>) -> Option<PolicyQuestion> {
    Some(PolicyQuestion {
        customer: fields.id("customerId").map(CustomerId),
        shared: fields.boolean("shared"),
        name: fields.string("name"),
        paging: paging(fields)?,
    })
}
