//! `/v2`: camelCase, strict (no `null`, no unknown field).
//!
//! One file an endpoint: parameters, handler, description, tests.

pub(super) mod admin;
mod dry_run;
pub(super) mod permission;
