//! permdex's own actions and resources: what user callers need to be allowed in the service's own names.

use crate::domain::{
    ActionName, ActionPattern, CustomerId, PolicyId, ResourceName, ResourcePattern, RoleId, SecurityGroupId, UserId,
};
use std::fmt;

/// An own action (api.md section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Right(pub &'static str);

macro_rules! rights {
    ($($name:ident = $text:literal),+ $(,)?) => {
        impl Right {
            $(#[doc = concat!("`", $text, "`.")] pub const $name: Self = Self($text);)+

            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
        }
    };
}

rights!(
    CHECK = "permdex:permission:check",
    SEARCH = "permdex:permission:search",
    ASSIGN = "permdex:permission:assign",
    REMOVE = "permdex:permission:remove",
    REBUILD = "permdex:permission:rebuild",
    JOB = "permdex:permission:job",
    POLICY_READ = "permdex:policy:read",
    POLICY_CREATE = "permdex:policy:create",
    POLICY_UPDATE = "permdex:policy:update",
    POLICY_DELETE = "permdex:policy:delete",
    USER_READ = "permdex:user:read",
    USER_CREATE = "permdex:user:create",
    USER_UPDATE = "permdex:user:update",
    USER_DELETE = "permdex:user:delete",
    CUSTOMER_READ = "permdex:customer:read",
    CUSTOMER_CREATE = "permdex:customer:create",
    CUSTOMER_UPDATE = "permdex:customer:update",
    CUSTOMER_DELETE = "permdex:customer:delete",
    GROUP_READ = "permdex:securityGroup:read",
    GROUP_CREATE = "permdex:securityGroup:create",
    GROUP_UPDATE = "permdex:securityGroup:update",
    GROUP_DELETE = "permdex:securityGroup:delete",
    ACTION_CREATE = "permdex:action:create",
    ACTION_UPDATE = "permdex:action:update",
    ACTION_DELETE = "permdex:action:delete",
    AUDIT_READ = "permdex:audit:read",
    ROLE_CREATE = "Role:CreateRole",
    ROLE_GET = "Role:GetRole",
    ROLE_MODIFY = "Role:ModifyRole",
    // For a service's scope; what users give is compared.
    ROLE_ASSIGN = "Role:AssignRole",
    TEMPORARY_GRANT_CREATE = "Role:CreateTemporaryPermissionGrant",
    TEMPORARY_GRANT_GET = "Role:GetTemporaryPermissionGrant",
);

impl Right {
    /// As a pattern; `None` never happens for the constants (a test reads them all).
    #[must_use]
    pub fn pattern(self) -> Option<ActionPattern> {
        ActionPattern::parse(self.0).ok()
    }

    /// As a name.
    #[must_use]
    pub fn name(self) -> Option<ActionName> {
        ActionName::parse(self.0).ok()
    }
}

/// Which things of a type are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    One(i64),
    All,
}

/// An own resource or pattern of them: `acrn:permdex:<customer>:<type>/<id>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own {
    /// `None`: every customer, `*`.
    customer: Option<CustomerId>,
    kind: &'static str,
    which: Which,
}

impl Own {
    /// One thing of `kind` in `customer`.
    #[must_use]
    pub const fn one(customer: CustomerId, kind: &'static str, id: i64) -> Self {
        Self { customer: Some(customer), kind, which: Which::One(id) }
    }

    /// Every thing of `kind` in `customer`: `<kind>/*`.
    #[must_use]
    pub const fn all(customer: CustomerId, kind: &'static str) -> Self {
        Self { customer: Some(customer), kind, which: Which::All }
    }

    /// Every thing of `kind` in every customer: `acrn:permdex:*:<kind>/*`.
    #[must_use]
    pub const fn everywhere(kind: &'static str) -> Self {
        Self { customer: None, kind, which: Which::All }
    }

    /// `user/<id>`.
    #[must_use]
    pub const fn user(customer: CustomerId, id: UserId) -> Self {
        Self::one(customer, "user", id.0)
    }

    /// `user/*`.
    #[must_use]
    pub const fn users(customer: CustomerId) -> Self {
        Self::all(customer, "user")
    }

    /// `policy/<id>`.
    #[must_use]
    pub const fn policy(customer: CustomerId, id: PolicyId) -> Self {
        Self::one(customer, "policy", id.0)
    }

    /// `securityGroup/<id>`.
    #[must_use]
    pub const fn group(customer: CustomerId, id: SecurityGroupId) -> Self {
        Self::one(customer, "securityGroup", id.0)
    }

    /// `role/<id>`.
    #[must_use]
    pub const fn role(customer: CustomerId, id: RoleId) -> Self {
        Self::one(customer, "role", id.0)
    }

    /// `index/*` of one customer; of all of them without one.
    #[must_use]
    pub const fn index(customer: Option<CustomerId>) -> Self {
        Self { customer, kind: "index", which: Which::All }
    }

    /// As a pattern.
    #[must_use]
    pub fn pattern(&self) -> Option<ResourcePattern> {
        ResourcePattern::parse(&self.to_string()).ok()
    }

    /// As a name; `None` when it means more than one thing.
    #[must_use]
    pub fn name(&self) -> Option<ResourceName> {
        ResourceName::parse(&self.to_string()).ok()
    }
}

impl fmt::Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.customer {
            Some(customer) => write!(f, "acrn:permdex:{customer}:{}/", self.kind)?,
            None => write!(f, "acrn:permdex:*:{}/", self.kind)?,
        }
        match self.which {
            Which::One(id) => id.fmt(f),
            Which::All => f.write_str("*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_reads_as_an_action() {
        for right in Right::ALL {
            assert!(right.pattern().is_some() && right.name().is_some(), "{}", right.0);
        }
    }

    #[test]
    fn own_resources_are_written_as_the_contract_says() {
        assert_eq!(Own::user(CustomerId(1), UserId(17)).to_string(), "acrn:permdex:1:user/17");
        assert_eq!(Own::users(CustomerId(1)).to_string(), "acrn:permdex:1:user/*");
        assert_eq!(Own::index(None).to_string(), "acrn:permdex:*:index/*");
        assert!(Own::index(None).pattern().is_some());
        assert!(Own::users(CustomerId(1)).name().is_none());
    }
}
