//! Where a permission comes from.

use super::id::{CustomerId, RoleId, SecurityGroupId, TemporaryGrantId, UserId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// Where a statement reaches a user from. Written as `securityGroup:5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A policy assigned to the user's customer.
    Customer(CustomerId),
    /// A policy assigned to a group of the user's.
    SecurityGroup(SecurityGroupId),
    /// A policy assigned to the user.
    User(UserId),
    /// The user's role.
    Role(RoleId),
    /// A temporary grant to the user.
    TemporaryGrant(TemporaryGrantId),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer(id) => write!(f, "customer:{id}"),
            Self::SecurityGroup(id) => write!(f, "securityGroup:{id}"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::Role(id) => write!(f, "role:{id}"),
            Self::TemporaryGrant(id) => write!(f, "temporaryGrant:{id}"),
        }
    }
}

/// A text that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no origin: expected something like `securityGroup:5`", crate::json::quoted(.0))]
pub struct OriginError(String);

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let wrong = || OriginError(text.to_owned());
        let (kind, id) = text.split_once(':').ok_or_else(wrong)?;
        let number = || id.parse::<i64>().map_err(|_| wrong());
        Ok(match kind {
            "customer" => Self::Customer(CustomerId(number()?)),
            "securityGroup" => Self::SecurityGroup(SecurityGroupId(number()?)),
            "user" => Self::User(UserId(number()?)),
            "role" => Self::Role(RoleId(number()?)),
            "temporaryGrant" => Self::TemporaryGrant(TemporaryGrantId(id.parse().map_err(|_| wrong())?)),
            _ => return Err(wrong()),
        })
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
