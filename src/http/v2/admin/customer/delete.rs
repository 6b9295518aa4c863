//! `DELETE /v2/customer/{id}`.

use super::super::answers::{Nothing, Stands, done};
use super::super::ask::{DeleteParams, IfMatch, customer_id, deletion};
use crate::http::call::Call;
use crate::http::openapi::{Collisions, Problems};
use crate::http::problem::Problem;
use crate::http::query::Query;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;

/// Delete a customer
///
/// With `cascade`, everything it has goes with it: users, groups, policies, roles, assignments.
#[utoipa::path(delete, path = "/v2/customer/{id}", tag = "customers",
    params(("id" = i64, Path, description = "Its id.", minimum = 1, example = 1), DeleteParams, IfMatch),
    responses(
        (status = 200, description = "Deleted, and every answer includes it.", body = Stands),
        (status = 202, description = "Deleted; the job carries it to the index.", body = Stands),
        Problems, Collisions))]
pub(super) async fn delete_customer(
    call: Call,
    query: Query,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = customer_id(&id)?;
    let (wait, deletion) = deletion(query, &headers)?;
    let context = call.write_context(wait);
    let (cluster, caller) = (call.cluster.clone(), call.caller);
    let write = async move { Ok((cluster.delete_customer(&caller, id, &deletion, &context).await?, Nothing {})) };
    done(call.cluster, wait, write).await
}
