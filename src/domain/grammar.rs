//! The grammar of names, patterns and templates (design section 3): one scan over the bytes.

use super::kind::Kind;
use crate::json::quoted;

/// A name or pattern is at most so long, in bytes.
pub const MAX_BYTES: usize = 512;
/// A pattern has at most so many wildcards before its last segment.
pub const MAX_WILDCARDS: usize = 3;

/// Why a text is no name, pattern or template; says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word} `{}` {why}", quoted(input))]
pub struct NameError {
    word: &'static str,
    input: String,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Why {
    #[error("is empty")]
    Empty,
    #[error("is {0} bytes long: at most {MAX_BYTES} are allowed")]
    TooLong(usize),
    #[error("has more than {0} segments")]
    TooManySegments(usize),
    #[error("has an empty segment: write something between the separators `:` and `/`")]
    EmptySegment,
    #[error("has the character `{}`: percent-encode it", .0.escape_debug())]
    Character(char),
    #[error("has a wildcard: name one thing")]
    Wildcard,
    #[error("has `*` inside the segment `{}`: `*` stands for a whole segment", quoted(.0))]
    PartOfSegment(String),
    #[error("has more than {MAX_WILDCARDS} wildcards before its last segment")]
    TooManyWildcards,
    #[error("has `{}`, which is no variable: `${{customerId}}` and `${{userId}}` are, as whole segments", quoted(.0))]
    Variable(String),
    #[error("has the variable `{0}`, which can't stand here: write its value")]
    VariableHere(String),
    #[error("does not start with `{0}:`")]
    First(&'static str),
}

/// What a text may contain beside plain segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Allowed {
    Name,
    Wildcards,
    Variables,
}

/// What the scan of a valid text found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Wildcards before the last segment.
    pub wildcards: usize,
    /// The last segment is `*`.
    pub tail: bool,
    /// Some segment is a variable.
    pub variables: bool,
}

pub(super) const CUSTOMER_ID: &str = "${customerId}";
pub(super) const USER_ID: &str = "${userId}";

/// Reads `text` as a `K`.
pub(super) fn scan<K: Kind>(text: &str, allowed: Allowed) -> Result<Found, NameError> {
    scan_text::<K>(text, allowed).map_err(|why| {
        // What is sent back and logged is short, whatever came in.
        let input = text.chars().take(MAX_BYTES).collect();
        NameError { word: K::WORD, input, why }
    })
}

fn scan_text<K: Kind>(text: &str, allowed: Allowed) -> Result<Found, Why> {
    if text.is_empty() {
        return Err(Why::Empty);
    }
    if text.len() > MAX_BYTES {
        return Err(Why::TooLong(text.len()));
    }
    let mut found = Found { wildcards: 0, tail: false, variables: false };
    let mut segments = Segments::of(text);
    let mut count = 0;
    while let Some((_, segment)) = segments.next() {
        count += 1;
        if count > K::MAX_SEGMENTS {
            return Err(Why::TooManySegments(K::MAX_SEGMENTS));
        }
        let last = segments.is_done();
        match segment_kind(segment, allowed)? {
            Segment::Plain => {}
            Segment::Wildcard if last => found.tail = true,
            Segment::Wildcard => found.wildcards += 1,
            Segment::Variable => found.variables = true,
        }
        if count == 1 {
            check_first::<K>(segment, segments.rest().map(|(separator, _)| separator))?;
        }
    }
    if found.wildcards > MAX_WILDCARDS {
        return Err(Why::TooManyWildcards);
    }
    Ok(found)
}

/// Every name of a kind with a first segment has it, a `:` and something after (else `acrn:*` were not
/// everything); only `*` alone needs none.
fn check_first<K: Kind>(segment: &str, after: Option<u8>) -> Result<(), Why> {
    match (K::FIRST, after) {
        (Some(first), None) if segment != "*" => Err(Why::First(first)),
        (Some(first), Some(separator)) if segment != first || separator != b':' => Err(Why::First(first)),
        _ => Ok(()),
    }
}

enum Segment {
    Plain,
    Wildcard,
    Variable,
}

fn segment_kind(segment: &str, allowed: Allowed) -> Result<Segment, Why> {
    if segment.is_empty() {
        return Err(Why::EmptySegment);
    }
    if segment.bytes().all(is_plain) {
        return Ok(Segment::Plain);
    }
    if segment == "*" {
        return if allowed >= Allowed::Wildcards { Ok(Segment::Wildcard) } else { Err(Why::Wildcard) };
    }
    if segment == CUSTOMER_ID || segment == USER_ID {
        let fits = allowed >= Allowed::Variables;
        return if fits { Ok(Segment::Variable) } else { Err(Why::VariableHere(segment.to_owned())) };
    }
    match segment.chars().find(|character| !(character.is_ascii() && is_plain(*character as u8))) {
        Some('*') => Err(Why::PartOfSegment(segment.to_owned())),
        Some('$' | '{' | '}') => Err(Why::Variable(segment.to_owned())),
        Some(other) => Err(Why::Character(other)),
        None => Ok(Segment::Plain),
    }
}

/// Printable ASCII that is none of the grammar's own characters. Separators never get here.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'*' | b'$' | b'{' | b'}' | b'"')
}

/// The segments of a text, each with the separator before it (0 before the first).
#[derive(Debug, Clone)]
pub(super) struct Segments<'a> {
    rest: Option<&'a str>,
    separator: u8,
}

impl<'a> Segments<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { rest: Some(text), separator: 0 }
    }

    /// Whether the last one was taken.
    pub(super) fn is_done(&self) -> bool {
        self.rest.is_none()
    }

    /// What is left, with the separator before it.
    pub(super) fn rest(&self) -> Option<(u8, &'a str)> {
        self.rest.map(|rest| (self.separator, rest))
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = (u8, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest?;
        let separator = self.separator;
        let end = rest.bytes().position(|byte| byte == b':' || byte == b'/');
        let Some(end) = end else {
            self.rest = None;
            return Some((separator, rest));
        };
        self.separator = rest.as_bytes().get(end).copied().unwrap_or(0);
        self.rest = rest.get(end + 1..);
        Some((separator, rest.get(..end)?))
    }
}
