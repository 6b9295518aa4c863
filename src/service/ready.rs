//! `/readyz`: whether checks can be answered.

use super::cluster::Cluster;
use super::health::{Dependency, Readiness};
use crate::index::IndexError;
use std::time::Duration;

/// A dependency that says nothing for so long is away.
const PATIENCE: Duration = Duration::from_secs(2);

impl Cluster {
    /// Whether checks can be answered. Looks for itself at most once a second, however often it is asked; else it says
    /// what calls found.
    pub async fn readiness(&self) -> Readiness {
        if self.health.may_look(self.now()) {
            tokio::join!(self.look_at_index(), self.look_at_database());
        }
        self.health.readiness()
    }

    async fn look_at_index(&self) {
        let serving = match tokio::time::timeout(PATIENCE, self.index.serving()).await {
            Ok(Ok(None)) => Err(IndexError::NotReady),
            Ok(serving) => serving,
            Err(elapsed) => Err(IndexError::Unreachable(Box::new(elapsed))),
        };
        self.observed_index(&serving);
    }

    async fn look_at_database(&self) {
        let look = sqlx::query("select 1").execute(&self.pool);
        match tokio::time::timeout(PATIENCE, look).await {
            Ok(outcome) => drop(self.observed(outcome)),
            Err(elapsed) => self.health.down(Dependency::Database, self.now(), &elapsed),
        }
    }
}
