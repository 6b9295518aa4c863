//! The `jobId` of a read: an unfinished job that may still change the answer, as far as this process knows.

use super::cluster::Cluster;
use super::document::{Found, Source};
use super::verify::VERIFY;
use crate::domain::{CustomerId, SecurityGroupId, UserId};
use crate::index::Customers;
use crate::queue::JobId;
use serde_json::Value;

/// At most so many jobs are looked at for a hint: a check must not pay for a long queue.
const MOST_LOOKED_AT: usize = 1_000;

/// Whom an answer or a write is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Whom {
    /// One user, and his tenant where that is known.
    User(UserId, Option<CustomerId>),
    /// A group's members.
    SecurityGroup(SecurityGroupId, CustomerId),
    /// A customer's users.
    Customer(CustomerId),
}

impl Whom {
    /// Whether a job of `customer` with `scope` may write their documents. A null scope may be any.
    fn is_concerned(self, customer: Option<i64>, scope: &Value) -> bool {
        if only_reads(scope) {
            return false;
        }
        let named = |key: &str| scope.get(key).and_then(Value::as_i64);
        match self {
            Self::User(user, tenant) => match named("user") {
                Some(id) => id == user.0,
                None => is_of(customer, tenant),
            },
            Self::SecurityGroup(group, tenant) => match named("securityGroup") {
                Some(id) => id == group.0,
                None => is_of(customer, Some(tenant)),
            },
            Self::Customer(tenant) => is_of(customer, Some(tenant)),
        }
    }
}

/// Whether a job with this scope writes no document itself.
fn only_reads(scope: &Value) -> bool {
    scope.get(VERIFY).is_some()
}

/// Whether a job of `customer` may touch `tenant`: one of no single customer may touch any.
fn is_of(customer: Option<i64>, tenant: Option<CustomerId>) -> bool {
    match (customer, tenant) {
        (Some(customer), Some(tenant)) => customer == tenant.0,
        _ => true,
    }
}

impl Cluster {
    /// For an answer about one user. PostgreSQL's answers have every committed change in them.
    pub(super) fn hint_for(&self, user: UserId, found: &Found) -> Option<JobId> {
        if self.signals.pending.is_empty() || found.source == Source::Database {
            return None;
        }
        let tenant = found.document.as_deref().map(|document| document.permissions.customer);
        self.newest(Whom::User(user, tenant))
    }

    /// The newest unfinished job that may concern them.
    pub(super) fn newest(&self, whom: Whom) -> Option<JobId> {
        let mut looked_at = 0;
        self.signals.pending.newest(|customer, scope| {
            looked_at += 1;
            looked_at <= MOST_LOOKED_AT && whom.is_concerned(customer, scope)
        })
    }

    /// The same without a bound on what is looked at, for where an answer is a promise. With more unfinished jobs than are
    /// known, the newest of all stands for those that are not.
    pub(super) fn newest_for_sure(&self, whom: Whom) -> Option<JobId> {
        let pending = &self.signals.pending;
        let found = pending.newest(|customer, scope| whom.is_concerned(customer, scope));
        found.or_else(|| if pending.left_out() > 0 { pending.newest(|_, scope| !only_reads(scope)) } else { None })
    }

    /// For an answer about everybody in `customers`.
    pub(super) fn hint_among(&self, customers: &Customers) -> Option<JobId> {
        self.signals.pending.newest(|customer, scope| match (customers, customer) {
            _ if only_reads(scope) => false,
            (Customers::Only(only), Some(customer)) => only.binary_search(&CustomerId(customer)).is_ok(),
            _ => true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_job_concerns_a_user_when_it_names_him_or_may_hold_him() {
        let user = Whom::User(UserId(17), Some(CustomerId(1)));
        for (customer, scope, concerned) in [
            (Some(1), json!({"user": 17}), true),
            (Some(1), json!({"user": 18}), false),
            (Some(1), json!({"securityGroup": 5}), true),
            (Some(2), json!({"securityGroup": 6}), false),
            (Some(2), json!({"customer": 2}), false),
            (None, json!({"policy": 3}), true),
            (None, json!({"everyone": true}), true),
            (None, json!({"everyone": true, "verify": true}), false),
            (Some(1), Value::Null, true),
            (Some(2), Value::Null, false),
        ] {
            assert_eq!(user.is_concerned(customer, &scope), concerned, "{customer:?} {scope}");
        }
    }

    #[test]
    fn a_job_about_one_group_does_not_concern_another() {
        let group = Whom::SecurityGroup(SecurityGroupId(5), CustomerId(1));
        assert!(group.is_concerned(Some(1), &json!({"securityGroup": 5})));
        assert!(!group.is_concerned(Some(1), &json!({"securityGroup": 6})));
        assert!(group.is_concerned(Some(1), &json!({"user": 17})));
    }
}
