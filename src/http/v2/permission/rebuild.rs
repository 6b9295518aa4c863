//! `POST /v2/permission/rebuild`: write documents anew, of everybody or of a few.

use crate::domain::{CustomerId, SecurityGroupId, UserId};
use crate::http::body::OptionalJsonBody;
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::NoQuery;
use crate::http::write;
use crate::json::{Errors, Fields, Node};
use crate::service::RebuildScope;
use axum::http::HeaderValue;
use axum::http::header::LOCATION;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

/// Whose documents; nothing is everybody's. At most one of the three.
#[derive(ToSchema)]
#[schema(as = RebuildRequest, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
pub(super) struct Described {
    /// All users of a customer.
    #[schema(minimum = 1)]
    customer_id: Option<i64>,
    /// The members of a group.
    #[schema(minimum = 1)]
    security_group_id: Option<i64>,
    /// One user.
    #[schema(minimum = 1)]
    user_id: Option<i64>,
    /// Answer when it is done, or after 30 s.
    wait_for_completion: Option<bool>,
}

/// A rebuild that is asked for.
#[derive(ToSchema)]
#[schema(as = RebuildAnswer, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described")]
pub(super) struct DescribedAnswer {
    /// The job: a new one, or an equal one that was still queued.
    #[schema(required = true, example = "01890a5d-ac96-774b-bcce-b302099a8057")]
    job_id: Option<uuid::Uuid>,
    /// Whether it is done.
    completed: bool,
}

#[derive(Serialize)]
struct Nothing {}

/// Rebuild the index
///
/// Nobody notices: the one that serves stays until the new one is whole. Joins an equal request that is still queued.
/// Needs `permdex:permission:rebuild` on `index/*`, for everybody's `acrn:permdex:*:index/*`.
#[utoipa::path(post, path = "/v2/permission/rebuild", tag = "jobs",
    request_body(content = Option<Described>, example = json!({"customerId": 1})),
    responses(
        (status = 200, description = "Done.", body = DescribedAnswer),
        (status = 202, description = "Under way; `Location` is the job.", body = DescribedAnswer,
            headers(("Location" = String, description = "The job."))),
        Problems))]
pub(super) async fn rebuild(call: Call, _: NoQuery, body: OptionalJsonBody) -> Result<Response, Problem> {
    let (scope, wait) = match body.0 {
        Some(node) => read(node)?,
        None => (RebuildScope::Everyone, false),
    };
    let context = call.write_context(wait);
    let (cluster, caller) = (call.cluster.clone(), call.caller);
    let write = async move { cluster.rebuild(&caller, scope, &context).await };
    let (_, completion) = write::settle(call.cluster, write).await?;
    let mut response = write::answer(completion, Nothing {});
    if let Some(job) = completion.job
        && let Ok(location) = HeaderValue::try_from(format!("/v2/permission/job/{job}"))
    {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

pub(super) fn read(node: Node) -> Result<(RebuildScope, bool), Errors> {
    let mut errors = Errors::default();
    let mut fields = Fields::new(node, "", &mut errors);
    let given = ["customerId", "securityGroupId", "userId"].map(|name| fields.has(name));
    let customer = fields.id("customerId").map(CustomerId).map(RebuildScope::Customer);
    let group = fields.id("securityGroupId").map(SecurityGroupId).map(RebuildScope::SecurityGroup);
    let user = fields.id("userId").map(UserId).map(RebuildScope::User);
    let wait = fields.boolean("waitForCompletion").unwrap_or(false);
    if given.into_iter().filter(|given| *given).count() > 1 {
        fields.errors().add("", "`customerId`, `securityGroupId` and `userId` exclude each other: keep one");
    }
    fields.finish();
    errors.check(Some((customer.or(group).or(user).unwrap_or(RebuildScope::Everyone), wait)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn scope(body: &str) -> Option<RebuildScope> {
        read(parse(body.as_bytes()).unwrap()).ok().map(|(scope, _)| scope)
    }

    #[test]
    fn nothing_is_everybody_and_a_mistake_is_not_everybody() {
        assert_eq!(scope("{}"), Some(RebuildScope::Everyone));
        assert_eq!(scope(r#"{"userId":17}"#), Some(RebuildScope::User(UserId(17))));
        assert_eq!(scope(r#"{"customerId":1}"#), Some(RebuildScope::Customer(CustomerId(1))));
        for wrong in
            [r#"{"userId":null}"#, r#"{"userid":17}"#, r#"{"userId":1,"customerId":1}"#, r#"{"userId":"1"}"#, "[]"]
        {
            assert_eq!(scope(wrong), None, "{wrong}");
        }
    }
}
