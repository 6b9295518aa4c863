//! Fields of what is administered, each with its bounds: a line of an import and a body over HTTP are read alike.

use crate::domain::check_organization;
use crate::json::{Fields, Node, quoted};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

/// A name or title, in characters.
pub(crate) const MAX_NAME: usize = 256;
/// A description or justification, in characters.
pub(crate) const MAX_DESCRIPTION: usize = 4_096;
/// An e-mail address, in characters.
pub(crate) const MAX_EMAIL: usize = 320;
/// A language tag, in characters.
pub(crate) const MAX_LANGUAGE: usize = 35;
/// Ids above are refused: new ones are counted on from the highest.
const MAX_ID: i64 = 1 << 62;
const MAX_TAGS: usize = 20;
/// In characters, trimmed.
const MIN_JUSTIFICATION: usize = 10;

/// An id that must be there.
pub(crate) fn id(fields: &mut Fields<'_>, name: &'static str) -> Option<i64> {
    let found = fields.required_id(name)?;
    bounded(fields, name, found)
}

/// An id that may be there: `None` when it is wrong.
#[expect(clippy::option_option, reason = "wrong, not there, there")]
pub(crate) fn maybe_id(fields: &mut Fields<'_>, name: &'static str) -> Option<Option<i64>> {
    if !fields.has(name) {
        fields.nullable(name);
        return Some(None);
    }
    let found = fields.id(name)?;
    bounded(fields, name, found).map(Some)
}

fn bounded(fields: &mut Fields<'_>, name: &'static str, found: i64) -> Option<i64> {
    if found <= MAX_ID {
        return Some(found);
    }
    fields.wrong(name, format!("`{found}` is too large for an id: at most `{MAX_ID}`"));
    None
}

/// A text that must be there and say something.
pub(crate) fn text(fields: &mut Fields<'_>, name: &'static str, most: usize) -> Option<String> {
    let found = fields.required_string(name)?;
    if found.trim().is_empty() {
        fields.wrong(name, format!("`{name}` is empty"));
        return None;
    }
    fits(fields, name, found, most)
}

/// A text that may be there: `None` when it is wrong.
#[expect(clippy::option_option, reason = "wrong, not there, there")]
pub(crate) fn maybe_text(fields: &mut Fields<'_>, name: &'static str, most: usize) -> Option<Option<String>> {
    if !fields.has(name) {
        fields.nullable(name);
        return Some(None);
    }
    let found = fields.string(name)?;
    fits(fields, name, found, most).map(Some)
}

/// A text of at most so many characters, without a NUL.
pub(crate) fn fits(fields: &mut Fields<'_>, name: &'static str, found: String, most: usize) -> Option<String> {
    let characters = found.chars().count();
    if characters > most {
        fields.wrong(name, format!("`{name}` has {characters} characters: at most {most} are allowed"));
        return None;
    }
    // PostgreSQL keeps none.
    if found.contains('\0') {
        fields.wrong(name, format!("`{name}` has a NUL character: leave it out"));
        return None;
    }
    Some(found)
}

/// The slug of a customer.
pub(crate) fn organization(fields: &mut Fields<'_>) -> Option<String> {
    let found = fields.required_string("organization")?;
    match check_organization(&found) {
        Ok(()) => Some(found),
        Err(why) => {
            fields.wrong("organization", why);
            None
        }
    }
}

/// An instant, to the microsecond: what the database keeps.
pub(crate) fn instant(fields: &mut Fields<'_>, name: &'static str) -> Option<Timestamp> {
    let found = fields.required_string(name)?;
    let why = match found.parse::<Timestamp>() {
        Ok(instant) if instant.as_nanosecond() % 1_000 != 0 => "is finer than microseconds",
        Ok(instant) if instant < Timestamp::UNIX_EPOCH => "is before 1970",
        Ok(instant) => return Some(instant),
        Err(_) => "is no instant such as `2027-01-01T00:00:00Z`",
    };
    fields.wrong(name, format!("`{}` {why}", quoted(&found)));
    None
}

/// Why a temporary grant is made.
pub(crate) fn justification(fields: &mut Fields<'_>) -> Option<String> {
    let found = text(fields, "justification", MAX_DESCRIPTION)?;
    if found.trim().chars().count() < MIN_JUSTIFICATION {
        fields.wrong("justification", format!("a justification has at least {MIN_JUSTIFICATION} characters"));
        return None;
    }
    Some(found)
}

/// Tags: text to text or null.
pub(crate) fn tags(fields: &mut Fields<'_>) -> Option<Json> {
    let at = fields.at("tags");
    let list = match fields.node("tags") {
        None => return Some(Json::Object(Map::new())),
        Some(Node::Object(list)) if list.len() <= MAX_TAGS => list,
        Some(Node::Object(list)) => {
            fields.wrong("tags", format!("{} tags: at most {MAX_TAGS} are allowed", list.len()));
            return None;
        }
        Some(other) => {
            fields.wrong("tags", format!("expected an object, found {}", other.word()));
            return None;
        }
    };
    let (mut all, mut right) = (Map::new(), true);
    for (key, node) in list {
        let value = match node {
            Node::Null => Some(Json::Null),
            Node::String(text) if is_tag(&text) => Some(Json::String(text)),
            _ => None,
        };
        if let Some(value) = value.filter(|_| is_tag(&key)) {
            all.insert(key, value);
        } else {
            let why = "a tag is letters, digits, `_` and blanks, at most 256 of them; its value too, or null";
            fields.errors().add(format!("{at}/{}", quoted(&key)), why);
            right = false;
        }
    }
    right.then_some(Json::Object(all))
}

fn is_tag(text: &str) -> bool {
    let fits = |character: char| character.is_alphanumeric() || character == '_' || character.is_whitespace();
    (1..=MAX_NAME).contains(&text.chars().count()) && text.chars().all(fits)
}
