//! Whose things a caller may see: the customers in which he holds a right.

use super::caller::{Caller, UserCaller, forbidden, holds, permitted};
use super::cluster::Cluster;
use super::error::ServiceError;
use super::right::{Own, Right};
use crate::domain::{CustomerId, Effect, Permissions, ResourcePattern};
use crate::index::Customers;
use std::collections::BTreeSet;

/// A user caller who may search almost every customer is asked to name one beyond so many.
const MOST_CUSTOMERS: usize = 10_000;

/// A right, and what it is needed on in each customer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// The right.
    pub right: Right,
    /// What it is needed on, in one customer.
    pub within: fn(CustomerId) -> Own,
    /// The same in every customer.
    pub everywhere: Own,
}

impl Reach {
    /// Searching users.
    pub const SEARCH: Self = Self { right: Right::SEARCH, within: Own::users, everywhere: Own::everywhere("user") };
}

impl Cluster {
    /// The customers whose things an answer may hold: `only`, or all that the caller may see.
    ///
    /// # Errors
    /// `NotFound` when he may not see `only` or there is no such customer; `Forbidden` when he may see none, or not his own.
    pub(super) async fn reach(
        &self,
        caller: &Caller,
        reach: Reach,
        only: Option<CustomerId>,
    ) -> Result<Customers, ServiceError> {
        let user = match caller {
            Caller::Service(claims) => {
                permitted(claims, reach.right, reach.everywhere)?;
                None
            }
            Caller::User(user) => Some(user),
        };
        match (user, only) {
            (None, None) => Ok(Customers::All),
            (_, Some(customer)) => self.reach_one(caller, reach, customer).await,
            (Some(user), None) => self.reach_of(user, reach),
        }
    }

    async fn reach_one(&self, caller: &Caller, reach: Reach, customer: CustomerId) -> Result<Customers, ServiceError> {
        let may = caller.holds(reach.right, (reach.within)(customer), self.now());
        if may && self.organization_of(customer).await?.is_some() {
            Ok(Customers::Only(vec![customer]))
        } else if caller.customer() == Some(customer) {
            Err(forbidden(reach.right, (reach.within)(customer)))
        } else {
            Err(ServiceError::not_found("customer", customer))
        }
    }

    fn reach_of(&self, user: &UserCaller, reach: Reach) -> Result<Customers, ServiceError> {
        let permissions = &user.document.permissions;
        let now = self.now();
        if holds(permissions, reach.right, reach.everywhere, now) {
            return Ok(Customers::All);
        }
        let candidates = match named(permissions, reach) {
            Named::These(customers) => customers,
            Named::Any => self.directory.customers().into_iter().collect(),
        };
        let may = |customer: &CustomerId| holds(permissions, reach.right, (reach.within)(*customer), now);
        let customers: Vec<_> = candidates.into_iter().filter(may).take(MOST_CUSTOMERS + 1).collect();
        match customers.len() {
            0 => Err(forbidden(reach.right, (reach.within)(user.customer))),
            1..=MOST_CUSTOMERS => Ok(Customers::Only(customers)),
            _ => Err(ServiceError::invalid("/customerId", "you may see too many customers at once: name one")),
        }
    }
}

/// The customers that somebody's allows of a right speak of.
#[derive(Debug, PartialEq, Eq)]
enum Named {
    /// By name: mostly his own.
    These(BTreeSet<CustomerId>),
    /// By a wildcard; a deny takes some of them away.
    Any,
}

fn named(permissions: &Permissions, reach: Reach) -> Named {
    let mut customers = BTreeSet::new();
    let Some((action, everywhere)) = reach.right.pattern().zip(reach.everywhere.pattern()) else {
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
            assert_eq!(named(&permissions(&allows), Reach::SEARCH), expected, "{allows:?}");
        }
    }
}
