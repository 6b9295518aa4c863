//! `PUT` and `DELETE /v2/securityGroup/{id}/member/{userId}`: one user joins or leaves.

use super::super::answers::{Nothing, Stands, done};
use super::super::ask::{WriteParams, group_id, user_id, waits};
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::service::admin::Membership;
use axum::extract::Path;
use axum::response::Response;

/// Put a user into a security group
///
/// Doing it twice is a success. Needs `permdex:securityGroup:update` on the group, and what the group gives.
#[utoipa::path(put, path = "/v2/securityGroup/{id}/member/{userId}", tag = "security groups",
    params(("id" = i64, Path, description = "The group's id.", minimum = 1, example = 5),
        ("userId" = i64, Path, description = "The user's id.", minimum = 1, example = 17), WriteParams),
    responses(
        (status = 200, description = "He is in, and every answer includes it.", body = Stands),
        (status = 202, description = "Committed; the job carries it to the index.", body = Stands),
        Problems))]
pub(super) async fn join(call: Call, query: Query, path: Path<(String, String)>) -> Result<Response, Problem> {
    change(call, query, path, Membership::Joins).await
}

/// Take a user out of a security group
///
/// Doing it twice is a success. Needs `permdex:securityGroup:update` on the group; a user caller must have what the
/// group denies.
#[utoipa::path(delete, path = "/v2/securityGroup/{id}/member/{userId}", tag = "security groups",
    params(("id" = i64, Path, description = "The group's id.", minimum = 1, example = 5),
        ("userId" = i64, Path, description = "The user's id.", minimum = 1, example = 17), WriteParams),
    responses(
        (status = 200, description = "He is out, and every answer includes it.", body = Stands),
        (status = 202, description = "Committed; the job carries it to the index.", body = Stands),
        Problems))]
pub(super) async fn leave(call: Call, query: Query, path: Path<(String, String)>) -> Result<Response, Problem> {
    change(call, query, path, Membership::Leaves).await
}

async fn change(
    call: Call,
    query: Query,
    Path((group, user)): Path<(String, String)>,
    change: Membership,
) -> Result<Response, Problem> {
    let (group, user, wait) = (group_id(&group)?, user_id(&user)?, waits(query)?);
    let context = call.write_context(wait);
    let (cluster, caller) = (call.cluster.clone(), call.caller);
    let write = async move { Ok((cluster.change_member(&caller, group, user, change, &context).await?, Nothing {})) };
    done(call.cluster, wait, write).await
}
