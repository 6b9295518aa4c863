//! An organization is in one storage cluster: who creates one asks the others first.
//!
//! No database is shared between clusters, so this is as good as it can be: within a process no organization is created
//! twice at a time; two processes that create the same one in two clusters in the same instant both succeed, and
//! [`Clusters::look_at`] tells of it.

use super::cluster::Cluster;
use super::clusters::Clusters;
use super::error::ServiceError;
use futures::future::join_all;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;

/// Organizations that are being created by this process, in whichever cluster.
#[derive(Debug, Clone, Default)]
pub(super) struct Creating(Arc<Mutex<HashSet<Box<str>>>>);

/// All clusters but one. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Elsewhere {
    others: Vec<Cluster>,
    creating: Creating,
}

/// An organization that nobody else creates while this is held.
#[derive(Debug)]
pub(super) struct Claimed {
    organization: Box<str>,
    creating: Creating,
}

impl Drop for Claimed {
    fn drop(&mut self) {
        self.creating.0.lock().remove(&self.organization);
    }
}

impl Clusters {
    /// All clusters but `here`.
    #[must_use]
    pub fn elsewhere(&self, here: &Cluster) -> Elsewhere {
        let others = self.iter().filter(|cluster| cluster.name != here.name).cloned().collect();
        Elsewhere { others, creating: self.creating().clone() }
    }
}

impl Elsewhere {
    /// Sees that no other cluster has `organization`, and that nobody in this process creates it before the answer is
    /// dropped. A cluster that is away is taken at the word that it gave last.
    ///
    /// # Errors
    /// `Conflict` when one has it, or it is being created; `Unavailable` when one is away that has not told its
    /// organizations since this process runs.
    pub(super) async fn claim(&self, organization: &str) -> Result<Option<Claimed>, ServiceError> {
        if self.others.is_empty() {
            return Ok(None);
        }
        if !self.creating.0.lock().insert(organization.into()) {
            let detail = format!("organization `{organization}` is being created by somebody else: look again");
            return Err(ServiceError::Conflict(detail));
        }
        let claimed = Claimed { organization: organization.into(), creating: self.creating.clone() };
        let answers = join_all(self.others.iter().map(|other| has(other, organization))).await;
        for (other, answer) in self.others.iter().zip(answers) {
            if answer? {
                let detail = format!(
                    "organization `{organization}` is taken in the storage cluster `{}`: choose another",
                    other.name
                );
                return Err(ServiceError::Conflict(detail));
            }
        }
        Ok(Some(claimed))
    }
}

async fn has(cluster: &Cluster, organization: &str) -> Result<bool, ServiceError> {
    match cluster.ask_for(organization).await {
        Ok(found) => Ok(found.is_some()),
        Err(_) if cluster.directory.is_loaded() => Ok(cluster.directory.customer(organization).is_some()),
        Err(error) => Err(error),
    }
}
