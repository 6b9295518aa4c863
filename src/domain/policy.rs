//! Policies and grants read from JSON, strictly: every mistake is named with its place.

use super::condition::{Condition, Conditions};
use super::effective::Effect;
use super::grammar::NameError;
use super::grant::PermissionGrant;
use super::kind::Kind;
use super::pattern::ActionPattern;
use super::role::MAX_GRANTS;
use super::statement::Statement;
use super::template::Template;
use super::value::Value;
use crate::json::{Errors, Fields, Node, quoted};
use serde_json::{Value as Json, json};

/// A policy has 1 to so many statements.
pub const MAX_STATEMENTS: usize = 100;
/// A statement has 1 to so many actions.
pub const MAX_ACTIONS: usize = 100;
/// A statement has 1 to so many resources.
pub const MAX_RESOURCES: usize = 1_000;
/// A statement has at most so many conditions.
pub const MAX_CONDITIONS: usize = 10;
/// An `In` has 1 to so many values.
pub const MAX_VALUES: usize = 100;
/// An attribute's name is at most so long, in bytes.
pub const MAX_ATTRIBUTE_BYTES: usize = 64;
/// A string value is at most so long, in bytes.
pub const MAX_STRING_BYTES: usize = 1_024;

/// Reads the statements of a policy, which stand at `pointer`.
pub fn read_statements(node: Node, pointer: &str, errors: &mut Errors) -> Option<Vec<Statement>> {
    let items = items(node, pointer, 1..=MAX_STATEMENTS, "statements", errors)?;
    let read = |(index, item): (usize, Node)| read_statement(item, &format!("{pointer}/{index}"), errors);
    // Every statement is read, so that every mistake is named.
    let all: Vec<_> = items.into_iter().enumerate().map(read).collect();
    all.into_iter().collect()
}

fn read_statement(node: Node, pointer: &str, errors: &mut Errors) -> Option<Statement> {
    let before = errors.len();
    let mut fields = Fields::new(node, pointer, errors);
    let effect = fields.required_string("effect");
    let effect = match effect.as_deref() {
        Some("allow") => Some(Effect::Allow),
        Some("deny") => Some(Effect::Deny),
        Some(other) => {
            fields.wrong("effect", format!("`{}` is no effect: `allow` or `deny`", quoted(other)));
            None
        }
        None => None,
    };
    let actions = read_templates(&mut fields, "actions", MAX_ACTIONS);
    let resources = read_templates(&mut fields, "resources", MAX_RESOURCES);
    let conditions = match fields.node("conditions") {
        Some(node) => {
            let at = fields.at("conditions");
            read_conditions(node, &at, fields.errors())
        }
        None => Some(Conditions::new()),
    };
    fields.finish();
    let statement = Statement { effect: effect?, actions: actions?, resources: resources?, conditions: conditions? };
    // With an unknown field, or conditions of null, it may be meant otherwise: it is nothing.
    (errors.len() == before).then_some(statement)
}

fn read_templates<K: Kind>(fields: &mut Fields<'_>, name: &'static str, most: usize) -> Option<Vec<Template<K>>> {
    if !fields.has(name) {
        fields.required::<()>(name, None, false);
        return None;
    }
    let at = fields.at(name);
    let node = fields.node(name)?;
    let items = items(node, &at, 1..=most, name, fields.errors())?;
    let read =
        |(index, item): (usize, Node)| read_text(item, &format!("{at}/{index}"), Template::parse, fields.errors());
    let all: Vec<_> = items.into_iter().enumerate().map(read).collect();
    all.into_iter().collect()
}

fn read_text<T>(
    node: Node,
    pointer: &str,
    parse: impl Fn(&str) -> Result<T, NameError>,
    errors: &mut Errors,
) -> Option<T> {
    let Node::String(text) = node else {
        errors.add(pointer, format!("expected a string, found {}", node.word()));
        return None;
    };
    parse(&text).map_err(|error| errors.add(pointer, error.to_string())).ok()
}

