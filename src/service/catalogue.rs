//! The action catalogue as a caller sees it.

use super::caller::Caller;
use super::cluster::Cluster;
use super::error::ServiceError;

/// A known action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueAction {
    /// Its name.
    pub action: String,
    /// In a few words.
    pub title: String,
    /// In a sentence.
    pub description: String,
    /// Whether it may still change.
    pub experimental: bool,
    /// Whether the caller has it anywhere.
    pub allow: bool,
}

impl Cluster {
    /// The actions of a model, sorted by name.
    ///
    /// # Errors
    /// `UnknownModel` names the known ones; `Unavailable`.
    pub async fn catalogue(&self, caller: &Caller, model: &str) -> Result<Vec<CatalogueAction>, ServiceError> {
        todo!()
    }
}
