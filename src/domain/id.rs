//! The ids of everything that has one, each its own type, so that no two can be mixed up.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

macro_rules! integer_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

integer_id!(
    /// A customer: the tenant. Positive.
    CustomerId
);
integer_id!(
    /// A user of one customer. Positive.
    UserId
);
integer_id!(
    /// A security group: a set of users of one customer. Positive.
    SecurityGroupId
);
integer_id!(
    /// A policy: a named list of statements. Positive.
    PolicyId
);
integer_id!(
    /// A role: a named list of permission grants of one organization. Positive.
    RoleId
);

/// A temporary grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TemporaryGrantId(pub Uuid);

impl fmt::Display for TemporaryGrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
