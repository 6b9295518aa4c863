//! Values of attributes: strings, numbers, booleans; never coerced into one another.

use crate::json::{Node, Number};
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::hash::{Hash, Hasher};

/// A value that a condition compares. Numbers are compared by value: `1`, `1.0` and `1e0` are equal, integers
/// of 64 bits exactly.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text, compared byte by byte.
    String(Box<str>),
    /// An integer, `i64::MIN ..= u64::MAX`; an integral float within that range is one too.
    Integer(i128),
    /// Any other finite number. Never integral, so that equality is equality of bits (no NaN, no two zeros).
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
}

impl Eq for Value {}

/// Equal values have equal bits: see [`Value::Float`].
impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::String(text) => text.hash(state),
            Self::Integer(integer) => integer.hash(state),
            Self::Float(float) => float.to_bits().hash(state),
            Self::Boolean(value) => value.hash(state),
        }
    }
}

/// Why a JSON value is no attribute value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// It has more digits than 64 bits hold, and would be rounded.
    #[error("the number is beyond 64 bits: send it as a string")]
    Beyond64Bits,
    /// A null, an array or an object.
    #[error("expected a string, a number or a boolean, found {0}")]
    Kind(&'static str),
}

impl Value {
    /// Reads a JSON value.
    ///
    /// # Errors
    /// Anything but a string, a boolean or a number that 64 bits hold.
    pub fn from_node(node: Node) -> Result<Self, ValueError> {
        match node {
            Node::String(text) => Ok(Self::String(text.into())),
            Node::Boolean(value) => Ok(Self::Boolean(value)),
            Node::Number(number) if number.is_beyond_64_bits() => Err(ValueError::Beyond64Bits),
            Node::Number(Number::Integer(integer)) => Ok(Self::Integer(integer)),
            Node::Number(Number::Float(float)) => Ok(Self::float(float)),
            other => Err(ValueError::Kind(other.word())),
        }
    }

    /// A string value.
    #[must_use]
    pub fn string(text: impl Into<Box<str>>) -> Self {
        Self::String(text.into())
    }

    fn float(float: f64) -> Self {
        // The range of i64..=u64 is checked before; beyond 2^53 the cast of an integral float is exact too.
        #[expect(clippy::cast_possible_truncation, reason = "within 64 bits, and integral")]
        if float.fract() == 0.0 && !Number::Float(float).is_beyond_64_bits() {
            Self::Integer(float as i128)
        } else {
            Self::Float(float)
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => f.write_str(text),
            Self::Integer(integer) => integer.fmt(f),
            Self::Float(float) => float.fmt(f),
            Self::Boolean(value) => value.fmt(f),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::String(text) => serializer.serialize_str(text),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Float(float) => serializer.serialize_f64(*float),
            Self::Integer(integer) => match (i64::try_from(*integer), u64::try_from(*integer)) {
                (Ok(signed), _) => serializer.serialize_i64(signed),
                (_, Ok(unsigned)) => serializer.serialize_u64(unsigned),
                _ => Err(serde::ser::Error::custom("an integer of more than 64 bits")),
            },
        }
    }
}

/// Reads what `Serialize` wrote (documents, policies in the database).
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Value;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, a number or a boolean")
            }
            fn visit_str<E>(self, value: &str) -> Result<Value, E> {
                Ok(Value::string(value))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
                Ok(Value::Boolean(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
                Ok(Value::Integer(value.into()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
                Ok(Value::Integer(value.into()))
            }
            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
                Value::from_node(Node::Number(Number::Float(value))).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Reader).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn value(text: &str) -> Value {
        Value::from_node(parse(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn numbers_are_compared_by_value_and_exactly() {
        for (one, other, equal) in [
            ("1", "1.0", true),
            ("1", "1e0", true),
            ("0", "-0.0", true),
            ("-0", "0", true),
            ("9007199254740993", "9007199254740992", false),
            ("9007199254740993", "9007199254740992.0", false),
            ("18446744073709551615", "18446744073709551614", false),
            ("0.1", "1e-1", true),
            ("1", "\"1\"", false),
            ("true", "\"true\"", false),
            ("true", "1", false),
        ] {
            assert_eq!(value(one) == value(other), equal, "{one} {other}");
        }
    }

    #[test]
    fn a_value_survives_being_written_and_read() {
        for text in ["\"a\"", "1", "1.5", "-9223372036854775808", "18446744073709551615", "9.3e18", "true", "5e-324"] {
            let written = serde_json::to_string(&value(text)).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value(text), "{text} {written}");
        }
    }

    #[test]
    fn what_would_be_rounded_is_refused() {
        for text in ["18446744073709551616", "-9223372036854775809", "1e300"] {
            assert_eq!(Value::from_node(parse(text.as_bytes()).unwrap()), Err(ValueError::Beyond64Bits), "{text}");
        }
    }
}
