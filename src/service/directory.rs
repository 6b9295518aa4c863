//! Customer ids and their organizations, in memory: the index has the ids, conditions and tokens the slugs.

use super::cluster::Cluster;
use super::error::{Cause, ServiceError};
use super::health::Dependency;
use crate::domain::{CustomerId, ResourceName};
use crate::store::directory;
use parking_lot::RwLock;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// How long a question may take that is asked of every cluster.
const PATIENCE: Duration = Duration::from_secs(2);

/// All customers known here. A slug never changes, so what is known stays right without PostgreSQL; a customer that is
/// not known is looked up. Cheap to clone; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Directory(Arc<RwLock<Known>>);

#[derive(Debug, Default)]
struct Known {
    by_id: HashMap<CustomerId, Arc<str>>,
    by_slug: HashMap<Arc<str>, CustomerId>,
    /// All that the database had at some instant was learned.
    is_loaded: bool,
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

    /// Whether all customers that there were at some instant were learned: else one that is not known may be an old one.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.0.read().is_loaded
    }

    /// Learns of all customers that there were at some instant; answers with those known here that were not among them.
    pub(super) fn learn_all(&self, all: &[(CustomerId, String)]) -> Vec<CustomerId> {
        for (customer, organization) in all {
            if self.organization(*customer).is_none_or(|known| *known != **organization) {
                self.learn(*customer, organization);
            }
        }
        let there: HashSet<_> = all.iter().map(|(customer, _)| *customer).collect();
        let mut known = self.0.write();
        known.is_loaded = true;
        known.by_id.keys().filter(|customer| !there.contains(customer)).copied().collect()
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

    /// All organizations known.
    pub(super) fn organizations(&self) -> Vec<Arc<str>> {
        self.0.read().by_slug.keys().cloned().collect()
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
    /// Learns of every customer, and forgets those who are gone: at the start, and once in a while among several
    /// clusters.
    ///
    /// # Errors
    /// `Unavailable` when the database is away; what was known stays.
    pub async fn load_directory(&self) -> Result<(), ServiceError> {
        let mut connection = self.connection().await?;
        let all = self.observed(directory::all(&mut connection).await)?;
        let missing = self.directory.learn_all(&all);
        if missing.is_empty() {
            return Ok(());
        }
        // Who was created while the first list was read is in a second one.
        let again = self.observed(directory::all(&mut connection).await)?;
        let there: HashSet<_> = again.into_iter().map(|(customer, _)| customer).collect();
        missing.into_iter().filter(|customer| !there.contains(customer)).for_each(|gone| self.directory.forget(gone));
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

    /// The customer of `organization` as the database has it now, within [`PATIENCE`]: somebody else waits for the answer
    /// who has nothing to do with this cluster.
    ///
    /// # Errors
    /// `Unavailable` when it can't be asked.
    pub(super) async fn ask_for(&self, organization: &str) -> Result<Option<CustomerId>, ServiceError> {
        let before = self.directory.customer(organization);
        let asked = async {
            let mut turn = self.fallback().await?;
            self.observed(directory::customer(&mut turn, organization).await)
        };
        let found = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(found) => found.map_err(|error| self.cannot_be_asked(error.into()))?,
            Err(elapsed) => {
                self.health.down(Dependency::Database, self.now(), &elapsed);
                return Err(self.cannot_be_asked(elapsed.into()));
            }
        };
        match (before, found) {
            (_, Some(customer)) => self.directory.learn(customer, organization),
            (Some(gone), None) => self.directory.forget(gone),
            (None, None) => {}
        }
        Ok(found)
    }

    fn cannot_be_asked(&self, cause: Cause) -> ServiceError {
        let what = format!("storage cluster `{}` can't be asked whose organization this is", self.name);
        ServiceError::unavailable(what, Some(cause))
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
    fn a_list_of_all_says_who_is_missing_from_it() {
        let directory = Directory::default();
        directory.learn(CustomerId(1), "acme");
        assert!(!directory.is_loaded());
        let missing = directory.learn_all(&[(CustomerId(2), "globex".to_owned())]);
        assert_eq!((missing, directory.is_loaded()), (vec![CustomerId(1)], true));
        assert_eq!(directory.customer("globex"), Some(CustomerId(2)));
        assert_eq!(directory.customer("acme"), Some(CustomerId(1)), "only who is missing twice is gone");
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
