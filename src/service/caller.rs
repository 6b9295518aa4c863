//! Who is calling, and what he may do in permdex's own names.

use super::cluster::Cluster;
use super::document::{Found, Source};
use super::error::ServiceError;
use super::right::{Own, Right};
use crate::auth::{Claims, Subject};
use crate::domain::{Attributes, CustomerId, Known, Permissions, UserId};
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
        let Subject::User(id) = claims.subject else {
            return Ok(Caller::Service(claims));
        };
        let Some(organization) = claims.organization.as_deref() else {
            return Err(ServiceError::Unauthorized("the token names no organization: get one that does".into()));
        };
        let found = self.document(id, None).await?;
        let from_index = found.source == Source::Index;
        if let Some(caller) = self.user_caller(found, organization).await? {
            return Ok(Caller::User(caller));
        }
        // The index may be behind: who was just created, activated or created anew is not refused.
        if from_index {
            let confirmed = self.stored_document(id).await?;
            if let Some(caller) = self.user_caller(confirmed, organization).await? {
                return Ok(Caller::User(caller));
            }
        }
        Err(nobody())
    }

    /// The user as a caller, if he is active and of `organization`.
    async fn user_caller(&self, found: Found, organization: &str) -> Result<Option<UserCaller>, ServiceError> {
        let Some(document) = found.document.filter(|document| document.permissions.active) else {
            return Ok(None);
        };
        let (id, customer) = (document.permissions.user, document.permissions.customer);
        let own = self.organization_of(customer).await?.filter(|own| **own == *organization);
        Ok(own.map(|organization| UserCaller { id, customer, organization, document, source: found.source }))
    }
}

impl Caller {
    /// As jobs and the audit log name him: `acme_17`, `service:billing`.
    #[must_use]
    pub fn actor(&self) -> String {
        match self {
            Self::Service(claims) => claims.subject.to_string(),
            Self::User(user) => format!("{}_{}", user.organization, user.id),
        }
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
        match self {
            Self::Service(claims) => permits(claims, right),
            Self::User(user) => holds(&user.document.permissions, right, own, now),
        }
    }

    /// Whether he holds `right` on anything of `own`, under whatever conditions.
    #[must_use]
    pub fn holds_some(&self, right: Right, own: Own, now: i64) -> bool {
        match self {
            Self::Service(claims) => permits(claims, right),
            Self::User(user) => holds_some(&user.document.permissions, right, own, now),
        }
    }

    /// As [`Caller::holds`].
    ///
    /// # Errors
    /// `Forbidden`, naming what is missing.
    pub fn require(&self, right: Right, own: Own, now: i64) -> Result<(), ServiceError> {
        if self.holds(right, own, now) { Ok(()) } else { Err(forbidden(right, own)) }
    }

    /// Whether he may do `right` on the one thing `own`, whose attributes are known: conditions are judged. For the role API.
    #[must_use]
    pub fn may(&self, right: Right, own: Own, attributes: &Attributes, organization: Option<&str>, now: i64) -> bool {
        match self {
            Self::Service(_) => self.holds(right, own, now),
            Self::User(user) => may(&user.document.permissions, right, own, &Known::new(attributes, organization), now),
        }
    }
}

/// Nobody here is meant by the token.
pub(super) fn nobody() -> ServiceError {
    let why = "the token's user is unknown, inactive or of another organization: get a token for who is active here";
    ServiceError::Unauthorized(why.into())
}

fn permits(claims: &Claims, right: Right) -> bool {
    claims.scope.as_ref().is_none_or(|scope| scope.permits(right.0))
}

/// Whether a service's token may be used for `right`.
///
/// # Errors
/// `Forbidden`, which names `own`.
pub(super) fn permitted(claims: &Claims, right: Right, own: Own) -> Result<(), ServiceError> {
    if permits(claims, right) { Ok(()) } else { Err(forbidden(right, own)) }
}

/// Whether `permissions` hold `right` on all of `own`.
pub(super) fn holds(permissions: &Permissions, right: Right, own: Own, now: i64) -> bool {
    right.pattern().zip(own.pattern()).is_some_and(|(action, resource)| permissions.holds(&action, &resource, now))
}

/// Whether some allow of `permissions` for `right` meets `own`.
pub(super) fn holds_some(permissions: &Permissions, right: Right, own: Own, now: i64) -> bool {
    right.pattern().zip(own.pattern()).is_some_and(|(action, resource)| permissions.meets(&action, &resource, now))
}

/// Whether `permissions` allow `right` on the one thing `own`, of which so much is known.
pub(super) fn may(permissions: &Permissions, right: Right, own: Own, known: &Known<'_>, now: i64) -> bool {
    let named = right.name().zip(own.name());
    named.is_some_and(|(action, resource)| permissions.check(&action, &resource, known, now).allow)
}

/// What a thing of another tenant reads as, not found: what it is and its id.
pub(super) type Shown = (&'static str, String);

/// What reads as not found.
pub(super) fn hidden(right: Right, own: Own, (what, id): Shown) -> ServiceError {
    ServiceError::Hidden { what, id, action: right.0, resource: own.to_string() }
}

pub(super) fn forbidden(right: Right, own: Own) -> ServiceError {
    ServiceError::Forbidden { action: right.0, resource: own.to_string() }
}
