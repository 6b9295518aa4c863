//! `GET /v2/customer`: customers, by id.

use super::super::answers::page;
use super::super::ask::{PageParams, paging};
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::json::Fields;
use crate::service::admin::CustomerQuestion;
use axum::response::Response;
use utoipa::{IntoParams, ToSchema};

/// Which customers.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
pub(super) struct Params {
    /// With this slug.
    organization: Option<String>,
}

/// One page of customers.
#[derive(ToSchema)]
#[schema(as = CustomerPage, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described")]
struct Described {
    /// By id.
    items: Vec<super::DescribedRecord>,
    /// Where to go on, while there is more.
    next_cursor: Option<String>,
}

/// Customers
///
/// Those of the customers in which the caller has `permdex:customer:read` on the customer itself.
#[utoipa::path(get, path = "/v2/customer", tag = "customers", params(Params, PageParams),
    responses((status = 200, description = "A page.", body = Described), Problems))]
pub(super) async fn list_customers(call: Call, query: Query) -> Result<Response, Problem> {
    let asked = query.read(read)?;
    Ok(page(call.cluster.customers(&call.caller, &asked).await?))
}

fn read(fields: &mut Fields<'_>) -> Option<CustomerQuestion> {
    let organization = fields.string("organization");
    Some(CustomerQuestion { organization, paging: paging(fields)? })
}
