//! One line: everything about it that can be said without the others, and its row.

use super::error::LineErrors;
use super::staged::{Copy, Kind, Staged};
use crate::domain::{
    ActionName, FrontendView, read_grant, read_grants, read_statements, role_name, write_grant, write_statements,
};
use crate::json::{Errors, Fields, Node, ParseError, parse, quoted};
use crate::service::fields::{
    MAX_DESCRIPTION, MAX_EMAIL, MAX_LANGUAGE, MAX_NAME, id, instant, justification, maybe_id, maybe_text, organization,
    tags, text,
};
use serde_json::Value as Json;
use uuid::Uuid;

/// Reads one line; either its row is staged, or all that is wrong with it is said.
pub(super) fn read_line(number: u64, bytes: &[u8], staged: &mut Staged, errors: &mut LineErrors) {
    let mut wrong = Errors::default();
    match parse(bytes) {
        Ok(node) => read_object(number, node, staged, &mut wrong),
        Err(ParseError::Invalid(invalid)) => wrong = invalid,
        Err(ParseError::NotJson(why)) => errors.add(number, format!("not JSON: {why}")),
    }
    for error in wrong.into_vec() {
        let place = if error.pointer.is_empty() { String::new() } else { format!("`{}`: ", error.pointer) };
        errors.add(number, format!("{place}{}", error.detail));
    }
}

fn read_object(number: u64, node: Node, staged: &mut Staged, errors: &mut Errors) {
    let mut fields = Fields::new(node, "", errors);
    let Some(word) = fields.required_string("kind") else { return };
    let Some(kind) = Kind::parse(&word) else {
        let known = Kind::ALL.map(Kind::word).join("`, `");
        fields.wrong("kind", format!("`{}` is no kind: one of `{known}`", quoted(&word)));
        return;
    };
    let mut row = Copy::row(number);
    let read = match kind {
        Kind::Customer => customer(&mut fields, &mut row),
        Kind::Role => role(&mut fields, &mut row),
        Kind::User => user(&mut fields, &mut row),
        Kind::SecurityGroup => security_group(&mut fields, &mut row),
        Kind::Member => member(&mut fields, &mut row),
        Kind::Policy => policy(&mut fields, &mut row),
        Kind::Assignment => assignment(&mut fields, &mut row),
        Kind::Action => action(&mut fields, &mut row),
        Kind::TemporaryGrant => temporary_grant(&mut fields, &mut row),
    };
    fields.finish();
    if read.is_some() && errors.is_empty() {
        staged.add(kind, row);
    }
}

// Each takes all its fields first, so that every mistake is named, and then writes the row, in the order of its
// staging table's columns (`sql.rs`); `None` when a field is missing or wrong, which was said then.

fn customer(fields: &mut Fields<'_>, row: &mut Copy) -> Option<()> {
    let key = id(fields, "id");
    let organization = organization(fields);
    let name = text(fields, "name", MAX_NAME);
    row.integer(key?).text(&organization?).text(&name?);
    Some(())
}

fn role(fields: &mut Fields<'_>, row: &mut Copy) -> Option<()> {
    let key = maybe_id(fields, "id");
    let organization = organization(fields);
    let name = text(fields, "name", MAX_NAME);
    let name = name.and_then(|name| trimmed(fields, "name", name));
    let description = maybe_text(fields, "description", MAX_DESCRIPTION);
    let view = fields.required_string("frontendView");
    if let Some(Err(why)) = view.as_deref().map(FrontendView::parse) {
        fields.wrong("frontendView", why);
    }
    let grants = grants(fields);
    row.maybe_integer(key?).text(&organization?).text(&name?).text(description?.as_deref().unwrap_or_default());
    row.text(&view?).text(&grants?.to_string());
    Some(())
}

/// A role's name, which must be trimmed already: users name it exactly so.
fn trimmed(fields: &mut Fields<'_>, field: &str, name: String) -> Option<String> {
    match role_name(&name) {
        Ok(trimmed) if trimmed == name => return Some(name),
        Ok(_) => fields.wrong(field, format!("`{}` begins or ends with a blank: leave it out", quoted(&name))),
        Err(why) => fields.wrong(field, why),
    }
    None
}

fn grants(fields: &mut Fields<'_>) -> Option<Json> {
    if !fields.has("permissionGrants") {
        // Takes it, so that it is known.
        fields.nullable("permissionGrants");
        return Some(Json::Array(Vec::new()));
    }
    let at = fields.at("permissionGrants");
    let node = fields.node("permissionGrants")?;
    Some(read_grants(node, &at, fields.errors())?.iter().map(write_grant).collect())
}

