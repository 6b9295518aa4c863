//! `/readyz`: whether checks can be answered.

use super::cluster::Cluster;
use super::health::Readiness;

impl Cluster {
    /// Whether checks can be answered. Looks for itself at most once a second, else says what calls found.
    pub async fn readiness(&self) -> Readiness {
        todo!()
    }
}
