//! `ETag` and `If-Match`: a change is made to what the caller has read, or not at all.

use crate::service::error::ServiceError;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt;
use std::fmt::Write as _;

/// So many hexadecimal digits: 128 bits.
const DIGITS: usize = 32;

/// What a change requires of the state before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    #[default]
    None,
    /// That the thing is there (`If-Match: *`).
    Exists,
    /// That its tag is one of these.
    OneOf(Vec<String>),
}

/// A thing's tag, without quotes: the same as long as what is shown of it is.
#[must_use]
pub fn etag(record: &impl Serialize) -> String {
    let digest = Sha256::digest(serde_json::to_vec(record).unwrap_or_default());
    let mut text = String::with_capacity(2 * digest.len());
    for byte in &digest {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.truncate(DIGITS);
    text
}

impl Precondition {
    /// Whether it holds for `record`, `None` when there is no such thing.
    ///
    /// # Errors
    /// `PreconditionFailed`.
    pub(super) fn check<T: Serialize>(
        &self,
        record: Option<&T>,
        what: &'static str,
        id: impl fmt::Display,
    ) -> Result<(), ServiceError> {
        let holds = match self {
            Self::None => true,
            Self::Exists => record.is_some(),
            Self::OneOf(tags) => record.map(etag).is_some_and(|tag| tags.contains(&tag)),
        };
        if holds { Ok(()) } else { Err(ServiceError::PreconditionFailed { what, id: id.to_string() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tag_follows_what_is_shown() {
        let (one, other) = (json!({"name": "a"}), json!({"name": "b"}));
        assert_eq!(etag(&one), etag(&one.clone()));
        assert_ne!(etag(&one), etag(&other));
        assert_eq!(etag(&one).len(), DIGITS);
    }

    #[test]
    fn a_precondition_holds_for_what_was_read() {
        let (one, other) = (json!({"name": "a"}), json!({"name": "b"}));
        let tagged = Precondition::OneOf(vec![etag(&other), etag(&one)]);
        let check = |precondition: &Precondition, record: Option<&serde_json::Value>| {
            precondition.check(record, "user", 17).is_ok()
        };
        assert!(check(&tagged, Some(&one)) && !check(&tagged, Some(&json!({}))) && !check(&tagged, None));
        assert!(check(&Precondition::Exists, Some(&one)) && !check(&Precondition::Exists, None));
        assert!(check(&Precondition::None, None));
    }
}
