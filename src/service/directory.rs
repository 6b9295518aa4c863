//! Customer ids and their organizations, in memory: the index has the ids, conditions and tokens the slugs.

use super::cluster::Cluster;
use super::error::ServiceError;
use crate::domain::{CustomerId, ResourceName};
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;

/// All customers known here. A slug never changes, so what is known stays right without PostgreSQL; a customer that is
/// not known is looked up. Cheap to clone; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Directory(Arc<RwLock<Known>>);

#[derive(Debug, Default)]
struct Known {
    by_id: HashMap<CustomerId, Arc<str>>,
    by_slug: HashMap<Arc<str>, CustomerId>,
}

impl Directory {
    /// Learns of a customer: at the start, from a look-up, or from who just created it.
    pub fn learn(&self, customer: CustomerId, organization: &str) {
        let mut known = self.0.write();
        let slug: Arc<str> = organization.into();
        // A customer deleted and created anew elsewhere: the latest look-up is right, both ways.
        if let Some(before) = known.by_id.insert(customer, Arc::clone(&slug)) {
            known.by_slug.remove(&before);
        }
        if let Some(before) = known.by_slug.insert(slug, customer)
            && before != customer
        {
            known.by_id.remove(&before);
        }
    }

    /// Forgets a customer who was deleted.
    pub fn forget(&self, customer: CustomerId) {
        let mut known = self.0.write();
        if let Some(slug) = known.by_id.remove(&customer) {
            known.by_slug.remove(&slug);
        }
    }

    /// The organization of `customer`, if it is known.
    #[must_use]
    pub fn organization(&self, customer: CustomerId) -> Option<Arc<str>> {
        self.0.read().by_id.get(&customer).cloned()
    }

    /// The customer of `organization`, if it is known.
    #[must_use]
    pub fn customer(&self, organization: &str) -> Option<CustomerId> {
        self.0.read().by_slug.get(organization).copied()
    }

    /// All customers known, sorted.
    #[must_use]
    pub fn customers(&self) -> Vec<CustomerId> {
        let mut all: Vec<_> = self.0.read().by_id.keys().copied().collect();
        all.sort_unstable();
        all
    }
}

impl Cluster {
    /// The organization of `customer`: known, else looked up; `None` when there is no such customer.
    ///
    /// # Errors
    /// `Unavailable` when it is not known and can't be looked up.
    pub async fn organization_of(&self, customer: CustomerId) -> Result<Option<Arc<str>>, ServiceError> {
        todo!()
    }

    /// The customer of `organization`, in the same way.
    ///
    /// # Errors
    /// `Unavailable` when it is not known and can't be looked up.
    pub async fn customer_of(&self, organization: &str) -> Result<Option<CustomerId>, ServiceError> {
        todo!()
    }

    /// The organizations of the customers of `resources`, one each.
    pub(super) async fn organizations_of(
        &self,
        resources: &[ResourceName],
    ) -> Result<Vec<Option<Arc<str>>>, ServiceError> {
        todo!()
    }
}
