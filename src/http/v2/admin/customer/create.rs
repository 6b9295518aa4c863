//! `POST /v2/customer`.

use super::super::answers::made;
use super::super::ask::{WriteParams, waits};
use super::{location, read};
use crate::http::app::App;
use crate::http::body::{JsonBody, object};
use crate::http::call::Call;
use crate::http::openapi::{Collisions, Problems};
use crate::http::problem::Problem;
use crate::http::query::Query;
use axum::extract::State;
use axum::response::Response;

/// Create a customer
///
/// Its id is chosen here. It needs `permdex:customer:create` on `customer/<id>`.
#[utoipa::path(post, path = "/v2/customer", tag = "customers", params(WriteParams),
    request_body(content = super::Described, example = json!({"organization": "initech", "name": "Initech"})),
    responses(
        (status = 201, description = "Created, and every answer includes it.", body = super::DescribedAnswer,
            headers(("Location" = String, description = "Where it is."))),
        (status = 202, description = "Created; the job carries it to the index.", body = super::DescribedAnswer,
            headers(("Location" = String, description = "Where it is."))),
        Problems, Collisions))]
pub(super) async fn create_customer(
    State(app): State<App>,
    call: Call,
    query: Query,
    JsonBody(node): JsonBody,
) -> Result<Response, Problem> {
    let wait = waits(query)?;
    let new = object(node, read)?;
    let context = call.write_context(wait);
    let elsewhere = app.clusters().elsewhere(&call.cluster);
    let (cluster, caller) = (call.cluster.clone(), call.caller);
    let write = async move { cluster.create_customer(&caller, &new, &elsewhere, &context).await };
    made(call.cluster, wait, |record| location(record.id), write).await
}