/// Reads conditions, `{attribute: {type: Equals|NotEquals, value} | {type: In, values}}`.
pub fn read_conditions(node: Node, pointer: &str, errors: &mut Errors) -> Option<Conditions> {
    let Node::Object(list) = node else {
        errors.add(pointer, format!("expected an object, found {}", node.word()));
        return None;
    };
    if list.len() > MAX_CONDITIONS {
        errors.add(pointer, format!("{} conditions: at most {MAX_CONDITIONS} are allowed", list.len()));
        return None;
    }
    let mut all = Some(Conditions::new());
    for (attribute, node) in list {
        let at = format!("{pointer}/{}", quoted(&attribute).replace('~', "~0").replace('/', "~1"));
        let named = check_attribute(&attribute, &at, errors);
        let condition = read_condition(node, &at, errors);
        match (condition, &mut all) {
            (Some(condition), Some(all)) if named => _ = all.insert(attribute.into(), condition),
            _ => all = None,
        }
    }
    all
}

/// Whether `attribute` is a fine name for one; says why not.
pub fn check_attribute(attribute: &str, pointer: &str, errors: &mut Errors) -> bool {
    let why = match attribute.len() {
        0 => "an attribute's name is empty".to_owned(),
        1..=MAX_ATTRIBUTE_BYTES if attribute.contains(char::is_control) => {
            format!("the attribute `{}` has a control character in its name", quoted(attribute))
        }
        1..=MAX_ATTRIBUTE_BYTES => return true,
        length => format!("an attribute's name of {length} bytes: at most {MAX_ATTRIBUTE_BYTES} are allowed"),
    };
    errors.add(pointer, why);
    false
}

fn read_condition(node: Node, pointer: &str, errors: &mut Errors) -> Option<Condition> {
    let before = errors.len();
    let mut fields = Fields::new(node, pointer, errors);
    let kind = fields.required_string("type");
    let condition = match kind.as_deref() {
        Some(kind @ ("Equals" | "NotEquals")) => {
            let at = fields.at("value");
            let given = fields.has("value");
            let node = fields.node("value");
            fields.required("value", node, given).and_then(|node| read_value(node, &at, fields.errors())).map(|value| {
                if kind == "Equals" { Condition::Equals { value } } else { Condition::NotEquals { value } }
            })
        }
        Some("In") => {
            let at = fields.at("values");
            let given = fields.has("values");
            let node = fields.node("values");
            let node = fields.required("values", node, given);
            node.and_then(|node| read_values(node, &at, fields.errors())).map(|values| Condition::In { values })
        }
        Some(other) => {
            fields.wrong("type", format!("`{}` is no condition: `Equals`, `NotEquals` or `In`", quoted(other)));
            return None;
        }
        None => return None,
    };
    fields.finish();
    condition.filter(|_| errors.len() == before)
}

fn read_values(node: Node, pointer: &str, errors: &mut Errors) -> Option<Vec<Value>> {
    let items = items(node, pointer, 1..=MAX_VALUES, "values", errors)?;
    let read = |(index, item): (usize, Node)| read_value(item, &format!("{pointer}/{index}"), errors);
    let all: Vec<_> = items.into_iter().enumerate().map(read).collect();
    all.into_iter().collect()
}

/// Reads a value of a condition or an attribute.
pub fn read_value(node: Node, pointer: &str, errors: &mut Errors) -> Option<Value> {
    match Value::from_node(node) {
        Ok(Value::String(text)) if text.len() > MAX_STRING_BYTES => {
            errors.add(pointer, format!("a string of {} bytes: at most {MAX_STRING_BYTES} are allowed", text.len()));
            None
        }
        // PostgreSQL keeps no NUL, and no resource's attribute has one.
        Ok(Value::String(text)) if text.contains('\0') => {
            errors.add(pointer, "the string has a NUL character: leave it out");
            None
        }
        Ok(value) => Some(value),
        Err(error) => {
            errors.add(pointer, error.to_string());
            None
        }
    }
}

/// Reads a permission grant, `{"permission_name": …, "conditions": {…}}`.
pub fn read_grant(node: Node, pointer: &str, errors: &mut Errors) -> Option<PermissionGrant> {
    let before = errors.len();
    let mut fields = Fields::new(node, pointer, errors);
    let at = fields.at("permission_name");
    let given = fields.has("permission_name");
    let node = fields.node("permission_name");
    let name = fields
        .required("permission_name", node, given)
        .and_then(|node| read_text(node, &at, ActionPattern::parse, fields.errors()));
    let at = fields.at("conditions");
    let conditions = match fields.node("conditions") {
        Some(node) => read_conditions(node, &at, fields.errors()),
        None => Some(Conditions::new()),
    };
    fields.finish();
    let grant = PermissionGrant { permission_name: name?, conditions: conditions? };
    (errors.len() == before).then_some(grant)
}

