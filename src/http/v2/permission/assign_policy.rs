//! `POST /v2/permission/assignPolicy`. HTTP only: the service decides who may give what.

use super::assignment::{self, policy_and_target};
use crate::http::body::{JsonBody, object};
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::NoQuery;
use crate::service::Change;
use axum::response::Response;

/// Assign a policy
///
/// To a user, a group or all users of a customer; doing it twice is a success. Needs `permdex:permission:assign` on the
/// policy in the target's customer, and a user can give only what he has.
/// With `dryRun` nothing changes: who would gain what by it is answered.
#[utoipa::path(post, path = "/v2/permission/assignPolicy", tag = "assignments",
    request_body(content = assignment::Described,
        example = json!({"policyId": 3, "securityGroupId": 5, "waitForCompletion": true})),
    responses(
        (status = 200, description = "Committed, and every answer includes it; or what `dryRun` asks for.",
            body = assignment::DescribedOutcome),
        (status = 202, description = "Committed; the job carries it to the index.", body = assignment::DescribedAnswer),
        Problems))]
pub(super) async fn assign_policy(call: Call, _: NoQuery, JsonBody(body): JsonBody) -> Result<Response, Problem> {
    let asked = object(body, policy_and_target)?;
    assignment::change(call, Change::Assign, asked).await
}
