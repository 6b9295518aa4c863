//! The document of one user: from the index, else from PostgreSQL.

use super::after::Effects;
use super::caller::{Caller, permitted};
use super::cluster::Cluster;
use super::error::ServiceError;
use super::health::Dependency;
use super::right::{Own, Right};
use crate::domain::UserId;
use crate::index::{Document, IndexError};
use crate::queue::JobId;
use crate::store::StoreError;
use crate::store::snapshot::{self, LoadedUser};
use futures::future::BoxFuture;
use sqlx::PgConnection;
use std::sync::Arc;
use std::time::Instant;

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The index, as usual.
    Index,
    /// PostgreSQL, because the index could not answer.
    Database,
}

/// What is known of a user.
#[derive(Debug, Clone)]
pub struct Found {
    /// `None`: neither the index nor PostgreSQL knows him.
    pub document: Option<Arc<Document>>,
    /// Who said so.
    pub source: Source,
}

impl Cluster {
    /// The document of the user a question is about, if `caller` may ask about him: oneself always, others with
    /// `permdex:permission:check` on `user/<id>` in their tenant.
    ///
    /// # Errors
    /// `NotFound`, both alike, when a user caller may not ask or there is nobody; `Forbidden` for a service whose
    /// token is narrowed to other actions; see [`Cluster::document`] for the rest.
    pub async fn requester(&self, caller: &Caller, user: UserId, after: Option<JobId>) -> Result<Found, ServiceError> {
        match caller {
            Caller::Service(claims) => {
                permitted(claims, Right::CHECK, Own::everywhere("user"))?;
                self.document(user, after).await
            }
            // His document was read a moment ago. With `after` it is read again: what came first may lack the effects.
            Caller::User(me) if me.id == user && after.is_none() => {
                Ok(Found { document: Some(Arc::clone(&me.document)), source: me.source })
            }
            Caller::User(me) if me.id == user => self.document(user, after).await,
            Caller::User(_) => self.somebody_else(caller, user, after).await,
        }
    }

    async fn somebody_else(&self, caller: &Caller, user: UserId, after: Option<JobId>) -> Result<Found, ServiceError> {
        let mut found = self.document(user, after).await?;
        if found.source == Source::Index && found.document.as_deref().is_some_and(is_nobody) {
            // Deleted, or created anew a moment ago: only PostgreSQL knows.
            found = self.stored_document(user).await?;
        }
        let may_ask = |document: &Arc<Document>| {
            caller.holds(Right::CHECK, Own::user(document.permissions.customer, user), self.now())
        };
        if found.document.as_ref().is_some_and(may_ask) {
            Ok(found)
        } else {
            Err(ServiceError::not_found("user", user))
        }
    }

    /// The document of `user`, with the effects of the job `after` in it.
    ///
    /// # Errors
    /// `Invalid` when there is no such job; `Unavailable` when neither index nor database can answer, or too many
    /// questions are being answered from the database.
    pub async fn document(&self, user: UserId, after: Option<JobId>) -> Result<Found, ServiceError> {
        if let Some(job) = after
            && Box::pin(self.effects_of(job)).await? != Effects::Searchable
        {
            return self.stored_document(user).await;
        }
        if !self.health.may_try(Dependency::Index, &self.clock) {
            return self.stored_document(user).await;
        }
        let found = self.index.get(user).await;
        self.observed_index(&found);
        match found {
            Ok(Some(document)) => Ok(Found { document: Some(document), source: Source::Index }),
            // Who was just created is not in the index yet.
            Ok(None) => self.stored_document(user).await,
            Err(error) => {
                tracing::debug!(%error, "a question about one user goes to the database");
                self.stored_document(user).await
            }
        }
    }

    /// The document as the index would have it, made from PostgreSQL. Boxed: its future is large, and is part of every
    /// check's, which hardly ever needs it.
    pub(super) fn stored_document(&self, user: UserId) -> BoxFuture<'_, Result<Found, ServiceError>> {
        Box::pin(self.load_from_database(user))
    }

    async fn load_from_database(&self, user: UserId) -> Result<Found, ServiceError> {
        let began = Instant::now();
        let mut turn = self.fallback().await?;
        let loaded = snapshot::load_one(&mut turn, user, self.now(), &self.snapshots).await;
        self.counts().fell_back(began.elapsed());
        let document = match loaded {
            // The index has an empty document of him too: what can't be read may be a deny.
            Err(StoreError::Unreadable(why)) => {
                tracing::error!(user.id = %user, cause = %why, "a user has nothing: what he was given can't be read");
                Some(Document::empty(user, why.customer, 0))
            }
            loaded => self.observed(loaded)?.map(|loaded| self.to_document(loaded)),
        };
        Ok(Found { document: document.map(Arc::new), source: Source::Database })
    }

    /// Whether the document of `user` can be kept as `conn` sees him: who has too much for it would have nothing.
    ///
    /// # Errors
    /// `Invalid` says which bound it would break.
    pub(super) async fn fits(&self, conn: &mut PgConnection, user: UserId) -> Result<(), ServiceError> {
        let too_much = |why: String| ServiceError::invalid("", format!("user `{user}` would have too much: {why}"));
        let loaded = match snapshot::load_one(conn, user, self.now(), &self.snapshots).await {
            // He has nothing as it is: no change of his makes that worse.
            Err(StoreError::Unreadable(_)) => return Ok(()),
            Err(error @ StoreError::TooMuch { .. }) => return Err(too_much(error.to_string())),
            loaded => self.observed(loaded)?,
        };
        let Some(LoadedUser { email, ui_language, permissions, .. }) = loaded else { return Ok(()) };
        let permissions = permissions.without_what_is_taken_back();
        let document = Document { email, ui_language, permissions, version: 0 };
        document.check_size().map_err(|error| too_much(error.to_string()))
    }

    fn to_document(&self, loaded: LoadedUser) -> Document {
        let LoadedUser { email, ui_language, organization, permissions } = loaded;
        if self.directory.organization(permissions.customer).is_none() {
            self.directory.learn(permissions.customer, &organization);
        }
        let permissions = permissions.without_what_is_taken_back();
        kept(Document { email, ui_language, permissions, version: 0 })
    }

    /// Takes note of whether the index answered.
    pub(super) fn observed_index<T>(&self, outcome: &Result<T, IndexError>) {
        match outcome {
            Ok(_) => self.health.up(Dependency::Index),
            Err(error) => self.health.down(Dependency::Index, self.now(), error),
        }
    }
}

/// What the index keeps in place of a deleted user, or of one whose document is too large.
fn is_nobody(document: &Document) -> bool {
    !document.permissions.active && document.email.is_empty()
}

/// Of a document that no engine can keep there is an empty one in the index: so its user has nothing here too.
fn kept(mut document: Document) -> Document {
    if let Err(error) = document.check_size() {
        tracing::warn!(user.id = %document.user(), cause = %error, "a user has nothing: he was given too much to be kept");
        document.permissions.statements.clear();
    }
    document
}
