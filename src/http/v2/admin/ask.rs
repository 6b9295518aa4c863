//! What administration is asked: ids in paths, pages, how to write and to delete.

use crate::domain::{ActionName, CustomerId, PolicyId, SecurityGroupId, UserId};
use crate::http::body::object;
use crate::http::kind::Kind;
use crate::http::problem::Problem;
use crate::http::query::{Query, limit};
use crate::http::v2::dry_run::{Mode, mode};
use crate::json::{Errors, Fields, Node, canonical_integer, quoted};
use crate::service::ServiceError;
use crate::service::admin::{Deletion, MAX_LIMIT, Paging, Precondition};
use axum::http::HeaderMap;
use axum::http::header::IF_MATCH;
use utoipa::IntoParams;

/// `If-Match` names at most so many tags.
const MAX_TAGS: usize = 32;

/// Which page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `paging` reads it")]
pub(super) struct PageParams {
    /// At most so many.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u16>,
    /// Where to go on, as `nextCursor` said.
    cursor: Option<String>,
}

/// How to write.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `waits` reads it")]
pub(super) struct WriteParams {
    /// Answer when every check and search includes the change, or after 30 s.
    wait_for_completion: Option<bool>,
}

/// How to delete.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `deletion` reads it")]
pub(super) struct DeleteParams {
    /// Answer when every check and search includes the change, or after 30 s.
    wait_for_completion: Option<bool>,
    /// With everything that uses it.
    cascade: Option<bool>,
}

/// Whether to write.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `mode` reads it")]
pub(super) struct DryRunParams {
    /// Change nothing, and answer what the change would give and take. Excludes `waitForCompletion`.
    dry_run: Option<bool>,
}

/// What is required of the state before.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described: `precondition` reads it")]
pub(super) struct IfMatch {
    /// The `ETag` of what was read, or `*` for whatever is there.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
}

/// Reads the page that is asked for.
pub(super) fn paging(fields: &mut Fields<'_>) -> Option<Paging> {
    let limit = limit(fields, MAX_LIMIT);
    let cursor = fields.string("cursor");
    Some(Paging { limit: limit?, cursor })
}

/// Reads whether to wait.
///
/// # Errors
/// All that is wrong with the query.
pub(super) fn waits(query: Query) -> Result<bool, Problem> {
    query.read(|fields| Some(fields.boolean("waitForCompletion").unwrap_or(false)))
}

/// Reads whether to write, and to wait.
///
/// # Errors
/// All that is wrong with the query.
pub(super) fn writes(query: Query) -> Result<Mode, Problem> {
    query.read(|fields| Some(mode(fields)))
}

/// Reads how to delete: whether to wait, and the rest.
///
/// # Errors
/// All that is wrong with the query, or the header.
pub(super) fn deletion(query: Query, headers: &HeaderMap) -> Result<(bool, Deletion), Problem> {
    deletion_as(query, headers, |fields| fields.boolean("waitForCompletion").unwrap_or(false))
}

/// Reads whether to delete, and how.
///
/// # Errors
/// All that is wrong with the query, or the header.
pub(super) fn deletes(query: Query, headers: &HeaderMap) -> Result<(Mode, Deletion), Problem> {
    deletion_as(query, headers, mode)
}

