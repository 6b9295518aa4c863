//! The kinds of things that are administered: what they are called, and the rights that each needs.

use crate::domain::CustomerId;
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
    read: Right::CUSTOMER_READ,
    create: Right::CUSTOMER_CREATE,
    update: Right::CUSTOMER_UPDATE,
    delete: Right::CUSTOMER_DELETE,
};

pub(super) const USER: Thing = Thing {
    word: "user",
    name: "user",
    ids: IdKind::User,
    read: Right::USER_READ,
    create: Right::USER_CREATE,
    update: Right::USER_UPDATE,
    delete: Right::USER_DELETE,
};

pub(super) const GROUP: Thing = Thing {
    word: "security group",
    name: "securityGroup",
    ids: IdKind::SecurityGroup,
    read: Right::GROUP_READ,
    create: Right::GROUP_CREATE,
    update: Right::GROUP_UPDATE,
    delete: Right::GROUP_DELETE,
};

pub(super) const POLICY: Thing = Thing {
    word: "policy",
    name: "policy",
    ids: IdKind::Policy,
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

    /// What a list of them needs. Within a customer every one of them, since a list shows them all; a customer is alone
    /// in his own.
    pub fn reach(&self) -> Reach {
        let within: fn(CustomerId) -> Own = match self.name {
            "customer" => |customer| CUSTOMER.own(customer, customer.0),
            "user" => Own::users,
            "securityGroup" => |customer| Own::all(customer, "securityGroup"),
            _ => |customer| Own::all(customer, "policy"),
        };
        Reach { right: self.read, within, everywhere: Own::everywhere(self.name) }
    }
}
