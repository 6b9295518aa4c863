//! `POST /v2/securityGroup`.

use super::super::answers::made;
use super::super::ask::{WriteParams, waits};
use super::{location, read};
use crate::http::body::{JsonBody, object};
use crate::http::call::Call;
use crate::http::openapi::{Collisions, Problems};
use crate::http::problem::Problem;
use crate::http::query::Query;
use axum::response::Response;

/// Create a security group
///
/// Its id is chosen here. It needs `permdex:securityGroup:create` on `securityGroup/<id>` in the customer.
#[utoipa::path(post, path = "/v2/securityGroup", tag = "security groups", params(WriteParams),
    request_body(content = super::Described, example = json!({"customerId": 1, "name": "Writers"})),
    responses(
        (status = 201, description = "Created, and every answer includes it.", body = super::DescribedAnswer,
            headers(("Location" = String, description = "Where it is."))),
        (status = 202, description = "Created; the job carries it to the index.", body = super::DescribedAnswer,
            headers(("Location" = String, description = "Where it is."))),
        Problems, Collisions))]
pub(super) async fn create_group(call: Call, query: Query, JsonBody(node): JsonBody) -> Result<Response, Problem> {
    let wait = waits(query)?;
    let new = object(node, read)?;
    let context = call.write_context(wait);
    let (cluster, caller) = (call.cluster.clone(), call.caller);
    let write = async move { cluster.create_group(&caller, &new, &context).await };
    made(call.cluster, wait, |record| location(record.id), write).await
}