fn deletion_as<T>(
    query: Query,
    headers: &HeaderMap,
    how: impl FnOnce(&mut Fields<'_>) -> T,
) -> Result<(T, Deletion), Problem> {
    let (how, cascade) = query.read(|fields| Some((how(fields), fields.boolean("cascade").unwrap_or(false))))?;
    Ok((how, Deletion { cascade, condition: precondition(headers)? }))
}

/// Reads `If-Match` (RFC 9110): tags in quotes, with commas between them, or `*`. A weak tag matches nothing.
///
/// # Errors
/// It is neither.
pub(super) fn precondition(headers: &HeaderMap) -> Result<Precondition, Problem> {
    let mut tags = Vec::new();
    for value in headers.get_all(IF_MATCH) {
        let text = value.to_str().unwrap_or("?").trim();
        if text == "*" {
            return Ok(Precondition::Exists);
        }
        for tag in text.split(',').map(str::trim) {
            let strong = tag.strip_prefix("W/").unwrap_or(tag);
            let bare = strong.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let Some(bare) = bare.filter(|bare| !bare.contains('"') && tags.len() < MAX_TAGS) else {
                let detail = format!("`{}` is no `If-Match`: send an `ETag` in quotes, or `*`", quoted(text));
                return Err(Problem::new(Kind::BadRequest, detail));
            };
            // A weak one keeps its prefix, and so is nobody's.
            tags.push(if strong == tag { bare.to_owned() } else { tag.to_owned() });
        }
    }
    Ok(if tags.is_empty() { Precondition::None } else { Precondition::OneOf(tags) })
}

/// Reads an id in a path: what can't be one is the id of nothing.
fn id(what: &'static str, text: &str) -> Result<i64, ServiceError> {
    let id = canonical_integer(text).filter(|id| *id > 0);
    id.ok_or_else(|| ServiceError::not_found(what, quoted(text)))
}

macro_rules! path_ids {
    ($($name:ident = $kind:ident $what:literal),+ $(,)?) => {
        $(/// The id in a path.
        ///
        /// # Errors
        /// It can't be one, so it is the id of nothing.
        pub(super) fn $name(text: &str) -> Result<$kind, ServiceError> {
            id($what, text).map($kind)
        })+
    };
}

path_ids!(
    customer_id = CustomerId "customer",
    user_id = UserId "user",
    group_id = SecurityGroupId "security group",
    policy_id = PolicyId "policy",
);

/// Reads an action's name in a path: what can't be one is the name of nothing.
///
/// # Errors
/// It can't be one.
pub(super) fn action_name(text: String) -> Result<String, ServiceError> {
    match ActionName::parse(&text) {
        Ok(_) => Ok(text),
        Err(_) => Err(ServiceError::not_found("action", quoted(&text))),
    }
}

/// Reads a body that replaces: it may be what `GET` gave, with the path's id and instants, which are ignored.
///
/// # Errors
/// All that is wrong.
pub(super) fn replacement<T>(
    node: Node,
    path: i64,
    read: impl FnOnce(&mut Fields<'_>) -> Option<T>,
) -> Result<T, Errors> {
    object(node, |fields| {
        if let Some(other) = fields.id("id").filter(|id| *id != path) {
            fields.wrong("id", format!("`{other}` is not the path's `{path}`: leave it out"));
        }
        fields.string("createdAt");
        fields.string("updatedAt");
        read(fields)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn condition(value: &str) -> Option<Precondition> {
        let mut headers = HeaderMap::new();
        headers.insert(IF_MATCH, HeaderValue::from_str(value).unwrap());
        precondition(&headers).ok()
    }

    #[test]
    fn if_match_is_tags_or_a_star_and_nothing_else() {
        let one_of = |tags: &[&str]| Some(Precondition::OneOf(tags.iter().map(ToString::to_string).collect()));
        assert_eq!(condition("*"), Some(Precondition::Exists));
        assert_eq!(condition("\"a\", \"b\""), one_of(&["a", "b"]));
        // A weak tag is compared strongly: it is none of ours.
        assert_eq!(condition("W/\"a\""), one_of(&["W/\"a\""]));
        assert_eq!(precondition(&HeaderMap::new()).unwrap(), Precondition::None);
        for wrong in ["a", "\"a", "\"a\" \"b\"", "", ","] {
            assert_eq!(condition(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_can_t_be_an_id_is_the_id_of_nothing() {
        assert_eq!(user_id("17").unwrap(), UserId(17));
        for wrong in ["0", "-1", "017", "+1", "x", "", "9223372036854775808"] {
            assert!(matches!(user_id(wrong), Err(ServiceError::NotFound { .. })), "{wrong}");
        }
    }
}
