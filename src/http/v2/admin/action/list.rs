//! `GET /v2/action`: the catalogue, by name.

use super::super::answers::page;
use super::super::ask::{PageParams, paging};
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::Query;
use axum::response::Response;
use utoipa::{IntoParams, ToSchema};

/// Which actions.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described: the handler reads it, and a test holds the two together")]
pub(super) struct Params {
    /// Of this model.
    #[param(example = "doc")]
    model: Option<String>,
}

/// One page of actions.
#[derive(ToSchema)]
#[schema(as = ActionPage, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described")]
struct Described {
    /// By name.
    items: Vec<super::DescribedRecord>,
    /// Where to go on, while there is more.
    next_cursor: Option<String>,
}

/// Actions
///
/// The catalogue of what is known; every caller may read it.
#[utoipa::path(get, path = "/v2/action", tag = "actions", params(Params, PageParams),
    responses((status = 200, description = "A page.", body = Described), Problems))]
pub(super) async fn list_actions(call: Call, query: Query) -> Result<Response, Problem> {
    let (model, paging) = query.read(|fields| Some((fields.string("model"), paging(fields)?)))?;
    Ok(page(call.cluster.actions(model.as_deref(), &paging).await?))
}
