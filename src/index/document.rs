//! The document of one user.

use super::fields::Fields;
use crate::domain::{CustomerId, Permissions, UserId};
use std::sync::Arc;

/// A document has at most so many nested entries.
pub const MAX_ENTRIES: usize = 5_000;
/// A document is at most about so large, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 4 << 20;

/// What the index knows of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// For the answers of who-has.
    pub email: Box<str>,
    /// For the answers of who-has.
    pub ui_language: Box<str>,
    /// What he may do: whose they are and his tenant stand in here.
    pub permissions: Permissions,
    /// From the sequence `index_version`, taken before the data was read.
    pub version: i64,
}

/// The document can't be kept: an empty one takes its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TooLarge {
    /// Beyond [`MAX_ENTRIES`].
    #[error(
        "the user's permissions need {0} index entries: at most {MAX_ENTRIES} are allowed, give him fewer policies"
    )]
    Entries(usize),
    /// Beyond [`MAX_DOCUMENT_BYTES`].
    #[error("the user's permissions need {0} bytes: at most {MAX_DOCUMENT_BYTES} are allowed, give him fewer policies")]
    Bytes(usize),
}

impl Document {
    /// The document of somebody who is deleted, or whose own can't be kept: he has nothing.
    #[must_use]
    pub fn empty(user: UserId, customer: CustomerId, version: i64) -> Self {
        let permissions = Permissions { user, customer, active: false, statements: Vec::new() };
        Self { email: "".into(), ui_language: "".into(), permissions, version }
    }

    /// The user's id, which is the document's.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.permissions.user
    }

    /// Whether it is within the bounds that every engine can keep.
    ///
    /// # Errors
    /// Which bound it breaks. Both engines are held to the same ones, so that they give the same answers.
    pub fn check_size(&self) -> Result<(), TooLarge> {
        let most = self.permissions.statements.len();
        let bytes: usize = self.permissions.statements.iter().map(statement_bytes).sum();
        if most <= MAX_ENTRIES / 8 && bytes <= MAX_DOCUMENT_BYTES / 64 {
            // Far away from both: nearly everybody.
            return Ok(());
        }
        let fields = Fields::of(&self.permissions);
        if fields.entries.len() > MAX_ENTRIES {
            return Err(TooLarge::Entries(fields.entries.len()));
        }
        let bytes = bytes.saturating_add(fields.bytes());
        if bytes > MAX_DOCUMENT_BYTES { Err(TooLarge::Bytes(bytes)) } else { Ok(()) }
    }
}

/// About what the statement takes as JSON.
fn statement_bytes(statement: &Arc<crate::domain::Effective>) -> usize {
    let actions: usize = statement.actions.iter().map(|action| action.as_str().len() + 3).sum();
    let resources: usize = statement.resources.iter().map(|resource| resource.as_str().len() + 3).sum();
    let conditions: usize = statement
        .conditions
        .iter()
        .map(|(attribute, condition)| {
            let values: usize = condition.values().iter().map(|value| value.to_string().len() + 3).sum();
            attribute.len() + values + 32
        })
        .sum();
    actions + resources + conditions + 96
}
