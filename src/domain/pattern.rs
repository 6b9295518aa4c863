//! Patterns and their exact algebra: matches, covers, intersect.
//!
//! A wildcard stands for whole segments, so each of the three is one walk over both texts.

use super::grammar::{Allowed, Found, MAX_BYTES, NameError, Segments, scan};
use super::kind::{Action, Kind, Resource};
use super::name::Name;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A set of names of kind `K`: `*` in the middle is one segment, `*` at the end is everything below.
///
/// `*` alone is everything; as a resource it is kept as `acrn:*`, the same set.
///
/// ```
/// use permdex::domain::{ResourceName, ResourcePattern};
/// let pattern = ResourcePattern::parse("acrn:app:*:doc/*")?;
/// assert!(pattern.matches(&ResourceName::parse("acrn:app:1:doc/7")?));
/// assert!(pattern.covers(&ResourcePattern::parse("acrn:app:1:doc/7/*")?));
/// # Ok::<(), permdex::domain::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern<K> {
    text: Box<str>,
    shape: Shape,
    kind: PhantomData<K>,
}

/// A set of actions.
pub type ActionPattern = Pattern<Action>;
/// A set of resources.
pub type ResourcePattern = Pattern<Resource>;

/// Which walk is needed: nearly all patterns need only a comparison of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Shape {
    /// No wildcard.
    Exact,
    /// Only the last segment is a wildcard.
    Prefix,
    /// Wildcards before the last segment.
    Mixed,
}

impl<K: Kind> Pattern<K> {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Whatever breaks the grammar of design section 3, variables included.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let found = scan::<K>(text, Allowed::Wildcards)?;
        Ok(Self::found(text.into(), found))
    }

    /// Everything.
    #[must_use]
    pub fn everything() -> Self {
        Self::found("*".into(), Found { wildcards: 0, tail: true, variables: false })
    }

    /// A pattern whose text is known to be one, as the scan found it.
    pub(super) fn found(text: Box<str>, found: Found) -> Self {
        let shape = match found {
            Found { wildcards: 1.., .. } => Shape::Mixed,
            Found { tail: true, .. } => Shape::Prefix,
            _ => Shape::Exact,
        };
        let text = match K::FIRST {
            Some(first) if &*text == "*" => format!("{first}:*").into(),
            _ => text,
        };
        Self { text, shape, kind: PhantomData }
    }

    /// A pattern made of valid segments, which may have any number of wildcards.
    pub(super) fn of_segments(text: Box<str>) -> Self {
        let mut segments = Segments::of(&text);
        let mut found = Found { wildcards: 0, tail: false, variables: false };
        while let Some((_, segment)) = segments.next() {
            found.wildcards += usize::from(segment == "*" && !segments.is_done());
            found.tail = segment == "*";
        }
        Self::found(text, found)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether there are wildcards before the last segment, and how many.
    #[must_use]
    pub fn inner_wildcards(&self) -> usize {
        if self.shape != Shape::Mixed {
            return 0;
        }
        let mut segments = Segments::of(&self.text);
        let mut count = 0;
        while let Some((_, segment)) = segments.next() {
            count += usize::from(segment == "*" && !segments.is_done());
        }
        count
    }

    /// Whether `name` is in this set.
    #[must_use]
    pub fn matches(&self, name: &Name<K>) -> bool {
        let name = name.as_str();
        match self.shape {
            Shape::Exact => *self.text == *name,
            Shape::Prefix => self.prefix().is_some_and(|prefix| name.len() > prefix.len() && name.starts_with(prefix)),
            // A name is a pattern without wildcards.
            Shape::Mixed => covers(&self.text, name),
        }
    }

    /// Whether every name of `narrow` is in this set. By the union lemma (design section 3) this decides
    /// containment in a union too: a pattern that several cover together is covered by one of them.
    #[must_use]
    pub fn covers(&self, narrow: &Self) -> bool {
        match self.shape {
            Shape::Exact => self.text == narrow.text,
            Shape::Prefix => {
                self.prefix().is_some_and(|prefix| narrow.text.len() > prefix.len() && narrow.text.starts_with(prefix))
            }
            Shape::Mixed => covers(&self.text, &narrow.text),
        }
    }

    /// The names that are in both sets: a pattern, or nothing.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        if self.shape != Shape::Mixed && self.covers(other) {
            return Some(other.clone());
        }
        if other.shape != Shape::Mixed && other.covers(self) {
            return Some(self.clone());
        }
        intersect(&self.text, &other.text).map(|text| Self::of_segments(text.into()))
    }

    /// Whether some name is in both sets.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.intersect(other).is_some()
    }

    /// The text before the last `*`, its separator included.
    fn prefix(&self) -> Option<&str> {
        self.text.strip_suffix('*')
    }
}

impl<K: Kind> From<&Name<K>> for Pattern<K> {
    fn from(name: &Name<K>) -> Self {
        Self { text: name.as_str().into(), shape: Shape::Exact, kind: PhantomData }
    }
}

fn covers(wide: &str, narrow: &str) -> bool {
    let (mut wide, mut narrow) = (Segments::of(wide), Segments::of(narrow));
    loop {
        match (wide.next(), narrow.next()) {
            (None, None) => return true,
            (Some((left, wide_segment)), Some((right, narrow_segment))) if left == right => {
                match (wide_segment, narrow_segment) {
                    ("*", _) if wide.is_done() => return true,
                    // One segment doesn't cover many.
                    ("*", "*") if narrow.is_done() => return false,
                    ("*", _) => {}
                    _ if wide_segment != narrow_segment => return false,
                    _ => {}
                }
            }
            _ => return false,
        }
    }
}

fn intersect(one: &str, other: &str) -> Option<String> {
    let mut both = String::with_capacity(one.len().max(other.len()));
    let (mut one, mut other) = (Segments::of(one), Segments::of(other));
    loop {
        let (left, right) = (one.rest(), other.rest());
        match (one.next(), other.next()) {
            (None, None) => break,
            (Some((before, one_segment)), Some((separator, other_segment))) if before == separator => {
                if separator != 0 {
                    both.push(char::from(separator));
                }
                // What ends in `*` leaves the rest to the other.
                let rest = match (one_segment, other_segment) {
                    ("*", _) if one.is_done() => right,
                    (_, "*") if other.is_done() => left,
                    ("*", segment) | (segment, "*") => {
                        both.push_str(segment);
                        continue;
                    }
                    _ if one_segment == other_segment => {
                        both.push_str(one_segment);
                        continue;
                    }
                    _ => return None,
                };
                both.push_str(rest?.1);
                break;
            }
            _ => return None,
        }
    }
    // No name is longer, and a name is at least as long as a pattern it matches.
    (both.len() <= MAX_BYTES).then_some(both)
}

impl<K> fmt::Display for Pattern<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<K> Serialize for Pattern<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// Reads what was written by `Serialize`: a bound pattern may be longer than a client may write it.
impl<'de, K: Kind> Deserialize<'de> for Pattern<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Self::of_segments(text.as_ref().into()))
    }
}
