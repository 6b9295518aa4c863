//! Conditions over the attributes of a resource, judged in three values: holds, fails, unknown.

use super::attributes::Known;
use super::value::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one attribute must be. All conditions of a statement must hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub enum Condition {
    /// The attribute is this value.
    Equals {
        /// The value.
        value: Value,
    },
    /// The attribute is given and is another value.
    NotEquals {
        /// The value.
        value: Value,
    },
    /// The attribute is one of these.
    In {
        /// 1 to 100 values.
        values: Vec<Value>,
    },
}

/// Attribute -> condition, at most 10.
pub type Conditions = BTreeMap<Box<str>, Condition>;

/// The attribute that every resource with a customer has: its organization.
pub const ORGANIZATION_ATTRIBUTE: &str = "org_id";
/// In a condition's value: the user's own organization (slug).
pub const SELF_ORGANIZATION: &str = "{self_org_id}";
/// In a condition's value: the user's id, as a string.
pub const SELF_USER: &str = "{self_user_id}";

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// It is known to fail.
    Fails,
    /// The attribute is missing.
    Unknown,
    /// It holds.
    Holds,
}

impl Condition {
    /// Judges an attribute, `None` when it is missing.
    #[must_use]
    pub fn judge(&self, attribute: Option<&Value>) -> Truth {
        let Some(found) = attribute else {
            return Truth::Unknown;
        };
        let holds = match self {
            Self::Equals { value } => value == found,
            Self::NotEquals { value } => value != found,
            Self::In { values } => values.contains(found),
        };
        if holds { Truth::Holds } else { Truth::Fails }
    }

    /// Whether every value that holds here holds in `wide` too.
    #[must_use]
    pub fn implies(&self, wide: &Self) -> bool {
        let holds = |value: &Value| wide.judge(Some(value)) == Truth::Holds;
        match self {
            Self::Equals { value } => holds(value),
            Self::In { values } => values.iter().all(holds),
            // All but one value: only the same exclusion is as wide.
            Self::NotEquals { .. } => self == wide,
        }
    }

    /// Whether no value holds in both.
    #[must_use]
    pub fn excludes(&self, other: &Self) -> bool {
        let fails = |value: &Value| other.judge(Some(value)) != Truth::Holds;
        match (self, other) {
            (Self::Equals { value }, _) => fails(value),
            (Self::In { values }, _) => values.iter().all(fails),
            // All but one value here, and all but one there: most are in both.
            (Self::NotEquals { .. }, Self::NotEquals { .. }) => false,
            (Self::NotEquals { .. }, _) => other.excludes(self),
        }
    }

    /// The condition with each value replaced by `bind`; `None` when one of them can't be.
    #[must_use]
    pub fn map_values(&self, bind: impl Fn(&Value) -> Option<Value>) -> Option<Self> {
        Some(match self {
            Self::Equals { value } => Self::Equals { value: bind(value)? },
            Self::NotEquals { value } => Self::NotEquals { value: bind(value)? },
            Self::In { values } => Self::In { values: values.iter().map(bind).collect::<Option<_>>()? },
        })
    }

    /// The values it names.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        match self {
            Self::Equals { value } | Self::NotEquals { value } => std::slice::from_ref(value),
            Self::In { values } => values,
        }
    }
}

/// The worst of all: one that fails, else one that is unknown, else they hold.
#[must_use]
pub fn judge_all(conditions: &Conditions, known: &Known<'_>) -> Truth {
    conditions.iter().map(|(attribute, condition)| condition.judge(known.get(attribute))).min().unwrap_or(Truth::Holds)
}
