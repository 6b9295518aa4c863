//! The `jobId` of a read: an unfinished job that may still change the answer, as far as this process knows.

use super::cluster::Cluster;
use super::document::Found;
use crate::domain::UserId;
use crate::queue::JobId;

impl Cluster {
    pub(super) fn hint_for(&self, user: UserId, found: &Found) -> Option<JobId> {
        todo!()
    }
}
