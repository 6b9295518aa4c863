//! A JSON number as it was written.

use std::fmt;

/// A JSON number: an integer of at most 64 bits, or a finite float.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// `i64::MIN ..= u64::MAX`.
    Integer(i128),
    /// Written with a fraction or an exponent.
    Float(f64),
}

impl Number {
    /// Whether it may stand for an integer that was written with more than 64 bits: `serde_json` turns those
    /// into floats without a word, and rounds them.
    #[must_use]
    pub fn is_beyond_64_bits(self) -> bool {
        // -2^63 and 2^64 exactly; at -2^63 a longer integer may have been rounded.
        const LOW: f64 = -9_223_372_036_854_775_808.0;
        const HIGH: f64 = 18_446_744_073_709_551_616.0;
        matches!(self, Self::Float(float) if float <= LOW || float >= HIGH)
    }
}

/// An integer of 64 bits in the one way to write it: no sign that says nothing, no leading zero.
#[must_use]
pub fn canonical_integer(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number: &i64| number.to_string() == text)
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) => integer.fmt(f),
            Self::Float(float) => float.fmt(f),
        }
    }
}
