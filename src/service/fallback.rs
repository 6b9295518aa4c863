//! Reads from PostgreSQL on behalf of the index: bounded, so that a bad hour of the index does not become a dead
//! database.

use super::cluster::Cluster;
use super::error::ServiceError;
use super::health::Dependency;
use crate::store::StoreError;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// A connection, and a turn among the reads that the database answers instead of the index.
pub(super) struct Turn {
    connection: PoolConnection<Postgres>,
    _turn: OwnedSemaphorePermit,
}

impl Deref for Turn {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

impl Cluster {
    /// Waits for a turn to read from the database instead of the index.
    ///
    /// # Errors
    /// `Unavailable` when it does not come within [`super::Settings::fallback_wait`], or the database is away.
    pub(super) async fn fallback(&self) -> Result<Turn, ServiceError> {
        if !self.health.may_try(Dependency::Database, &self.clock) {
            return Err(ServiceError::unavailable("the database is unreachable", None));
        }
        let acquire = Arc::clone(self.fallback_turns()).acquire_owned();
        let Ok(Ok(turn)) = tokio::time::timeout(self.settings.fallback_wait, acquire).await else {
            return Err(ServiceError::unavailable("too many questions wait for the database", None));
        };
        let connection = self.connection().await?;
        Ok(Turn { connection, _turn: turn })
    }

    /// A connection of the pool.
    ///
    /// # Errors
    /// `Unavailable` when there is none in time.
    pub(super) async fn connection(&self) -> Result<PoolConnection<Postgres>, ServiceError> {
        self.observed(self.pool.acquire().await)
    }

    /// Takes note of whether the database answered.
    pub(super) fn observed<T, E: Into<ServiceError>>(&self, outcome: Result<T, E>) -> Result<T, ServiceError> {
        match outcome.map_err(Into::into) {
            Ok(value) => {
                self.health.up(Dependency::Database);
                Ok(value)
            }
            Err(error) => {
                if let ServiceError::Unavailable { source: Some(cause), .. } = &error {
                    self.health.down(Dependency::Database, self.now(), cause);
                }
                Err(error)
            }
        }
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(error) => error.into(),
            other => Self::Internal(Box::new(other)),
        }
    }
}
