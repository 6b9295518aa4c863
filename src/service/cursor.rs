//! Cursors: opaque, safe in a URL, bound to the question they were made for.

use super::error::ServiceError;
use super::who_has::WhoHasQuestion;
use crate::domain::UserId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The form of a cursor; another release may have another.
const FORM: u8 = 1;
const BYTES: usize = 17;

/// A position in an answer: after this user. It stays good after writes, whatever happened to him.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The last user delivered.
    pub after: UserId,
    /// A short hash of the question it was made for.
    pub question: u64,
}

/// A text that is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is none of ours: send `nextCursor` as it was answered, or leave it out to begin anew")]
pub struct CursorError;

impl Cursor {
    /// As it is sent.
    #[must_use]
    pub fn write(self) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(FORM);
        bytes.extend_from_slice(&self.after.0.to_be_bytes());
        bytes.extend_from_slice(&self.question.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`Cursor::write`] wrote.
    ///
    /// # Errors
    /// [`CursorError`] for anything else.
    pub fn read(text: &str) -> Result<Self, CursorError> {
        if text.len() > 2 * BYTES {
            return Err(CursorError);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
        let Some((&FORM, rest)) = bytes.split_first() else { return Err(CursorError) };
        let (after, question) = rest.split_at_checked(8).ok_or(CursorError)?;
        let after = i64::from_be_bytes(after.try_into().map_err(|_| CursorError)?);
        let question = u64::from_be_bytes(question.try_into().map_err(|_| CursorError)?);
        Ok(Self { after: UserId(after), question })
    }

    /// The position that `text` means in the question hashed to `question`.
    ///
    /// # Errors
    /// `BadRequest` when it is no cursor, `Invalid` when it is another question's.
    pub(super) fn of(text: &str, question: u64) -> Result<UserId, ServiceError> {
        let cursor = Self::read(text).map_err(|error| ServiceError::BadRequest(error.to_string()))?;
        if cursor.question == question {
            return Ok(cursor.after);
        }
        let detail = "the cursor was made for another question: ask that one, or leave it out to begin anew";
        Err(ServiceError::invalid("/cursor", detail))
    }
}

/// A short hash of what makes a who-has the question it is, the cluster that it is asked of included: not the page's
/// size, nor who asks.
pub(super) fn hash(cluster: &str, question: &WhoHasQuestion) -> u64 {
    let attributes = serde_json::to_vec(&question.attributes).unwrap_or_default();
    let (count, customer) = (question.resources.len().to_string(), question.customer.map_or(0, |customer| customer.0));
    let customer = customer.to_string();
    let parts = [cluster, question.action.as_str(), &count]
        .into_iter()
        .chain(question.resources.iter().map(crate::domain::Name::as_str));
    hash_of(parts.map(str::as_bytes).chain([&*attributes, customer.as_bytes()]))
}

/// A short hash of parts, each with its length before it, so that no two lists of them read the same.
pub(super) fn hash_of<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> u64 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let digest = hasher.finalize();
    digest.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ActionName, Attributes, CustomerId, ResourceName, Value};
    use proptest::prelude::*;

    fn question() -> WhoHasQuestion {
        WhoHasQuestion {
            action: ActionName::parse("doc:read").unwrap(),
            resources: vec![ResourceName::parse("acrn:app:1:doc/7").unwrap()],
            attributes: Attributes::new(),
            customer: None,
            limit: 10,
            cursor: None,
            after: None,
            debug: false,
        }
    }

    #[test]
    fn another_question_has_another_hash_and_another_page_size_has_not() {
        let asked = question();
        let mut other = question();
        other.limit = 20;
        other.cursor = Some("x".into());
        assert_eq!(hash("default", &asked), hash("default", &other));
        assert_ne!(hash("default", &asked), hash("eu", &asked));
        let changes: [fn(&mut WhoHasQuestion); 5] = [
            |q| q.action = ActionName::parse("doc:edit").unwrap(),
            |q| q.resources.clear(),
            |q| q.resources.push(ResourceName::parse("acrn:app:1:doc/8").unwrap()),
            |q| drop(q.attributes.insert("color".into(), Value::string("red"))),
            |q| q.customer = Some(CustomerId(1)),
        ];
        for change in changes {
            let mut other = question();
            change(&mut other);
            assert_ne!(hash("default", &asked), hash("default", &other));
        }
    }

    #[test]
    fn a_cursor_of_another_question_is_told_apart_from_what_is_no_cursor() {
        let text = Cursor { after: UserId(17), question: 5 }.write();
        assert_eq!(Cursor::of(&text, 5).unwrap(), UserId(17));
        assert!(matches!(Cursor::of(&text, 6), Err(ServiceError::Invalid(_))));
        assert!(matches!(Cursor::of("nonsense", 5), Err(ServiceError::BadRequest(_))));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(after: i64, question: u64) {
            let cursor = Cursor { after: UserId(after), question };
            prop_assert_eq!(Cursor::read(&cursor.write()), Ok(cursor));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,60}", urlsafe in "[A-Za-z0-9_-]{0,40}") {
            let _ = Cursor::read(&text);
            let _ = Cursor::read(&urlsafe);
        }
    }
}
