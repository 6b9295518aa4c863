//! What questions have in common: their bounds.

use super::error::ServiceError;
use crate::domain::{Attributes, ResourceName};
use crate::json::Errors;

/// A question names at most so many resources.
pub const MAX_RESOURCES_ASKED: usize = 100;
/// A question carries at most so many attributes.
pub const MAX_ATTRIBUTES: usize = 32;

/// Holds a question to its bounds, whoever made it.
pub(super) fn check_bounds(resources: &[ResourceName], attributes: &Attributes) -> Result<(), ServiceError> {
    let mut errors = Errors::default();
    if resources.len() > MAX_RESOURCES_ASKED {
        errors.add("/resource", format!("{} resources are asked: at most {MAX_RESOURCES_ASKED}", resources.len()));
    }
    if attributes.len() > MAX_ATTRIBUTES {
        errors.add("/attributes", format!("{} attributes are given: at most {MAX_ATTRIBUTES}", attributes.len()));
    }
    if resources.is_empty() && !attributes.is_empty() {
        errors.add("/attributes", "attributes are those of a resource: name the `resource`, or leave them out");
    }
    if errors.is_empty() { Ok(()) } else { Err(ServiceError::Invalid(errors)) }
}
