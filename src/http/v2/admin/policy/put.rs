//! `PUT /v2/policy/{id}`.

use super::super::answers::made;
use super::super::ask::{DryRunParams, IfMatch, WriteParams, policy_id, precondition, replacement, writes};
use super::{location, read};
use crate::http::body::JsonBody;
use crate::http::call::Call;
use crate::http::openapi::{Collisions, Problems};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::v2::dry_run::{self, Mode};
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;

/// Create or replace a policy
///
/// Takes what `GET` gives; doing it twice is a success. Its id may come from another system. With `dryRun` nothing
/// changes: who would gain and lose what by it is answered.
#[utoipa::path(put, path = "/v2/policy/{id}", tag = "policies",
    params(("id" = i64, Path, description = "Its id.", minimum = 1, example = 12), WriteParams, DryRunParams, IfMatch),
    request_body(content = super::Described, example = json!({"customerId": 1, "name": "Readers", "statements": [{"effect": "allow", "actions": ["doc:read"], "resources": ["acrn:app:${customerId}:doc/*"]}]})),
    responses(
        (status = 200, description = "Replaced, and every answer includes it; or what `dryRun` asks for.",
            body = super::DescribedOutcome),
        (status = 201, description = "Created, and every answer includes it.", body = super::DescribedAnswer,
            headers(("Location" = String, description = "Where it is."))),
        (status = 202, description = "Committed; the job carries it to the index.", body = super::DescribedAnswer),
        Problems, Collisions))]
pub(super) async fn put_policy(
    call: Call,
    query: Query,
    Path(id): Path<String>,
    headers: HeaderMap,
    JsonBody(node): JsonBody,
) -> Result<Response, Problem> {
    let (id, mode, condition) = (policy_id(&id)?, writes(query)?, precondition(&headers)?);
    let new = replacement(node, id.0, read)?;
    let Mode::Write { wait } = mode else {
        let context = call.write_context(false);
        let preview = call.cluster.preview_put_policy(&call.caller, id, &new, &condition, &context);
        return Ok(dry_run::answer(&preview.await?));
    };
    let context = call.write_context(wait);
    let (cluster, caller) = (call.cluster.clone(), call.caller);
    let write = async move { cluster.put_policy(&caller, id, &new, &condition, &context).await };
    made(call.cluster, wait, |record| location(record.id), write).await
}
