//! `POST` and `DELETE /v2/permission/usertopolicy`: assignments to users alone.

use super::assignment::{self, policy_and_user, read_either};
use crate::http::body::{JsonBody, OptionalJsonBody, object};
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::{NoQuery, Query};
use crate::service::Change;
use axum::response::Response;

/// Give a user a policy
///
/// Doing it twice is a success. Needs `permdex:permission:assign`, and a user can give only what he has.
/// With `dryRun` nothing changes: what he would gain by it is answered.
#[utoipa::path(post, path = "/v2/permission/usertopolicy", tag = "assignments",
    request_body(content = assignment::DescribedUser, example = json!({"policyId": 3, "userId": 17})),
    responses(
        (status = 200, description = "Committed, and every answer includes it; or what `dryRun` asks for.",
            body = assignment::DescribedOutcome),
        (status = 202, description = "Committed; the job carries it to the index.", body = assignment::DescribedAnswer),
        Problems))]
pub(super) async fn give_policy(call: Call, _: NoQuery, JsonBody(body): JsonBody) -> Result<Response, Problem> {
    let asked = object(body, policy_and_user)?;
    assignment::change(call, Change::Assign, asked).await
}

/// Take a policy from a user
///
/// Told by a body or by the query; removing what isn't there is a success. Needs `permdex:permission:remove`.
/// With `dryRun` nothing changes: what he would lose by it is answered.
#[utoipa::path(delete, path = "/v2/permission/usertopolicy", tag = "assignments", params(assignment::DescribedUser),
    request_body(content = Option<assignment::DescribedUser>, example = json!({"policyId": 3, "userId": 17})),
    responses(
        (status = 200, description = "Committed, and every answer includes it; or what `dryRun` asks for.",
            body = assignment::DescribedOutcome),
        (status = 202, description = "Committed; the job carries it to the index.", body = assignment::DescribedAnswer),
        Problems))]
pub(super) async fn take_policy(call: Call, query: Query, body: OptionalJsonBody) -> Result<Response, Problem> {
    let asked = read_either(query, body, policy_and_user)?;
    assignment::change(call, Change::Remove, asked).await
}
