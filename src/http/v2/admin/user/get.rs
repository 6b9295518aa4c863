//! `GET /v2/user/{id}`.

use super::super::answers::thing;
use super::super::ask::user_id;
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::NoQuery;
use axum::extract::Path;
use axum::response::Response;

/// A user
///
/// With an `ETag` for `If-Match`. Needs `permdex:user:read` on it; what may not be seen reads as not found.
#[utoipa::path(get, path = "/v2/user/{id}", tag = "users",
    params(("id" = i64, Path, description = "Its id.", minimum = 1, example = 17)),
    responses(
        (status = 200, description = "As it is now.", body = super::DescribedRecord,
            headers(("ETag" = String, description = "Its tag, for `If-Match`."))),
        Problems))]
pub(super) async fn get_user(call: Call, _: NoQuery, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(thing(&call.cluster.user(&call.caller, user_id(&id)?).await?))
}
