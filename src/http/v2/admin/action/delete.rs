//! `DELETE /v2/action/{name}`.

use super::super::answers::{Nothing, Stands, done};
use super::super::ask::{IfMatch, WriteParams, action_name, precondition, waits};
use crate::http::call::Call;
use crate::http::openapi::{Collisions, Problems};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::service::admin::Deletion;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;

/// Take an action out of the catalogue
///
/// For services only. What policies say of it stays.
#[utoipa::path(delete, path = "/v2/action/{name}", tag = "actions",
    params(("name" = String, Path, description = "Its name; `/` as `%2F`.", example = "doc:read"), WriteParams, IfMatch),
    responses(
        (status = 200, description = "Deleted.", body = Stands),
        (status = 202, description = "Deleted, without waiting.", body = Stands),
        Problems, Collisions))]
pub(super) async fn delete_action(
    call: Call,
    query: Query,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let name = action_name(name)?;
    let (wait, condition) = (waits(query)?, precondition(&headers)?);
    let context = call.write_context(wait);
    let (cluster, caller) = (call.cluster.clone(), call.caller);
    let deletion = Deletion { cascade: false, condition };
    let write = async move { Ok((cluster.delete_action(&caller, &name, &deletion, &context).await?, Nothing {})) };
    done(call.cluster, wait, write).await
}
