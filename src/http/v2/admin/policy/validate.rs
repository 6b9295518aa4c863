//! `POST /v2/policy/validate`: what is wrong with a policy, without storing it.

use super::super::ask::replacement;
use super::read;
use crate::http::answer::json;
use crate::http::body::JsonBody;
use crate::http::call::Call;
use crate::http::openapi::{InputError, Problems};
use crate::http::problem::Problem;
use crate::http::query::NoQuery;
use crate::json::{FieldError, Fields, Node, Number};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether a policy could be stored.
#[derive(ToSchema)]
#[schema(as = Validation)]
#[expect(dead_code, reason = "only described")]
struct Described {
    valid: bool,
    /// Everything that is wrong.
    errors: Vec<InputError>,
}

#[derive(Serialize)]
struct Validation {
    valid: bool,
    errors: Vec<FieldError>,
}

/// Validate a policy
///
/// Whatever JSON is sent: 200 with everything that is wrong with it. Nothing is stored; every caller may ask.
#[utoipa::path(post, path = "/v2/policy/validate", tag = "policies",
    request_body(content = serde_json::Value, example = json!({"name": "Readers", "statements":
        [{"effect": "allow", "actions": ["doc:read"], "resources": ["acrn:app:1:doc-*"]}]})),
    responses((status = 200, description = "What is wrong with it.", body = Described), Problems))]
pub(super) async fn validate_policy(_: Call, _: NoQuery, JsonBody(node): JsonBody) -> Result<Response, Problem> {
    let errors = errors(node);
    Ok(json(StatusCode::OK, &Validation { valid: errors.is_empty(), errors }))
}

fn errors(node: Node) -> Vec<FieldError> {
    // As `PUT` reads it under the id that it says.
    let id = match &node {
        Node::Object(fields) => fields.iter().find_map(|(name, value)| match value {
            Node::Number(Number::Integer(id)) if name == "id" => i64::try_from(*id).ok(),
            _ => None,
        }),
        _ => None,
    };
    let read: fn(&mut Fields<'_>) -> _ = read;
    replacement(node, id.unwrap_or_default(), read).err().map(crate::json::Errors::into_vec).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn everything_that_is_wrong_is_named() {
        let pointers = |text: &str| -> Vec<String> {
            errors(parse(text.as_bytes()).unwrap()).into_iter().map(|error| error.pointer).collect()
        };
        let fine = r#"{"id":3,"name":"a","statements":[{"effect":"allow","actions":["doc:read"],"resources":["*"]}]}"#;
        assert!(pointers(fine).is_empty());
        assert_eq!(pointers("17").first().map(String::as_str), Some(""));
        let wrong = r#"{"name":"","statements":[{"effect":"give","actions":["doc-*"],"resources":[]}],"x":1}"#;
        let found = pointers(wrong);
        for pointer in ["/name", "/statements/0/effect", "/statements/0/actions/0", "/statements/0/resources", "/x"] {
            assert!(found.iter().any(|found| found == pointer), "{pointer} {found:?}");
        }
    }
}
