//! Whose users a caller may search.

use super::caller::{Caller, UserCaller, forbidden, holds, permitted};
use super::cluster::Cluster;
use super::error::ServiceError;
use super::right::{Own, Right};
use crate::domain::{CustomerId, Effect, Permissions, ResourcePattern};
use crate::index::Customers;
use std::collections::BTreeSet;

/// A user caller who may search almost every customer is asked to name one beyond so many.
const MOST_CUSTOMERS: usize = 10_000;

impl Cluster {
    /// The customers whose users an answer may hold: `only`, or all that the caller may search.
    ///
    /// # Errors
    /// `NotFound` when he may not search `only` or there is no such customer; `Forbidden` when he may search nowhere.
    pub(super) async fn reach(&self, caller: &Caller, only: Option<CustomerId>) -> Result<Customers, ServiceError> {
        let user = match caller {
            Caller::Service(claims) => {
                permitted(claims, Right::SEARCH, Own::everywhere("user"))?;
                None
            }
            Caller::User(user) => Some(user),
        };
        match (user, only) {
            (None, None) => Ok(Customers::All),
            (_, Some(customer)) => self.reach_one(caller, customer).await,
            (Some(user), None) => self.reach_of(user),
        }
    }

    async fn reach_one(&self, caller: &Caller, customer: CustomerId) -> Result<Customers, ServiceError> {
        let may = caller.holds(Right::SEARCH, Own::users(customer), self.now());
        if may && self.organization_of(customer).await?.is_some() {
            Ok(Customers::Only(vec![customer]))
        } else {
            Err(ServiceError::not_found("customer", customer))
        }
    }

    fn reach_of(&self, user: &UserCaller) -> Result<Customers, ServiceError> {
        let permissions = &user.document.permissions;
        let now = self.now();
        if holds(permissions, Right::SEARCH, Own::everywhere("user"), now) {
            return Ok(Customers::All);
        }
        let candidates = match named(permissions) {
            Named::These(customers) => customers,
            Named::Any => self.directory.customers().into_iter().collect(),
        };
        let may = |customer: &CustomerId| holds(permissions, Right::SEARCH, Own::users(*customer), now);
        let customers: Vec<_> = candidates.into_iter().filter(may).take(MOST_CUSTOMERS + 1).collect();
        match customers.len() {
            0 => Err(forbidden(Right::SEARCH, Own::users(user.customer))),
            1..=MOST_CUSTOMERS => Ok(Customers::Only(customers)),
            _ => Err(ServiceError::invalid("/customerId", "you may search too many customers at once: name one")),
        }
    }
}

/// The customers that somebody's allows to search speak of.
#[derive(Debug, PartialEq, Eq)]
enum Named {
    /// By name: mostly his own.
    These(BTreeSet<CustomerId>),
    /// By a wildcard; a deny takes some of them away.
    Any,
}

fn named(permissions: &Permissions) -> Named {
    let mut customers = BTreeSet::new();
    let Some((action, everywhere)) = Right::SEARCH.pattern().zip(Own::everywhere("user").pattern()) else {
        return Named::These(customers);
    };
    for allow in permissions.statements().iter().filter(|statement| statement.effect == Effect::Allow) {
        if !allow.actions.iter().any(|own| own.covers(&action)) {
            continue;
        }
        for resource in &allow.resources {
            match resource.intersect(&everywhere).as_ref().map(customer_in) {
                Some(Some(customer)) => drop(customers.insert(customer)),
                Some(None) => return Named::Any,
                None => {}
            }
        }
    }
    Named::These(customers)
}

/// The customer in `acrn:permdex:<customer>:…`; `None` for a wildcard.
fn customer_in(pattern: &ResourcePattern) -> Option<CustomerId> {
    pattern.as_str().split(':').nth(2)?.parse().ok().map(CustomerId)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ActionPattern, Conditions, Effective, Origin, UserId};
    use std::sync::Arc;

    fn permissions(allows: &[(&str, &str)]) -> Permissions {
        let statement = |(action, resource): &(&str, &str)| {
            Arc::new(Effective {
                effect: Effect::Allow,
                actions: vec![ActionPattern::parse(action).unwrap()],
                resources: vec![ResourcePattern::parse(resource).unwrap()],
                conditions: Conditions::new(),
                until: None,
                policy: None,
                origin: Origin::User(UserId(17)),
            })
        };
        let statements = allows.iter().map(statement).collect();
        Permissions { user: UserId(17), customer: CustomerId(1), active: true, statements }
    }

    #[test]
    fn the_customers_to_search_are_read_from_the_allows() {
        let these = |ids: &[i64]| Named::These(ids.iter().copied().map(CustomerId).collect());
        for (allows, expected) in [
            (vec![("permdex:permission:search", "acrn:permdex:1:user/*")], these(&[1])),
            (vec![("permdex:*", "acrn:permdex:1:*"), ("*", "acrn:permdex:2:user/*")], these(&[1, 2])),
            (vec![("permdex:permission:check", "acrn:permdex:1:user/*")], these(&[])),
            (vec![("permdex:permission:search", "acrn:permdex:*:user/*")], Named::Any),
            (vec![("*", "*")], Named::Any),
            (vec![("*", "acrn:app:3:*")], these(&[])),
        ] {
            assert_eq!(named(&permissions(&allows)), expected, "{allows:?}");
        }
    }
}
