//! Strict JSON: what a client, a file or an environment says is read exactly or refused, never mended.
//!
//! serde alone stops at the first error, takes the last of two equal keys and lets `null` pass for "not
//! given"; a permission API must name every field that is wrong. Here live the tree ([`Node`]), the reader
//! that takes fields off it and collects what is wrong ([`Fields`]), and the errors with their JSON pointers.
//! Pure; used by the domain (policies), the import and the HTTP room. It knows no field by name.

mod errors;
mod fields;
mod node;
mod number;
mod parse;

pub use errors::{Errors, FieldError};
pub use fields::{Fields, Source};
pub use node::Node;
pub use number::{Number, canonical_integer};
pub use parse::{MAX_DEPTH, ParseError, parse};

/// `text` as an error may quote it: control characters escaped, cut after 120 characters.
#[must_use]
pub fn quoted(text: &str) -> String {
    const MOST: usize = 120;
    let mut cut: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST).is_some() {
        cut.push('…');
    }
    cut
}
