//! Bytes to tree.

use super::errors::step;
use super::{Errors, Node, Number};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// Deeper nesting is refused.
pub const MAX_DEPTH: usize = 32;

/// Why bytes are no tree.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// Not JSON (or not UTF-8): the line and column, and why.
    #[error("the input is not JSON: {0}")]
    NotJson(String),
    /// JSON, but a key stands twice in an object, or it is nested too deep.
    #[error("the input has {} errors", .0.len())]
    Invalid(Errors),
}

/// Reads one JSON value.
///
/// # Errors
/// [`ParseError::NotJson`], or [`ParseError::Invalid`] with every key given twice and every nesting beyond
/// [`MAX_DEPTH`].
pub fn parse(bytes: &[u8]) -> Result<Node, ParseError> {
    let mut errors = Errors::default();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let seed = Seed { path: &Path::Root, depth: 0, errors: &mut errors };
    let read = seed.deserialize(&mut reader).and_then(|node| reader.end().map(|()| node));
    match read {
        Ok(node) if errors.is_empty() => Ok(node),
        Err(error) if errors.is_empty() => Err(ParseError::NotJson(error.to_string())),
        _ => Err(ParseError::Invalid(errors)),
    }
}

/// Where the reader is; on the stack, made a pointer only when something is wrong.
enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'p str),
    Item(&'p Path<'p>, usize),
}

impl Path<'_> {
    fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(parent, key) => step(&parent.pointer(), key),
            Self::Item(parent, index) => step(&parent.pointer(), &index.to_string()),
        }
    }
}

struct Seed<'p> {
    path: &'p Path<'p>,
    depth: usize,
    errors: &'p mut Errors,
}

impl Seed<'_> {
    fn deeper<E: serde::de::Error>(&mut self) -> Result<(), E> {
        if self.depth < MAX_DEPTH {
            return Ok(());
        }
        self.errors.add(self.path.pointer(), format!("nested deeper than {MAX_DEPTH} levels"));
        Err(E::custom("nested too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Node, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(Number::Integer(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(Number::Integer(value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(Number::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut access: A) -> Result<Node, A::Error> {
        self.deeper()?;
        let mut items = Vec::new();
        loop {
            let path = Path::Item(self.path, items.len());
            let seed = Seed { path: &path, depth: self.depth + 1, errors: self.errors };
            match access.next_element_seed(seed)? {
                Some(item) => items.push(item),
                None => return Ok(Node::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut access: A) -> Result<Node, A::Error> {
        self.deeper()?;
        let mut fields: Vec<(String, Node)> = Vec::new();
        // A linear search is fastest for the dozen fields of a request; a large object gets a set.
        let mut known_keys = HashSet::new();
        while let Some(key) = access.next_key::<String>()? {
            let path = Path::Key(self.path, &key);
            let twice = if fields.len() < FEW {
                fields.iter().any(|(known, _)| *known == key)
            } else {
                if known_keys.is_empty() {
                    known_keys.extend(fields.iter().map(|(known, _)| known.clone()));
                }
                !known_keys.insert(key.clone())
            };
            if twice {
                self.errors.add(path.pointer(), "this key is given twice: keep one");
            }
            let seed = Seed { path: &path, depth: self.depth + 1, errors: self.errors };
            let node = access.next_value_seed(seed)?;
            if !twice {
                fields.push((key, node));
            }
        }
        Ok(Node::Object(fields))
    }
}

/// From here on a set finds a key given twice.
const FEW: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn errors(text: &str) -> Vec<(String, String)> {
        match parse(text.as_bytes()) {
            Err(ParseError::Invalid(errors)) => {
                errors.into_vec().into_iter().map(|error| (error.pointer, error.detail)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_key_given_twice_is_named_at_any_depth() {
        let found = errors(r#"{"a":1,"a":2,"b":[{"c":{"d/e":1,"d/e":1}}]}"#);
        let pointers: Vec<_> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, ["/a", "/b/0/c/d~1e"]);
    }

    #[test]
    fn a_key_given_twice_is_found_in_a_large_object() {
        let fields: Vec<_> = (0..100).map(|key| format!("\"k{key}\":0")).collect();
        let text = format!("{{{},\"k77\":1}}", fields.join(","));
        assert_eq!(errors(&text).first().map(|(pointer, _)| pointer.clone()).as_deref(), Some("/k77"));
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(deep(MAX_DEPTH).as_bytes()).is_ok());
        assert!(errors(&deep(MAX_DEPTH + 1)).iter().all(|(_, detail)| detail.contains("nested deeper")));
        assert!(matches!(parse(deep(100_000).as_bytes()), Err(ParseError::Invalid(_))));
    }

    #[test]
    fn what_is_not_json_is_told_apart_from_what_is_invalid() {
        for text in ["", "{", "{\"a\":1}x", "\"\\ud800\"", "01", "nul", "\"\u{0}\""] {
            assert!(matches!(parse(text.as_bytes()), Err(ParseError::NotJson(_))), "{text}");
        }
        assert!(matches!(parse(b"\"\xff\""), Err(ParseError::NotJson(_))));
    }

    #[test]
    fn integers_of_more_than_64_bits_are_noticed() {
        for (text, beyond) in [
            ("18446744073709551615", false),
            ("18446744073709551616", true),
            ("-9223372036854775808", false),
            ("-9223372036854775809", true),
            ("9.3e18", false),
        ] {
            let Ok(Node::Number(number)) = parse(text.as_bytes()) else { panic!("{text}") };
            assert_eq!(number.is_beyond_64_bits(), beyond, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn no_text_of_json_characters_panics(text in r#"[\[\]{}:,"\\0-9eE.a-f u-]{0,60}"#) {
            let _ = parse(text.as_bytes());
        }
    }
}
