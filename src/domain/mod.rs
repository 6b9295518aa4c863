//! The pure domain: names and patterns, statements, effective permissions, decisions, privilege comparison.
//!
//! No I/O, no panics, no clock: time is passed in. Everybody who decides anything about permissions comes
//! through here: check, list, both index engines' tests, the database fallback, privilege comparison, verify.

mod id;

pub use id::{CustomerId, PolicyId, RoleId, SecurityGroupId, TemporaryGrantId, UserId};
