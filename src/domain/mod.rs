//! The pure domain: names and patterns, statements, effective permissions, decisions, privilege comparison.
//!
//! No I/O, no panics, no clock: time is passed in. Everybody who decides anything about permissions comes
//! through here: check, list, both index engines' tests, the database fallback, privilege comparison, verify.
//! Beside the standard library it knows [`crate::json`] and serde only.

mod attributes;
mod condition;
mod decision;
mod difference;
mod effective;
mod explain;
mod generalise;
mod giving;
mod grammar;
mod grant;
mod id;
mod kind;
mod listing;
mod name;
mod organization;
mod origin;
mod pattern;
mod policy;
mod privilege;
mod role;
mod scope;
mod statement;
mod template;
mod value;

pub use attributes::{Attributes, Known};
pub use condition::{Condition, Conditions, ORGANIZATION_ATTRIBUTE, SELF_ORGANIZATION, SELF_USER, Truth, judge_all};
pub use decision::Decision;
pub use difference::{Difference, Effort, Pair};
pub use effective::{Effect, Effective, Permissions};
pub use explain::{Asked, Explained, Explanation, MAX_NEAR_MISSES, Rule};
pub use generalise::generalisations;
pub use giving::given;
pub use grammar::{MAX_BYTES, MAX_WILDCARDS, NameError};
pub use grant::PermissionGrant;
pub use id::{CustomerId, PolicyId, RoleId, SecurityGroupId, TemporaryGrantId, UserId};
pub use kind::{Action, Kind, Resource};
pub use listing::{Entry, Filter, MAX_LISTED_PAIRS, TooLong};
pub use name::{ActionName, Name, ResourceName};
pub use organization::check_organization;
pub use origin::{Origin, OriginError};
pub use pattern::{ActionPattern, Pattern, ResourcePattern};
pub use policy::{
    MAX_ACTIONS, MAX_ATTRIBUTE_BYTES, MAX_CONDITIONS, MAX_RESOURCES, MAX_STATEMENTS, MAX_STRING_BYTES, MAX_VALUES,
    check_attribute, read_conditions, read_grant, read_grants, read_statements, read_value, write_grant,
    write_statements,
};
pub use privilege::NotCovered;
pub use role::{FrontendView, MAX_GRANTS, MAX_ROLE_NAME, READABLE_AFTER, role_name};
pub use scope::Scope;
pub use statement::{Binding, Statement};
pub use template::{ActionTemplate, BoundUser, ResourceTemplate, Template};
pub use value::{Value, ValueError};

#[cfg(test)]
mod laws;
