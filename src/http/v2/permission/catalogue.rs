//! `GET /v2/permission/list`: the known actions of a model, and whether the caller has them.

use crate::http::answer::json;
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::json::Fields;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// Which actions.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
pub(super) struct Params {
    /// The model whose actions are listed.
    #[param(example = "doc")]
    model: String,
}

/// A known action.
#[derive(Serialize, ToSchema)]
#[schema(as = CatalogueAction)]
struct Known {
    #[schema(example = "doc:read")]
    action: String,
    #[schema(example = "Read documents")]
    title: String,
    description: String,
    /// Whether it may still change.
    experimental: bool,
    /// Whether the caller has it anywhere.
    allow: bool,
}

/// The known actions of a model
///
/// Sorted by name; `allow` says whether the caller has it anywhere. An unknown model is a 404 that names the known ones.
#[utoipa::path(get, path = "/v2/permission/list", tag = "questions", params(Params),
    responses((status = 200, description = "The actions.", body = Vec<Known>,
        example = json!([{"action": "doc:read", "title": "Read documents", "description": "May read documents.",
            "experimental": false, "allow": true}])), Problems))]
pub(super) async fn catalogue(call: Call, query: Query) -> Result<Response, Problem> {
    let model = query.read(read)?;
    let known = call.cluster.catalogue(&call.caller, &model).await?;
    let actions = known.into_iter().map(|known| Known {
        action: known.entry.name,
        title: known.entry.title,
        description: known.entry.description,
        experimental: known.entry.experimental,
        allow: known.allow,
    });
    Ok(json(StatusCode::OK, &actions.collect::<Vec<_>>()))
}

pub(super) fn read(fields: &mut Fields<'_>) -> Option<String> {
    fields.required_string("model")
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::http::query::Query;

    #[test]
    fn a_model_must_be_named() {
        let named = Query(vec![("model".into(), "doc".into())]);
        assert_eq!(named.read(read).unwrap(), "doc");
        assert!(Query::default().read(read).is_err());
    }
}
