//! `PUT /v2/action/{name}`.

use super::super::answers::made;
use super::super::ask::{IfMatch, WriteParams, precondition, waits};
use super::{location, read};
use crate::http::body::{JsonBody, object};
use crate::http::call::Call;
use crate::http::openapi::{Collisions, Problems};
use crate::http::problem::Problem;
use crate::http::query::Query;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;

/// Add or replace an action
///
/// For services only; takes what `GET` gives.
#[utoipa::path(put, path = "/v2/action/{name}", tag = "actions",
    params(("name" = String, Path, description = "Its name; `/` as `%2F`.", example = "doc:read"), WriteParams, IfMatch),
    request_body(content = super::Described, example = json!({"name": "doc:read", "title": "Read documents"})),
    responses(
        (status = 200, description = "Replaced.", body = super::DescribedAnswer),
        (status = 201, description = "Added.", body = super::DescribedAnswer,
            headers(("Location" = String, description = "Where it is."))),
        (status = 202, description = "Committed, without waiting.", body = super::DescribedAnswer),
        Problems, Collisions))]
pub(super) async fn put_action(
    call: Call,
    query: Query,
    Path(name): Path<String>,
    headers: HeaderMap,
    JsonBody(node): JsonBody,
) -> Result<Response, Problem> {
    let (wait, condition) = (waits(query)?, precondition(&headers)?);
    let new = object(node, |fields| read(fields, Some(&name)))?;
    let context = call.write_context(wait);
    let (cluster, caller) = (call.cluster.clone(), call.caller);
    let write = async move { cluster.put_action(&caller, &new, &condition, &context).await };
    made(call.cluster, wait, location, write).await
}
