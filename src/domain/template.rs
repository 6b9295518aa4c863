//! Templates: patterns as policies write them, with the variables that are bound per user.

use super::grammar::{Allowed, CUSTOMER_ID, Found, NameError, Segments, USER_ID, scan};
use super::id::{CustomerId, UserId};
use super::kind::{Action, Kind, Resource};
use super::pattern::Pattern;
use std::fmt;

/// A pattern in which a segment may be `${customerId}` or `${userId}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Template<K> {
    /// Without variables it is a pattern already.
    pattern: Pattern<K>,
    customer: bool,
    user: bool,
}

/// A template of actions.
pub type ActionTemplate = Template<Action>;
/// A template of resources.
pub type ResourceTemplate = Template<Resource>;

/// What `${userId}` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundUser {
    /// This user.
    One(UserId),
    /// Any member of a group or customer: `*`, the widest it can be (api.md section 1, privilege comparison).
    Any,
}

impl<K: Kind> Template<K> {
    /// Reads a template.
    ///
    /// # Errors
    /// Whatever breaks the grammar of design section 3.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let found = scan::<K>(text, Allowed::Variables)?;
        let has = |variable| found.variables && Segments::of(text).any(|(_, segment)| segment == variable);
        let (customer, user) = (has(CUSTOMER_ID), has(USER_ID));
        let pattern = Pattern::found(text.into(), Found { variables: false, ..found });
        Ok(Self { pattern, customer, user })
    }

    /// The text as it was written (`acrn:*` for a resource `*`).
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.pattern.as_str()
    }

    /// Whether `${customerId}` is in it.
    #[must_use]
    pub fn names_customer(&self) -> bool {
        self.customer
    }

    /// Whether `${userId}` is in it.
    #[must_use]
    pub fn names_user(&self) -> bool {
        self.user
    }

    /// The pattern with the variables replaced.
    #[must_use]
    pub fn bind(&self, customer: CustomerId, user: BoundUser) -> Pattern<K> {
        if !self.customer && !self.user {
            return self.pattern.clone();
        }
        let mut bound = String::with_capacity(self.as_str().len() + 24);
        for (separator, segment) in Segments::of(self.as_str()) {
            if separator != 0 {
                bound.push(char::from(separator));
            }
            match (segment, user) {
                (CUSTOMER_ID, _) => bound.push_str(&customer.to_string()),
                (USER_ID, BoundUser::One(user)) => bound.push_str(&user.to_string()),
                (USER_ID, BoundUser::Any) => bound.push('*'),
                _ => bound.push_str(segment),
            }
        }
        Pattern::of_segments(bound.into())
    }
}

impl<K> fmt::Display for Template<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pattern.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_bound_as_whole_segments() {
        let template = ResourceTemplate::parse("acrn:app:${customerId}:home/${userId}").unwrap();
        let bound = |user| template.bind(CustomerId(3), user).to_string();
        assert_eq!(bound(BoundUser::One(UserId(17))), "acrn:app:3:home/17");
        assert_eq!(bound(BoundUser::Any), "acrn:app:3:home/*");
        assert!(ResourceTemplate::parse("acrn:app:${other}").is_err());
        assert!(ResourceTemplate::parse("acrn:app:x${userId}").is_err());
    }

    #[test]
    fn a_resource_of_everything_has_one_form() {
        assert_eq!(ResourceTemplate::parse("*").unwrap().as_str(), "acrn:*");
        assert_eq!(ActionTemplate::parse("*").unwrap().as_str(), "*");
    }
}
