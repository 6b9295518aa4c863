//! The attributes of a resource that a request carries, and the one that its name carries.

use super::condition::ORGANIZATION_ATTRIBUTE;
use super::value::Value;
use std::collections::BTreeMap;

/// Attribute -> value, as a request gives them: at most 32, names to 64 bytes, strings to 1 KiB.
pub type Attributes = BTreeMap<Box<str>, Value>;

/// Everything known of one resource.
#[derive(Debug, Clone)]
pub struct Known<'a> {
    attributes: &'a Attributes,
    organization: Option<Value>,
}

impl<'a> Known<'a> {
    /// The given attributes and the organization of the resource's customer, if it has one.
    #[must_use]
    pub fn new(attributes: &'a Attributes, organization: Option<&str>) -> Self {
        Self { attributes, organization: organization.map(Value::string) }
    }

    /// The value of `attribute`. `org_id` comes from the resource alone, never from the request.
    #[must_use]
    pub fn get(&self, attribute: &str) -> Option<&Value> {
        if attribute == ORGANIZATION_ATTRIBUTE {
            return self.organization.as_ref();
        }
        self.attributes.get(attribute)
    }

    /// The given attributes, `org_id` not among them.
    #[must_use]
    pub fn given(&self) -> &'a Attributes {
        self.attributes
    }

    /// The organization.
    #[must_use]
    pub fn organization(&self) -> Option<&Value> {
        self.organization.as_ref()
    }
}
