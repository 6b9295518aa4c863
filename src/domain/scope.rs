//! Which users a change affects: what a refresh job is about.

use super::id::{CustomerId, PolicyId, RoleId, SecurityGroupId, UserId};
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Which users: resolved when the job runs, not when it is made. Written as JSON with one key, such as
/// `{"user": 17}` or `{"everyone": true}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// This user, whether or not he still exists.
    User(UserId),
    /// The members of a group.
    SecurityGroup(SecurityGroupId),
    /// The users of a customer.
    Customer(CustomerId),
    /// The users who have a role.
    Role(RoleId),
    /// Whoever a policy reaches through any assignment.
    Policy(PolicyId),
    /// All users.
    Everyone,
    /// Only the users whose ids are stored beside the job.
    Listed,
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::User(id) => map.serialize_entry("user", id)?,
            Self::SecurityGroup(id) => map.serialize_entry("securityGroup", id)?,
            Self::Customer(id) => map.serialize_entry("customer", id)?,
            Self::Role(id) => map.serialize_entry("role", id)?,
            Self::Policy(id) => map.serialize_entry("policy", id)?,
            Self::Everyone => map.serialize_entry("everyone", &true)?,
            Self::Listed => map.serialize_entry("listed", &true)?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Scope;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scope such as {\"user\": 17}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scope, A::Error> {
        let key: String = map.next_key()?.ok_or_else(|| A::Error::custom("a scope has one key, found none"))?;
        let scope = match key.as_str() {
            "user" => Scope::User(map.next_value()?),
            "securityGroup" => Scope::SecurityGroup(map.next_value()?),
            "customer" => Scope::Customer(map.next_value()?),
            "role" => Scope::Role(map.next_value()?),
            "policy" => Scope::Policy(map.next_value()?),
            "everyone" if map.next_value::<bool>()? => Scope::Everyone,
            "listed" if map.next_value::<bool>()? => Scope::Listed,
            other => return Err(A::Error::custom(format!("`{}` is no scope", crate::json::quoted(other)))),
        };
        if map.next_key::<IgnoredAny>()?.is_some() {
            return Err(A::Error::custom("a scope has one key, found more"));
        }
        Ok(scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_survives_being_written_and_read() {
        for (scope, text) in [
            (Scope::User(UserId(17)), r#"{"user":17}"#),
            (Scope::SecurityGroup(SecurityGroupId(5)), r#"{"securityGroup":5}"#),
            (Scope::Customer(CustomerId(1)), r#"{"customer":1}"#),
            (Scope::Role(RoleId(9)), r#"{"role":9}"#),
            (Scope::Policy(PolicyId(3)), r#"{"policy":3}"#),
            (Scope::Everyone, r#"{"everyone":true}"#),
            (Scope::Listed, r#"{"listed":true}"#),
        ] {
            assert_eq!(serde_json::to_string(&scope).unwrap(), text);
            assert_eq!(serde_json::from_str::<Scope>(text).unwrap(), scope);
            let value = serde_json::to_value(scope).unwrap();
            assert_eq!(serde_json::from_value::<Scope>(value).unwrap(), scope);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["{}", r#"{"user":17,"role":1}"#, r#"{"everyone":false}"#, r#"{"users":1}"#, "17", r#"{"user":"17"}"#]
        {
            assert!(serde_json::from_str::<Scope>(text).is_err(), "{text}");
        }
    }
}
