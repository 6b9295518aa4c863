//! The storage clusters side by side: which of them a call goes to, and who is calling there.
//!
//! Nothing here is shared between them but this list: a database that is away delays only what is about its own
//! organizations, and the look-up of an organization that nobody knows yet.

use super::caller::{Caller, nobody};
use super::cluster::Cluster;
use super::elsewhere::Creating;
use super::error::ServiceError;
use crate::auth::{Claims, Subject};
use crate::domain::check_organization;
use futures::stream::FuturesOrdered;
use futures::{FutureExt, StreamExt};
use std::sync::Arc;

/// The name of the cluster that always exists.
pub const DEFAULT_CLUSTER: &str = "default";

/// All storage clusters of this process: `default` first, the others by name. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Clusters(Arc<All>);

#[derive(Debug)]
struct All {
    default: Cluster,
    others: Vec<Cluster>,
    creating: Creating,
}

/// What a request says of the cluster it is meant for, beside its token.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish<'a> {
    /// The cluster that it names.
    pub named: Option<&'a Cluster>,
    /// The organization that its path names.
    pub organization: Option<&'a str>,
}

/// How sure one must be that an organization is nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Certainty {
    /// Every cluster has said so: somebody is refused for it.
    Every,
    /// Every cluster has said so, or had told all its organizations before it went away.
    Known,
}

impl From<Cluster> for Clusters {
    fn from(default: Cluster) -> Self {
        Self::new(default, [])
    }
}

impl Clusters {
    /// `default` and the others.
    #[must_use]
    pub fn new(default: Cluster, others: impl IntoIterator<Item = Cluster>) -> Self {
        let mut others: Vec<_> = others.into_iter().collect();
        others.sort_by(|one, other| one.name.cmp(&other.name));
        Self(Arc::new(All { default, others, creating: Creating::default() }))
    }

    /// All of them, `default` first.
    pub fn iter(&self) -> impl Iterator<Item = &Cluster> {
        std::iter::once(&self.0.default).chain(&self.0.others)
    }

    /// The one of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Cluster> {
        self.iter().find(|cluster| *cluster.name == *name)
    }

    /// The cluster that always exists.
    #[must_use]
    pub fn default_cluster(&self) -> &Cluster {
        &self.0.default
    }

    /// Whether there are others beside `default`.
    #[must_use]
    pub fn are_several(&self) -> bool {
        !self.0.others.is_empty()
    }

    pub(super) fn creating(&self) -> &Creating {
        &self.0.creating
    }

    /// The cluster that a call goes to, and its caller there: the cluster that it names, else that of the path's
    /// organization, else that of the token's, else `default`. A user is somebody only where his organization is.
    ///
    /// # Errors
    /// `Unauthorized` as [`Cluster::caller`], and for a user whose organization is in another cluster than the one chosen;
    /// `Unavailable` when a cluster that can't be asked may have the organization.
    pub async fn call(&self, wish: Wish<'_>, claims: Arc<Claims>) -> Result<(Cluster, Caller), ServiceError> {
        if !self.are_several() {
            // As on one cluster: nothing is looked up, nothing allocated.
            let cluster = &self.0.default;
            return Ok((cluster.clone(), cluster.caller(claims).await?));
        }
        let cluster = self.chosen(wish, &claims).await?;
        match cluster.caller(Arc::clone(&claims)).await {
            Ok(caller) => Ok((cluster.clone(), caller)),
            Err(refused @ ServiceError::Unauthorized(_)) => Box::pin(self.moved(cluster, wish, claims, refused)).await,
            Err(error) => Err(error),
        }
    }

    async fn chosen<'a>(&'a self, wish: Wish<'a>, claims: &Claims) -> Result<&'a Cluster, ServiceError> {
        let chosen = match (wish.named, wish.organization) {
            (Some(named), _) => Some(named),
            (None, Some(organization)) => self.of_organization(organization, Certainty::Every).await?,
            (None, None) => None,
        };
        let is_user = matches!(claims.subject, Subject::User(_));
        let Some(own) = claims.organization.as_deref().filter(|_| is_user || chosen.is_none()) else {
            return Ok(chosen.unwrap_or(&self.0.default));
        };
        let certainty = if is_user { Certainty::Every } else { Certainty::Known };
        let home = self.of_organization(own, certainty).await?;
        match (chosen, home) {
            // Ids are per cluster: in another one the same id is somebody else.
            (Some(chosen), Some(home)) if chosen.name != home.name => Err(nobody()),
            _ => Ok(chosen.or(home).unwrap_or(&self.0.default)),
        }
    }

    /// Who is unknown where memory has his organization may have moved with it: each database is asked once more.
    async fn moved(
        &self,
        from: &Cluster,
        wish: Wish<'_>,
        claims: Arc<Claims>,
        refused: ServiceError,
    ) -> Result<(Cluster, Caller), ServiceError> {
        let Some(own) = claims.organization.as_deref() else { return Err(refused) };
        let home = self.look_up(own, Certainty::Every).await?;
        let chosen = match (wish.named, wish.organization) {
            (Some(named), _) => Some(named),
            (None, Some(organization)) if organization != own => self.look_up(organization, Certainty::Every).await?,
            (None, _) => home,
        };
        match chosen.zip(home) {
            Some((chosen, home)) if chosen.name == home.name && home.name != from.name => {
                Ok((home.clone(), home.caller(claims).await?))
            }
            _ => Err(refused),
        }
    }

    /// The first cluster that is known to have `organization`, else the first whose database says so.
    async fn of_organization(
        &self,
        organization: &str,
        certainty: Certainty,
    ) -> Result<Option<&Cluster>, ServiceError> {
        if let Some(known) = self.iter().find(|cluster| cluster.directory.customer(organization).is_some()) {
            return Ok(Some(known));
        }
        Box::pin(self.look_up(organization, certainty)).await
    }

    async fn look_up(&self, organization: &str, certainty: Certainty) -> Result<Option<&Cluster>, ServiceError> {
        if check_organization(organization).is_err() {
            return Ok(None);
        }
        // All at once and looked at in order: nobody waits for a cluster that comes after the one that has it.
        let mut asked: FuturesOrdered<_> = self.iter().map(|cluster| cluster.ask_for(organization).boxed()).collect();
        let mut unsure = None;
        for cluster in self.iter() {
            let Some(answer) = asked.next().await else { break };
            match answer {
                Ok(Some(_)) => return Ok(Some(cluster)),
                Ok(None) => {}
                Err(_) if certainty == Certainty::Known && cluster.directory.is_loaded() => {}
                Err(error) => unsure = unsure.or(Some(error)),
            }
        }
        unsure.map_or(Ok(None), Err)
    }
}

#[cfg(test)]
mod tests;
