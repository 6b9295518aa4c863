//! The words of the inverted index. Documents and questions must spell them alike, so both come here.

use crate::domain::Value;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt::Write;

/// Longer patterns and values are cut and hashed: Lucene refuses terms beyond 32,766 bytes, and long ones cost memory.
const MAX_BYTES: usize = 100;
const KEPT_BYTES: usize = 50;
/// 192 bits: no two patterns that anybody can write collide.
const HASH_BYTES: usize = 24;

/// A pattern as a token. `$` is in no bound pattern, so a cut one is never another pattern's text.
pub(super) fn pattern(text: &str) -> Cow<'_, str> {
    if text.len() <= MAX_BYTES {
        return Cow::Borrowed(text);
    }
    // Patterns are ASCII, so every byte is a boundary; the whole hash stands in where one were not.
    let kept = text.get(..KEPT_BYTES).unwrap_or_default();
    Cow::Owned(format!("{kept}${}", hash(text)))
}

/// An (action pattern, resource pattern) pair as a token, of parts that are tokens.
pub(super) fn pair(action: &str, resource: &str) -> String {
    let mut token = String::with_capacity(action.len() + resource.len() + 1);
    token.push_str(action);
    token.push(' ');
    token.push_str(resource);
    token
}

/// An attribute's name as a token: without a bare `=`, else an attribute *named* `color=s:red` would pass for the
/// value `red` of `color`.
pub(super) fn attribute(name: &str) -> String {
    name.replace('%', "%25").replace('=', "%3D")
}

/// A value of an attribute as a token.
pub(super) fn value(name: &str, value: &Value) -> String {
    let (kind, text) = match value {
        Value::String(text) => ('s', Cow::Borrowed(&**text)),
        Value::Integer(_) | Value::Float(_) => ('n', Cow::Owned(value.to_string())),
        Value::Boolean(_) => ('b', Cow::Owned(value.to_string())),
    };
    let name = attribute(name);
    if text.len() <= MAX_BYTES {
        format!("{name}={kind}:{text}")
    } else {
        format!("{name}=h:{}", hash(&format!("{kind}:{text}")))
    }
}

fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(HASH_BYTES).fold(String::with_capacity(HASH_BYTES * 2), |mut hex, byte| {
        // Writing to a string can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