/// Reads the permission grants of a role, which stand at `pointer`; it may have none.
pub fn read_grants(node: Node, pointer: &str, errors: &mut Errors) -> Option<Vec<PermissionGrant>> {
    let items = items(node, pointer, 0..=MAX_GRANTS, "grants", errors)?;
    let read = |(index, item): (usize, Node)| read_grant(item, &format!("{pointer}/{index}"), errors);
    let all: Vec<_> = items.into_iter().enumerate().map(read).collect();
    all.into_iter().collect()
}

fn items(
    node: Node,
    pointer: &str,
    bounds: std::ops::RangeInclusive<usize>,
    word: &str,
    errors: &mut Errors,
) -> Option<Vec<Node>> {
    match node {
        Node::Array(items) if bounds.contains(&items.len()) => Some(items),
        Node::Array(items) => {
            let (least, most) = (bounds.start(), bounds.end());
            errors.add(pointer, format!("{} {word}: {least} to {most} are allowed", items.len()));
            None
        }
        other => {
            errors.add(pointer, format!("expected an array, found {}", other.word()));
            None
        }
    }
}

/// The statements as JSON, as `read_statements` reads them.
#[must_use]
pub fn write_statements(statements: &[Statement]) -> Json {
    statements.iter().map(write_statement).collect()
}

fn write_statement(statement: &Statement) -> Json {
    let actions: Vec<_> = statement.actions.iter().map(Template::as_str).collect();
    let resources: Vec<_> = statement.resources.iter().map(Template::as_str).collect();
    let mut written = json!({"effect": statement.effect, "actions": actions, "resources": resources});
    if let (Some(object), false) = (written.as_object_mut(), statement.conditions.is_empty()) {
        object.insert("conditions".to_owned(), json!(statement.conditions));
    }
    written
}

/// The grant as JSON, as `read_grant` reads it.
#[must_use]
pub fn write_grant(grant: &PermissionGrant) -> Json {
    json!({"permission_name": grant.permission_name, "conditions": grant.conditions})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn errors(text: &str) -> Vec<String> {
        let mut errors = Errors::default();
        let read = read_statements(parse(text.as_bytes()).unwrap(), "/statements", &mut errors);
        assert_eq!(read.is_none(), !errors.is_empty(), "{text}");
        errors.into_vec().into_iter().map(|error| format!("{} {}", error.pointer, error.detail)).collect()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = r#"[{"effect":"deny","actions":["doc:*"],"resources":["acrn:app:${customerId}:doc/${userId}"],
            "conditions":{"color":{"type":"In","values":["red",1,true,1.5]},"owner":{"type":"NotEquals","value":"{self_user_id}"}}}]"#;
        let read = |text: &str| read_statements(parse(text.as_bytes()).unwrap(), "", &mut Errors::default()).unwrap();
        let statements = read(text);
        assert_eq!(read(&write_statements(&statements).to_string()), statements);
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        let found = errors(
            r#"[{"effect":"Allow","actions":["doc-*"],"resources":[],"condition":{}},
                {"effect":"allow","actions":["doc:read"],"resources":["acrn:a/b","doc"],
                 "conditions":{"a":{"type":"Equals","values":["x"]},"b":{"type":"In","values":[]},"c":{"type":"Like"},"d":{"type":"Equals","value":[1]},"e":1}}]"#,
        );
        let pointers: Vec<_> = found.iter().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(
            pointers,
            [
                "/statements/0/effect",
                "/statements/0/actions/0",
                "/statements/0/resources",
                "/statements/0/condition",
                "/statements/1/resources/1",
                "/statements/1/conditions/a/value",
                "/statements/1/conditions/a/values",
                "/statements/1/conditions/b/values",
                "/statements/1/conditions/c/type",
                "/statements/1/conditions/d/value",
                "/statements/1/conditions/e",
                "/statements/1/conditions/e/type",
            ],
            "{found:#?}"
        );
    }
}
