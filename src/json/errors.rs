//! What is wrong with an input: all of it, each with the place it stands at.

use serde::Serialize;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where, as a JSON pointer (RFC 6901); a query parameter is `/name`.
    pub pointer: String,
    /// What is wrong and what to do, in one line.
    pub detail: String,
}

/// Everything that is wrong with one input, up to [`Errors::MOST`].
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Errors {
    list: Vec<FieldError>,
}

impl Errors {
    /// More are not kept: a body of a megabyte of mistakes must not become an answer of a hundred.
    pub const MOST: usize = 100;

    /// Adds one; dropped when there are [`Errors::MOST`] already.
    pub fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        if self.list.len() < Self::MOST {
            self.list.push(FieldError { pointer: pointer.into(), detail: detail.into() });
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many things are wrong.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// All of them, in the order they were found.
    #[must_use]
    pub fn into_vec(self) -> Vec<FieldError> {
        self.list
    }

    /// `value` when nothing is wrong.
    ///
    /// # Errors
    /// All that is wrong; also when there is no value.
    pub fn check<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.is_empty() => Ok(value),
            _ => Err(self),
        }
    }
}

/// One step down a JSON pointer, with the escapes of RFC 6901.
#[must_use]
pub(super) fn step(pointer: &str, key: &str) -> String {
    let key = super::quoted(key).replace('~', "~0").replace('/', "~1");
    format!("{pointer}/{key}")
}
