//! `DELETE /v2/policy/{id}`.

use super::super::answers::{Nothing, Stands, done};
use super::super::ask::{DeleteParams, DryRunParams, IfMatch, deletes, policy_id};
use crate::http::call::Call;
use crate::http::openapi::{Collisions, Problems};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::v2::dry_run::{self, Mode};
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;

/// Delete a policy
///
/// With `cascade`, its assignments go with it; a user caller must have what it denied. With `dryRun` nothing changes:
/// who would gain and lose what by it is answered.
#[utoipa::path(delete, path = "/v2/policy/{id}", tag = "policies",
    params(("id" = i64, Path, description = "Its id.", minimum = 1, example = 12), DeleteParams, DryRunParams, IfMatch),
    responses(
        (status = 200, description = "Deleted, and every answer includes it; or what `dryRun` asks for.",
            body = super::DescribedDeletion),
        (status = 202, description = "Deleted; the job carries it to the index.", body = Stands),
        Problems, Collisions))]
pub(super) async fn delete_policy(
    call: Call,
    query: Query,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = policy_id(&id)?;
    let (mode, deletion) = deletes(query, &headers)?;
    let Mode::Write { wait } = mode else {
        let context = call.write_context(false);
        let preview = call.cluster.preview_delete_policy(&call.caller, id, &deletion, &context);
        return Ok(dry_run::answer(&preview.await?));
    };
    let context = call.write_context(wait);
    let (cluster, caller) = (call.cluster.clone(), call.caller);
    let write = async move { Ok((cluster.delete_policy(&caller, id, &deletion, &context).await?, Nothing {})) };
    done(call.cluster, wait, write).await
}