fn user(fields: &mut Fields<'_>, row: &mut Copy) -> Option<()> {
    let key = id(fields, "id");
    let customer = id(fields, "customerId");
    let email = text(fields, "email", MAX_EMAIL);
    let language = maybe_text(fields, "uiLanguage", MAX_LANGUAGE);
    let given = fields.has("active");
    let active = fields.boolean("active");
    let role = maybe_text(fields, "roleName", MAX_NAME);
    if given {
        active?;
    }
    row.integer(key?).integer(customer?).text(&email?).text(language?.as_deref().unwrap_or("en"));
    row.boolean(active.unwrap_or(true)).maybe_text(role?.as_deref());
    Some(())
}

fn security_group(fields: &mut Fields<'_>, row: &mut Copy) -> Option<()> {
    let key = id(fields, "id");
    let customer = id(fields, "customerId");
    let name = text(fields, "name", MAX_NAME);
    let description = maybe_text(fields, "description", MAX_DESCRIPTION);
    row.integer(key?).integer(customer?).text(&name?).maybe_text(description?.as_deref());
    Some(())
}

fn member(fields: &mut Fields<'_>, row: &mut Copy) -> Option<()> {
    let group = id(fields, "securityGroupId");
    let user = id(fields, "userId");
    row.integer(group?).integer(user?);
    Some(())
}

fn policy(fields: &mut Fields<'_>, row: &mut Copy) -> Option<()> {
    let key = id(fields, "id");
    let customer = maybe_id(fields, "customerId");
    let name = text(fields, "name", MAX_NAME);
    let description = maybe_text(fields, "description", MAX_DESCRIPTION);
    let at = fields.at("statements");
    let given = fields.has("statements");
    let node = fields.node("statements");
    let node = fields.required("statements", node, given);
    let statements = node.and_then(|node| read_statements(node, &at, fields.errors()));
    row.integer(key?).maybe_integer(customer?).text(&name?).maybe_text(description?.as_deref());
    row.text(&write_statements(&statements?).to_string());
    Some(())
}

fn assignment(fields: &mut Fields<'_>, row: &mut Copy) -> Option<()> {
    let policy = id(fields, "policyId");
    let user = maybe_id(fields, "userId");
    let group = maybe_id(fields, "securityGroupId");
    let customer = maybe_id(fields, "customerId");
    match (user, group, customer) {
        (Some(Some(_)), Some(Some(_)), _) => {
            fields.wrong("securityGroupId", "`userId` and `securityGroupId` exclude each other: keep one");
            return None;
        }
        (Some(None), Some(None), Some(None)) => {
            fields.wrong("userId", "a target is missing: `userId`, `securityGroupId` or `customerId`");
            return None;
        }
        _ => {}
    }
    row.integer(policy?).maybe_integer(user?).maybe_integer(group?).maybe_integer(customer?);
    Some(())
}

fn action(fields: &mut Fields<'_>, row: &mut Copy) -> Option<()> {
    let name = fields.required_string("name");
    let name = name.and_then(|name| match ActionName::parse(&name) {
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
    if given {
        experimental?;
    }
    let name = name?;
    let first = name.as_str().split([':', '/']).next().unwrap_or_default();
    row.text(name.as_str()).text(model?.as_deref().unwrap_or(first)).text(&title?);
    row.text(description?.as_deref().unwrap_or_default()).boolean(experimental.unwrap_or(false));
    Some(())
}

fn temporary_grant(fields: &mut Fields<'_>, row: &mut Copy) -> Option<()> {
    let key = fields.required_string("id");
    let key = key.and_then(|text| {
        let key = Uuid::try_parse(&text).ok();
        if key.is_none() {
            fields.wrong("id", format!("`{}` is no UUID", quoted(&text)));
        }
        key
    });
    let user = id(fields, "userId");
    let at = fields.at("permissionGrant");
    let given = fields.has("permissionGrant");
    let node = fields.node("permissionGrant");
    let node = fields.required("permissionGrant", node, given);
    let grant = node.and_then(|node| read_grant(node, &at, fields.errors()));
    let expires_at = instant(fields, "expiresAt");
    let justification = justification(fields);
    let tags = tags(fields);
    row.text(&key?.to_string()).integer(user?).text(&write_grant(&grant?).to_string());
    row.text(&expires_at?.to_string()).text(&justification?).text(&tags?.to_string());
    Some(())
}
