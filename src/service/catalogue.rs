//! The action catalogue as a caller sees it.

use super::caller::Caller;
use super::cluster::Cluster;
use super::error::ServiceError;
use crate::domain::ActionName;
use crate::json::quoted;
use crate::store::actions::{self, ActionEntry};

/// An answer names at most so many known models.
const MOST_MODELS: usize = 100;

/// A known action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueAction {
    /// Its name, model and texts.
    pub entry: ActionEntry,
    /// Whether the caller has it anywhere.
    pub allow: bool,
}

impl Cluster {
    /// The actions of a model, sorted by name.
    ///
    /// # Errors
    /// `UnknownModel` names the known ones; `Unavailable`.
    pub async fn catalogue(&self, caller: &Caller, model: &str) -> Result<Vec<CatalogueAction>, ServiceError> {
        let mut connection = self.connection().await?;
        let entries = self.observed(actions::by_model(&mut connection, model).await)?;
        if entries.is_empty() {
            let mut known = self.observed(actions::models(&mut connection).await)?;
            known.truncate(MOST_MODELS);
            return Err(ServiceError::UnknownModel { model: quoted(model), known });
        }
        let now = self.now();
        let seen = |entry: ActionEntry| CatalogueAction { allow: caller.has_anywhere(&entry.name, now), entry };
        Ok(entries.into_iter().map(seen).collect())
    }
}

impl Caller {
    /// Whether he has `action` anywhere. A service has every one that its scope permits.
    fn has_anywhere(&self, action: &str, now: i64) -> bool {
        match self {
            Self::Service(claims) => claims.scope.as_ref().is_none_or(|scope| scope.permits(action)),
            Self::User(user) => ActionName::parse(action)
                .is_ok_and(|action| user.document.permissions.check_anywhere(&action, now).allow),
        }
    }
}
