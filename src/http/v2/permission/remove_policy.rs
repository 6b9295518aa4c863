//! `DELETE /v2/permission/removepolicy`. HTTP only: the service decides who may take what.

use super::assignment::{self, policy_and_target, read_either};
use crate::http::body::OptionalJsonBody;
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::service::Change;
use axum::response::Response;

/// Remove a policy
///
/// Told by a body or by the query; removing what isn't there is a success. Needs `permdex:permission:remove` on the
/// policy in the target's customer. With `dryRun` nothing changes: who would lose what by it is answered.
#[utoipa::path(delete, path = "/v2/permission/removepolicy", tag = "assignments", params(assignment::Described),
    request_body(content = Option<assignment::Described>,
        example = json!({"policyId": 3, "securityGroupId": 5, "waitForCompletion": true})),
    responses(
        (status = 200, description = "Committed, and every answer includes it; or what `dryRun` asks for.",
            body = assignment::DescribedOutcome),
        (status = 202, description = "Committed; the job carries it to the index.", body = assignment::DescribedAnswer),
        Problems))]
pub(super) async fn remove_policy(call: Call, query: Query, body: OptionalJsonBody) -> Result<Response, Problem> {
    let asked = read_either(query, body, policy_and_target)?;
    assignment::change(call, Change::Remove, asked).await
}
