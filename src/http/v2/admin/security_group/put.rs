//! `PUT /v2/securityGroup/{id}`.

use super::super::answers::made;
use super::super::ask::{IfMatch, WriteParams, group_id, precondition, replacement, waits};
use super::{location, read};
use crate::http::body::JsonBody;
use crate::http::call::Call;
use crate::http::openapi::{Collisions, Problems};
use crate::http::problem::Problem;
use crate::http::query::Query;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;

/// Create or replace a security group
///
/// Takes what `GET` gives; doing it twice is a success. Its id may come from another system.
#[utoipa::path(put, path = "/v2/securityGroup/{id}", tag = "security groups",
    params(("id" = i64, Path, description = "Its id.", minimum = 1, example = 5), WriteParams, IfMatch),
    request_body(content = super::Described, example = json!({"customerId": 1, "name": "Writers"})),
    responses(
        (status = 200, description = "Replaced, and every answer includes it.", body = super::DescribedAnswer),
        (status = 201, description = "Created, and every answer includes it.", body = super::DescribedAnswer,
            headers(("Location" = String, description = "Where it is."))),
        (status = 202, description = "Committed; the job carries it to the index.", body = super::DescribedAnswer),
        Problems, Collisions))]
pub(super) async fn put_group(
    call: Call,
    query: Query,
    Path(id): Path<String>,
    headers: HeaderMap,
    JsonBody(node): JsonBody,
) -> Result<Response, Problem> {
    let (id, wait, condition) = (group_id(&id)?, waits(query)?, precondition(&headers)?);
    let new = replacement(node, id.0, read)?;
    let context = call.write_context(wait);
    let (cluster, caller) = (call.cluster.clone(), call.caller);
    let write = async move { cluster.put_group(&caller, id, &new, &condition, &context).await };
    made(call.cluster, wait, |record| location(record.id), write).await
}
