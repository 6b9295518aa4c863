//! Reading what the role API is asked: bodies in `snake_case`, ids as strings, names in paths.

use crate::domain::{FrontendView, PermissionGrant, UserId, read_grants, role_name};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::json::{Fields, Node, canonical_integer, quoted};
use crate::service::ServiceError;
use crate::service::fields::{MAX_DESCRIPTION, fits};

/// Reads `waitForCompletion`, which is true unless said otherwise.
///
/// # Errors
/// All that is wrong with the query.
pub(super) fn waits(query: Query) -> Result<bool, Problem> {
    query.read(|fields| Some(fields.boolean("waitForCompletion").unwrap_or(true)))
}

/// The role that a path names. What can be no role's name is nobody's.
///
/// # Errors
/// 404.
pub(super) fn named(text: &str) -> Result<String, Problem> {
    let name = role_name(text).map_err(|_| ServiceError::not_found("role", quoted(text)))?;
    Ok(name.to_owned())
}

/// The new name of a role.
pub(super) fn new_name(fields: &mut Fields<'_>, field: &'static str) -> Option<String> {
    let found = fields.required_string(field)?;
    role_name(&found).map(str::to_owned).map_err(|why| fields.wrong(field, why)).ok()
}

/// A description, which says something.
pub(super) fn description(fields: &mut Fields<'_>, found: String) -> Option<String> {
    if found.trim().is_empty() {
        fields.wrong("description", "`description` is empty: say what the role is for");
        return None;
    }
    fits(fields, "description", found, MAX_DESCRIPTION)
}

/// A view.
pub(super) fn view(fields: &mut Fields<'_>, found: &str) -> Option<FrontendView> {
    FrontendView::parse(found).map_err(|why| fields.wrong("frontend_view", why)).ok()
}

/// What a role gives.
pub(super) fn grants(fields: &mut Fields<'_>, node: Node) -> Option<Vec<PermissionGrant>> {
    let at = fields.at("permission_grants");
    read_grants(node, &at, fields.errors())
}

/// A user's id, in decimal.
pub(super) fn user_id(fields: &mut Fields<'_>) -> Option<UserId> {
    let found = fields.required_string("user_id")?;
    let id = decimal(&found).map(UserId);
    if id.is_none() {
        fields.wrong("user_id", no_id(&found));
    }
    id
}

/// A positive integer as this API writes ids.
pub(super) fn decimal(text: &str) -> Option<i64> {
    canonical_integer(text).filter(|id| *id > 0)
}

/// What is wrong with a text that is no id.
pub(super) fn no_id(text: &str) -> String {
    format!("`{}` is no id: ids are positive integers in decimal, such as `17`", quoted(text))
}
