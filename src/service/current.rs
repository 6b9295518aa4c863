//! Keeping what is known of the organizations of several clusters current.
//!
//! Who is created is looked up when he is first asked for; who is gone, or was created in two clusters by mistake, is
//! found here.

use super::clusters::Clusters;
use futures::future::join_all;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// So often all organizations are read.
const EVERY: Duration = Duration::from_mins(1);
/// A database may take so long for it.
const PATIENCE: Duration = Duration::from_secs(20);
/// So many organizations at a time are named in the log.
const NAMED: usize = 20;

impl Clusters {
    /// Reads the organizations of all clusters every minute, until dropped. Returns at once where there is only one
    /// cluster. For a task of its own.
    pub async fn keep_current(self) {
        let mut told = HashSet::new();
        show(0);
        while self.are_several() {
            tokio::time::sleep(EVERY).await;
            let twice = self.look_at().await;
            tell(&twice, &told);
            told = twice.into_keys().collect();
        }
    }

    /// Reads the organizations of all clusters that can be asked. Those that are in several of them, which nothing but
    /// a mistake makes so, each with the names of its clusters: the first one answers.
    pub async fn look_at(&self) -> BTreeMap<Arc<str>, Vec<Arc<str>>> {
        let load = |cluster| async move {
            let loaded = tokio::time::timeout(PATIENCE, super::Cluster::load_directory(cluster)).await;
            if let Ok(Err(error)) = loaded {
                tracing::debug!(cluster = %cluster.name, %error, "the organizations can't be read");
            }
        };
        join_all(self.iter().map(load)).await;
        let mut all = BTreeMap::<_, Vec<_>>::new();
        for cluster in self.iter() {
            for organization in cluster.directory.organizations() {
                all.entry(organization).or_default().push(Arc::clone(&cluster.name));
            }
        }
        all.retain(|_, clusters| clusters.len() > 1);
        all
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are never so many")]
fn show(twice: usize) {
    metrics::gauge!("permdex_organizations_in_several_clusters").set(twice as f64);
}

/// Each once for as long as it lasts.
fn tell(twice: &BTreeMap<Arc<str>, Vec<Arc<str>>>, told: &HashSet<Arc<str>>) {
    show(twice.len());
    for (organization, clusters) in twice.iter().filter(|(organization, _)| !told.contains(*organization)).take(NAMED) {
        let names = clusters.join("`, `");
        let first = clusters.first().map(AsRef::as_ref).unwrap_or_default();
        tracing::error!(
            %organization,
            "organization `{organization}` is in the storage clusters `{names}`: `{first}` answers for it, delete it in \
             the others (the header `x-mongo-cluster-name` names them)"
        );
    }
}
