//! Assigning and removing policies: one transaction with the change, its audit row and its job.

use super::caller::Caller;
use super::cluster::Cluster;
use super::error::ServiceError;
use super::written::{WriteContext, Written};
use crate::domain::{CustomerId, PolicyId, SecurityGroupId, UserId};

/// Who a policy is assigned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One user.
    User(UserId),
    /// The members of a group.
    SecurityGroup(SecurityGroupId),
    /// All users of a customer.
    Customer(CustomerId),
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The target gets the policy.
    Assign,
    /// The target loses it.
    Remove,
}

/// An assignment to make or to take away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssignRequest {
    /// Which way.
    pub change: Change,
    /// The policy.
    pub policy: PolicyId,
    /// The target.
    pub target: Target,
    /// What `${customerId}` is bound to; `None` or the target's own customer: that one. None beside a customer.
    pub scope: Option<CustomerId>,
}

impl Cluster {
    /// Assigns or removes; doing it twice is a success. Committed when it returns, and nobody is waited for:
    /// [`Written::wait`] does that.
    ///
    /// # Errors
    /// `NotFound` names the policy, target or scope; `Forbidden`, `NotCovered`, `Invalid`, `Unavailable`: nothing
    /// was changed.
    pub async fn assign(
        &self,
        caller: &Caller,
        request: AssignRequest,
        context: &WriteContext,
    ) -> Result<Written, ServiceError> {
        todo!()
    }
}
