//! Deleting: only what nothing uses, unless it is said to take that along.

use super::thing::Thing;
use crate::service::error::ServiceError;
use crate::store::records::Uses;

/// How to delete.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deletion {
    /// With everything that uses it.
    pub cascade: bool,
    /// What is required of the state before.
    pub condition: super::Precondition,
}

impl Deletion {
    /// Refuses what is in use.
    ///
    /// # Errors
    /// `Conflict` says by what, and how often.
    pub(super) fn allows(&self, thing: Thing, id: i64, uses: &Uses) -> Result<(), ServiceError> {
        if self.cascade || uses.is_empty() {
            return Ok(());
        }
        let uses: Vec<_> = uses.iter().map(|(word, count)| format!("{count} {word}")).collect();
        let (word, uses) = (thing.word, uses.join(", "));
        Err(ServiceError::Conflict(format!(
            "{word} `{id}` is in use by {uses}: remove them first, or delete with `?cascade=true`"
        )))
    }
}
