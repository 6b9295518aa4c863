//! `/v2/action`: the catalogue of actions, one file an endpoint. Every caller may read it; services write it.

mod create;
mod delete;
mod get;
mod list;
mod put;

use super::answers::Stands;
use crate::domain::ActionName;
use crate::http::app::App;
use crate::json::{Fields, quoted};
use crate::service::admin::ActionEntry;
use crate::service::fields::{MAX_DESCRIPTION, MAX_NAME, maybe_text, text};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// An action to be.
#[derive(ToSchema)]
#[schema(as = NewAction)]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
pub(super) struct Described {
    /// A name of up to four segments, without wildcards.
    #[schema(example = "doc:read")]
    name: String,
    /// What it is done to; the name's first segment when it is left out.
    #[schema(example = "doc")]
    model: Option<String>,
    #[schema(example = "Read documents")]
    title: String,
    description: Option<String>,
    /// Whether it may still change.
    experimental: Option<bool>,
}

/// A known action.
#[derive(Serialize, ToSchema)]
#[schema(as = Action)]
pub(super) struct DescribedRecord {
    #[schema(example = "doc:read")]
    name: String,
    #[schema(example = "doc")]
    model: String,
    #[schema(example = "Read documents")]
    title: String,
    description: String,
    experimental: bool,
}

/// An action that was written.
#[derive(Serialize, ToSchema)]
#[schema(as = ActionAnswer)]
pub(super) struct DescribedAnswer {
    #[serde(flatten)]
    written: Stands,
    #[serde(flatten)]
    record: DescribedRecord,
}

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::list_actions, create::create_action)).routes(routes!(
        get::get_action,
        put::put_action,
        delete::delete_action
    ))
}

/// Where an action is: what a path can't hold as it is, is percent-encoded.
fn location(action: &ActionEntry) -> String {
    format!("/v2/action/{}", action.name.replace('%', "%25").replace('/', "%2F"))
}

/// Reads what an action is to be. `path`: the name that the path says.
fn read(fields: &mut Fields<'_>, path: Option<&str>) -> Option<ActionEntry> {
    let name = if path.is_some() { fields.string("name") } else { fields.required_string("name") };
    let name = match (name, path) {
        (Some(name), Some(path)) if name != path => {
            fields.wrong("name", format!("`{}` is not the path's `{}`: leave it out", quoted(&name), quoted(path)));
            None
        }
        (name, path) => name.or(path.map(str::to_owned)),
    };
    let parsed = name.as_deref().and_then(|name| match ActionName::parse(name) {
        Ok(name) => Some(name),
        Err(why) => {
            fields.wrong("name", why.to_string());
            None
        }
    });
    let model = maybe_text(fields, "model", MAX_NAME);
    let title = text(fields, "title", MAX_NAME);
    let description = maybe_text(fields, "description", MAX_DESCRIPTION);
    let given = fields.has("experimental");
    let experimental = fields.boolean("experimental");
    let name = parsed?;
    let first = name.as_str().split([':', '/']).next().unwrap_or_default();
    Some(ActionEntry {
        model: model?.unwrap_or_else(|| first.to_owned()),
        title: title?,
        description: description?.unwrap_or_default(),
        experimental: if given { experimental? } else { false },
        name: name.as_str().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::object;
    use crate::json::parse;

    #[test]
    fn the_model_is_the_first_segment_and_the_name_the_path_s() {
        let read = |text: &str, path: Option<&str>| {
            object(parse(text.as_bytes()).unwrap(), |fields| read(fields, path))
                .map_err(|errors| errors.into_vec().len())
        };
        let action = read(r#"{"name":"doc:read","title":"Read"}"#, None).unwrap();
        assert_eq!((action.model.as_str(), action.experimental), ("doc", false));
        assert_eq!(read(r#"{"title":"Read"}"#, Some("doc:read")).unwrap().name, "doc:read");
        for (wrong, path) in [
            (r#"{"title":"Read"}"#, None),
            (r#"{"name":"doc:*","title":"Read"}"#, None),
            (r#"{"name":"doc:edit","title":"Read"}"#, Some("doc:read")),
            (r#"{"title":"Read"}"#, Some("doc:*")),
            (r#"{"title":"Read","experimental":"no"}"#, Some("doc:read")),
        ] {
            assert_eq!(read(wrong, path), Err(1), "{wrong}");
        }
    }
}
