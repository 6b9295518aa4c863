//! Asking for a comparison of index and database.

use super::caller::{Caller, forbidden};
use super::cluster::Cluster;
use super::error::ServiceError;
use super::right::{Own, Right};
use super::written::{Told, WriteContext, Written};
use crate::domain::Scope;
use crate::queue::{self, Kind, Lane, NewJob};
use serde_json::json;

/// The key of a job's scope that says: it reads, and changes no answer.
pub(super) const VERIFY: &str = "verify";
/// The key that says: what differs is written anew, by jobs of its own.
const REPAIR: &str = "repair";

impl Cluster {
    /// Asks for a comparison of everybody's documents with the database; joins an equal request that is still queued.
    /// With `repair`, the documents of those who differ are written anew.
    ///
    /// # Errors
    /// `Forbidden`: it is about everything, so the right is needed everywhere.
    pub async fn verify(&self, caller: &Caller, repair: bool, context: &WriteContext) -> Result<Written, ServiceError> {
        let everything = Own::index(None);
        if !caller.holds(Right::REBUILD, everything, self.now()) {
            return Err(forbidden(Right::REBUILD, everything));
        }
        let mut tx = self.observed(self.pool.begin().await)?;
        let mut job =
            NewJob { kind: Kind::Verify, ..self.refresh_job(caller, Scope::Everyone, None, Lane::Large, context) };
        job.scope[VERIFY] = json!(true);
        if repair {
            job.scope[REPAIR] = json!(true);
        }
        let joined = self.observed(queue::join_or_enqueue(&mut tx, &job).await)?;
        if joined.fresh {
            let target = job.scope.to_string();
            let told = Told {
                action: "permdex:permission:verify",
                target: &target,
                customer: None,
                before: None,
                after: None,
            };
            self.audit(&mut tx, caller, context, told).await?;
        }
        self.commit_only(tx).await?;
        if joined.fresh {
            self.signals.committed(&job);
        }
        Ok(Self::written(joined.id, joined.fresh, None))
    }
}
