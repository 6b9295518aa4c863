//! The kinds of things that are administered: what they are called, and the rights that each needs.

use super::writing::lacking;
use crate::domain::CustomerId;
use crate::service::caller::Caller;
use crate::service::cluster::Cluster;
use crate::service::error::ServiceError;
use crate::service::reach::Reach;
use crate::service::right::{Own, Right};
use crate::store::records::freed::IdKind;
use std::fmt;

/// A kind of thing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thing {
    /// As errors name it.
    pub word: &'static str,
    /// As resources and the audit log name it.
    pub name: &'static str,
    /// Where its ids come from.
    pub ids: IdKind,
    /// What a list in a customer needs the right on: every one of them, since a list shows them all; a customer is alone
    /// in his own.
    pub listed: fn(CustomerId) -> Own,
    /// To see one.
    pub read: Right,
    /// To make one.
    pub create: Right,
    /// To change one.
    pub update: Right,
    /// To delete one.
    pub delete: Right,
}

pub(super) const CUSTOMER: Thing = Thing {
    word: "customer",
    name: "customer",
    ids: IdKind::Customer,
    listed: |customer| Own::one(customer, "customer", customer.0),
    read: Right::CUSTOMER_READ,
    create: Right::CUSTOMER_CREATE,
    update: Right::CUSTOMER_UPDATE,
    delete: Right::CUSTOMER_DELETE,
};

pub(super) const USER: Thing = Thing {
    word: "user",
    name: "user",
    ids: IdKind::User,
    listed: Own::users,
    read: Right::USER_READ,
    create: Right::USER_CREATE,
    update: Right::USER_UPDATE,
    delete: Right::USER_DELETE,
};

pub(super) const GROUP: Thing = Thing {
    word: "security group",
    name: "securityGroup",
    ids: IdKind::SecurityGroup,
    listed: |customer| Own::all(customer, "securityGroup"),
    read: Right::GROUP_READ,
    create: Right::GROUP_CREATE,
    update: Right::GROUP_UPDATE,
    delete: Right::GROUP_DELETE,
};

pub(super) const POLICY: Thing = Thing {
    word: "policy",
    name: "policy",
    ids: IdKind::Policy,
    listed: |customer| Own::all(customer, "policy"),
    read: Right::POLICY_READ,
    create: Right::POLICY_CREATE,
    update: Right::POLICY_UPDATE,
    delete: Right::POLICY_DELETE,
};

impl Thing {
    /// One of them, as a resource.
    pub const fn own(&self, customer: CustomerId, id: i64) -> Own {
        Own::one(customer, self.name, id)
    }

    /// As the audit log names one.
    pub fn target(&self, id: impl fmt::Display) -> String {
        format!("{}:{id}", self.name)
    }

    /// There is none with this id.
    pub fn missing(&self, id: impl fmt::Display) -> ServiceError {
        ServiceError::not_found(self.word, id)
    }

    /// Its id is somebody else's.
    pub fn taken(&self, id: impl fmt::Display) -> ServiceError {
        ServiceError::Conflict(format!("{} id `{id}` is taken: choose another, or POST without one", self.word))
    }

    /// What a list of them needs.
    pub fn reach(&self) -> Reach {
        Reach { right: self.read, within: self.listed, everywhere: Own::everywhere(self.name) }
    }

    /// Requires that the caller may see one of `customer`; judged by the index.
    ///
    /// # Errors
    /// `Forbidden`, `Hidden`.
    pub fn may_read(
        &self,
        cluster: &Cluster,
        caller: &Caller,
        customer: CustomerId,
        id: i64,
    ) -> Result<(), ServiceError> {
        let own = self.own(customer, id);
        if caller.holds(self.read, own, cluster.now()) {
            return Ok(());
        }
        Err(lacking(caller, self.read, own, customer, (self.word, id.to_string())))
    }
}
