//! `GET /v2/action/{name}`.

use super::super::answers::thing;
use super::super::ask::action_name;
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::NoQuery;
use axum::extract::Path;
use axum::response::Response;

/// An action
///
/// With an `ETag` for `If-Match`. Every caller may read it.
#[utoipa::path(get, path = "/v2/action/{name}", tag = "actions",
    params(("name" = String, Path, description = "Its name; `/` as `%2F`.", example = "doc:read")),
    responses(
        (status = 200, description = "As it is now.", body = super::DescribedRecord,
            headers(("ETag" = String, description = "Its tag, for `If-Match`."))),
        Problems))]
pub(super) async fn get_action(call: Call, _: NoQuery, Path(name): Path<String>) -> Result<Response, Problem> {
    Ok(thing(&call.cluster.action(&action_name(name)?).await?))
}
