//! Who is calling, and what he may do in permdex's own names.

use super::cluster::Cluster;
use super::document::Source;
use super::error::ServiceError;
use super::right::{Own, Right};
use crate::auth::Claims;
use crate::domain::{Attributes, CustomerId, UserId};
use crate::index::Document;
use std::sync::Arc;

/// Somebody with a verified token who exists here.
#[derive(Debug, Clone)]
pub enum Caller {
    /// A back end or an operator: may do everything on every customer, within the token's scope.
    Service(Arc<Claims>),
    /// A user: may do what his own effective permissions allow.
    User(UserCaller),
}

/// A user who is calling.
#[derive(Debug, Clone)]
pub struct UserCaller {
    /// Who.
    pub id: UserId,
    /// His tenant.
    pub customer: CustomerId,
    /// His tenant's slug, which is the token's.
    pub organization: Arc<str>,
    /// What he may do.
    pub document: Arc<Document>,
    /// Where that comes from.
    pub source: Source,
}

impl Cluster {
    /// The caller that `claims` speak for. Costs nothing for a service, one look-up in the index for a user.
    ///
    /// # Errors
    /// `Unauthorized` for a user who is unknown, inactive or of another organization than the token's;
    /// `Unavailable` when that can't be found out.
    pub async fn caller(&self, claims: Arc<Claims>) -> Result<Caller, ServiceError> {
        todo!()
    }
}

impl Caller {
    /// As jobs and the audit log name him: `user:17`, `service:billing`.
    #[must_use]
    pub fn actor(&self) -> String {
        todo!()
    }

    /// The tenant of a user; none for a service.
    #[must_use]
    pub fn customer(&self) -> Option<CustomerId> {
        match self {
            Self::Service(_) => None,
            Self::User(user) => Some(user.customer),
        }
    }

    /// The organization that issued the token.
    #[must_use]
    pub fn organization(&self) -> Option<&str> {
        match self {
            Self::Service(claims) => claims.organization.as_deref(),
            Self::User(user) => Some(&user.organization),
        }
    }

    /// Whether it is a service.
    #[must_use]
    pub fn is_service(&self) -> bool {
        matches!(self, Self::Service(_))
    }

    /// Whether he holds `right` on all of `own`, at `now` (microseconds since 1970).
    #[must_use]
    pub fn holds(&self, right: Right, own: Own, now: i64) -> bool {
        todo!()
    }

    /// As [`Caller::holds`].
    ///
    /// # Errors
    /// `Forbidden`, naming what is missing.
    pub fn require(&self, right: Right, own: Own, now: i64) -> Result<(), ServiceError> {
        todo!()
    }

    /// Whether he may do `right` on the one thing `own`, whose attributes are known: conditions are judged. For the role API.
    #[must_use]
    pub fn may(&self, right: Right, own: Own, attributes: &Attributes, organization: Option<&str>, now: i64) -> bool {
        todo!()
    }
}
