//! `POST /v2/permission/verify`: compare index and database, user by user.

use super::rebuild::DescribedAnswer;
use crate::http::body::OptionalJsonBody;
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::NoQuery;
use crate::http::write;
use crate::json::{Errors, Fields, Node};
use axum::http::HeaderValue;
use axum::http::header::LOCATION;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

/// What is to be done with what differs.
#[derive(ToSchema)]
#[schema(as = VerifyRequest, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
pub(super) struct Described {
    /// Write the documents of those who differ anew, and compare them once more.
    repair: Option<bool>,
}

#[derive(Serialize)]
struct Nothing {}

/// Compare index and database
///
/// A job that compares every user's document with what PostgreSQL says he should have. Its `result` is
/// `{users, differences, examples[]}`: how many users were compared, how many differ (with `repair`: still differ, and
/// `repaired` how many do no more), and up to 100 of them with what the index gives them that the database does not, and
/// the other way round. Whoever is just being changed is waited for. Needs `permdex:permission:rebuild` on
/// `acrn:permdex:*:index/*`.
#[utoipa::path(post, path = "/v2/permission/verify", tag = "jobs",
    request_body(content = Option<Described>, example = json!({"repair": false})),
    responses(
        (status = 202, description = "Under way; `Location` is the job.", body = DescribedAnswer,
            headers(("Location" = String, description = "The job."))),
        Problems))]
pub(super) async fn verify(call: Call, _: NoQuery, body: OptionalJsonBody) -> Result<Response, Problem> {
    let repair = body.0.map_or(Ok(false), read)?;
    let context = call.write_context(false);
    let (cluster, caller) = (call.cluster.clone(), call.caller);
    let write = async move { cluster.verify(&caller, repair, &context).await };
    let (_, completion) = write::settle(call.cluster, write).await?;
    let mut response = write::answer(completion, Nothing {});
    if let Some(job) = completion.job
        && let Ok(location) = HeaderValue::try_from(format!("/v2/permission/job/{job}"))
    {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

pub(super) fn read(node: Node) -> Result<bool, Errors> {
    let mut errors = Errors::default();
    let mut fields = Fields::new(node, "", &mut errors);
    let repair = fields.boolean("repair").unwrap_or(false);
    fields.finish();
    errors.check(Some(repair))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn nothing_is_mended_unless_it_is_asked_for() {
        let repair = |body: &str| read(parse(body.as_bytes()).unwrap()).ok();
        assert_eq!((repair("{}"), repair(r#"{"repair":true}"#)), (Some(false), Some(true)));
        for wrong in [r#"{"repair":1}"#, r#"{"repair":null}"#, r#"{"Repair":true}"#, "[]"] {
            assert_eq!(repair(wrong), None, "{wrong}");
        }
    }
}
