//! `POST /v2/action`.

use super::super::answers::made;
use super::super::ask::{WriteParams, waits};
use super::{location, read};
use crate::http::body::{JsonBody, object};
use crate::http::call::Call;
use crate::http::openapi::{Collisions, Problems};
use crate::http::problem::Problem;
use crate::http::query::Query;
use axum::response::Response;

/// Add an action
///
/// For services only.
#[utoipa::path(post, path = "/v2/action", tag = "actions", params(WriteParams),
    request_body(content = super::Described, example = json!({"name": "doc:read", "title": "Read documents"})),
    responses(
        (status = 201, description = "Added.", body = super::DescribedAnswer,
            headers(("Location" = String, description = "Where it is."))),
        (status = 202, description = "Added, without waiting.", body = super::DescribedAnswer,
            headers(("Location" = String, description = "Where it is."))),
        Problems, Collisions))]
pub(super) async fn create_action(call: Call, query: Query, JsonBody(node): JsonBody) -> Result<Response, Problem> {
    let wait = waits(query)?;
    let new = object(node, |fields| read(fields, None))?;
    let context = call.write_context(wait);
    let (cluster, caller) = (call.cluster.clone(), call.caller);
    let write = async move { cluster.create_action(&caller, &new, &context).await };
    made(call.cluster, wait, location, write).await
}
