//! The OpenAPI document: what the endpoints say of themselves, and what all of them have in common.

mod cluster_header;
mod either;
mod not_null;

use super::app::App;
use super::router::endpoints;
use axum::Router;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi};
use utoipa::{IntoResponses, ToSchema};

/// What can come instead of an answer, from any endpoint that needs a caller.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(super) enum Problems {
    /// Not JSON, not UTF-8, an impossible header or cursor.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(ProblemBody),
    /// No or bad credentials; `WWW-Authenticate` says how.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(ProblemBody),
    /// Not permitted; names the missing action and resource.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemBody),
    /// Names what was not found.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemBody),
    /// The body is over 1 MiB.
    #[response(status = 413, content_type = "application/problem+json")]
    BodyTooLarge(ProblemBody),
    /// The body is not `application/json`.
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(ProblemBody),
    /// Understood but invalid: `errors` says all of it.
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(ProblemBody),
    /// Over a limit; `Retry-After` says when to come again.
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(ProblemBody),
    /// What is needed is unreachable; `Retry-After` says when to come again.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(ProblemBody),
}

/// What can come besides, from whatever changes something that is there.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(super) enum Collisions {
    /// A name or id is taken, or it is still in use; says by what.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(ProblemBody),
    /// `If-Match` failed: it is not what was read.
    #[response(status = 412, content_type = "application/problem+json")]
    PreconditionFailed(ProblemBody),
}

/// Why there is no answer (RFC 9457).
#[derive(ToSchema)]
#[schema(as = Problem, example = json!({"type": "urn:permdex:problem:unknown-field", "title": "Unknown field",
    "status": 422, "detail": "`/requestorId`: unknown field `requestorId`: did you mean `requesterId`?",
    "requestId": "0f3a61c2b7d94e15-1f", "errors": [{"pointer": "/requestorId", "detail": "unknown field `requestorId`"}]}))]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "only described")]
pub(super) struct ProblemBody {
    /// A stable name: `urn:permdex:problem:<kind>`.
    r#type: String,
    /// What it is, in a few words.
    title: String,
    /// The status.
    status: u16,
    /// The offending input in backticks, and what to do next.
    detail: String,
    /// The answer's `X-Request-Id`.
    request_id: String,
    /// Everything that is wrong with an input (422).
    errors: Option<Vec<InputError>>,
}

/// One thing that is wrong with an input.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described")]
pub(super) struct InputError {
    /// Where, as a JSON pointer (RFC 6901); a query parameter is `/name`.
    #[schema(example = "/statements/0/resources/0")]
    pointer: String,
    /// What is wrong and what to do.
    detail: String,
}

/// The document.
#[must_use]
pub fn openapi() -> OpenApi {
    documented().1
}

/// The router of all documented endpoints, and the document.
pub(super) fn documented() -> (Router<App>, OpenApi) {
    let (router, mut document) = endpoints().split_for_parts();
    not_null::mend(&mut document);
    either::mend(&mut document);
    cluster_header::add(&mut document);
    document.info = InfoBuilder::new()
        .title("permdex")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    let components = document.components.get_or_insert_default();
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.bearer_format = Some("JWT".to_owned());
    bearer.description = Some("A user's or service's token. `permdex token` makes one.".to_owned());
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let mut basic = Http::new(HttpAuthScheme::Basic);
    basic.description = Some("Users only: `{org_id}_{user_id}` and the token as password.".to_owned());
    components.add_security_scheme("basic", SecurityScheme::Http(basic));
    let none: [&str; 0] = [];
    document.security = Some(vec![SecurityRequirement::new("bearer", none), SecurityRequirement::new("basic", none)]);
    (router, document)
}

const ABOUT: &str = "May this user do this, what may this user do, and who may do this.\n\n\
A field or parameter that is not named here is refused by name (422). Errors are `application/problem+json`. \
Every answer carries `X-Request-Id`, echoed when sent (1 to 128 of `A-Za-z0-9._-`). \
Browsers that cannot set headers may send the token as `Sec-WebSocket-Protocol: bearer.<jwt>`. \
`x-mongo-cluster-name` names a storage cluster; without it, the one that the organization is in, else `default`.";
