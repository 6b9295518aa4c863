//! Customer ids and their organizations, in memory: the index has the ids, conditions and tokens the slugs.

use super::cluster::Cluster;
use super::error::ServiceError;
use crate::domain::{CustomerId, ResourceName};
use crate::store::directory;
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
    /// Learns of every customer: at the start and after a gap.
    ///
    /// # Errors
    /// `Unavailable` when the database is away; what was known stays.
    pub async fn load_directory(&self) -> Result<(), ServiceError> {
        let mut connection = self.connection().await?;
        let all = self.observed(directory::all(&mut connection).await)?;
        for (customer, organization) in all {
            self.directory.learn(customer, &organization);
        }
        Ok(())
    }

    /// The organization of `customer`: known, else looked up; `None` when there is no such customer.
    ///
    /// # Errors
    /// `Unavailable` when it is not known and can't be looked up.
    pub async fn organization_of(&self, customer: CustomerId) -> Result<Option<Arc<str>>, ServiceError> {
        if let Some(known) = self.directory.organization(customer) {
            return Ok(Some(known));
        }
        // Boxed: hardly anybody needs it, and it would be part of every check's future.
        Box::pin(self.look_up_organization(customer)).await
    }

    async fn look_up_organization(&self, customer: CustomerId) -> Result<Option<Arc<str>>, ServiceError> {
        // Nothing is remembered of who is not there: he may be created at any moment, and must be seen then.
        let mut turn = self.fallback().await?;
        let found = self.observed(directory::organization(&mut turn, customer).await)?;
        if let Some(organization) = &found {
            self.directory.learn(customer, organization);
        }
        Ok(found.map(Into::into))
    }

    /// The customer of `organization`, in the same way.
    ///
    /// # Errors
    /// `Unavailable` when it is not known and can't be looked up.
    pub async fn customer_of(&self, organization: &str) -> Result<Option<CustomerId>, ServiceError> {
        if let Some(known) = self.directory.customer(organization) {
            return Ok(Some(known));
        }
        let mut turn = self.fallback().await?;
        let found = self.observed(directory::customer(&mut turn, organization).await)?;
        if let Some(customer) = found {
            self.directory.learn(customer, organization);
        }
        Ok(found)
    }

    /// The organizations of the customers of `resources`, one each.
    ///
    /// # Errors
    /// `Unavailable` when one is not known and can't be looked up: an answer without it could be wrong.
    pub(super) async fn organizations_of(
        &self,
        resources: &[ResourceName],
    ) -> Result<Vec<Option<Arc<str>>>, ServiceError> {
        let mut organizations = Vec::with_capacity(resources.len());
        // A hundred resources are mostly of one customer, who is then looked up once even if there is none.
        let mut last: Option<(CustomerId, Option<Arc<str>>)> = None;
        for resource in resources {
            let Some(customer) = resource.customer() else {
                organizations.push(None);
                continue;
            };
            let organization = match last.take() {
                Some((same, organization)) if same == customer => organization,
                _ => self.organization_of(customer).await?,
            };
            organizations.push(organization.clone());
            last = Some((customer, organization));
        }
        Ok(organizations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_lead_to_each_other() {
        let directory = Directory::default();
        directory.learn(CustomerId(1), "acme");
        directory.learn(CustomerId(2), "globex");
        assert_eq!(directory.organization(CustomerId(1)).as_deref(), Some("acme"));
        assert_eq!(directory.customer("globex"), Some(CustomerId(2)));
        assert_eq!(directory.customers(), [CustomerId(1), CustomerId(2)]);
        assert_eq!(directory.organization(CustomerId(3)), None);
    }

    #[test]
    fn a_slug_that_was_freed_and_taken_anew_leads_to_its_new_owner_only() {
        let directory = Directory::default();
        directory.learn(CustomerId(1), "acme");
        directory.learn(CustomerId(2), "acme");
        assert_eq!(directory.customer("acme"), Some(CustomerId(2)));
        assert_eq!(directory.organization(CustomerId(1)), None);
        directory.forget(CustomerId(2));
        assert_eq!(directory.customer("acme"), None);
    }

    #[test]
    fn learning_the_same_twice_changes_nothing() {
        let directory = Directory::default();
        directory.learn(CustomerId(1), "acme");
        directory.learn(CustomerId(1), "acme");
        assert_eq!(directory.customer("acme"), Some(CustomerId(1)));
        assert_eq!(directory.organization(CustomerId(1)).as_deref(), Some("acme"));
    }
}
