//! Taking the known fields off an object; whatever is left over is an error by name.

use super::errors::step;
use super::{Errors, Node, Number, canonical_integer, quoted};

/// Where the fields come from: in a query everything is text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// JSON: `17` is a number and `"17"` is not.
    Body,
    /// A query string: `17` and `true` are read from their text.
    Query,
}

/// The fields of one object that are not yet taken. Call [`Fields::finish`] when all known ones are.
#[derive(Debug)]
pub struct Fields<'e> {
    pointer: String,
    left: Vec<(String, Node)>,
    known: Vec<&'static str>,
    source: Source,
    errors: &'e mut Errors,
}

impl<'e> Fields<'e> {
    /// The fields of `node`, which stands at `pointer`; anything but an object is an error (and has no fields).
    pub fn new(node: Node, pointer: &str, errors: &'e mut Errors) -> Self {
        let left = match node {
            Node::Object(fields) => fields,
            other => {
                errors.add(pointer, format!("expected an object, found {}", other.word()));
                Vec::new()
            }
        };
        Self { pointer: pointer.to_owned(), left, known: Vec::new(), source: Source::Body, errors }
    }

    /// The parameters of a query string, in its order; one given twice is an error.
    pub fn query(pairs: Vec<(String, String)>, errors: &'e mut Errors) -> Self {
        Self::query_repeated(pairs, &[], errors)
    }

    /// The same, where each of `repeated` may be given any number of times: read it with [`Fields::strings`].
    pub fn query_repeated(pairs: Vec<(String, String)>, repeated: &[&str], errors: &'e mut Errors) -> Self {
        let mut left: Vec<(String, Node)> = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            if repeated.contains(&key.as_str()) {
                match left.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, Node::Array(values))) => values.push(Node::String(value)),
                    _ => left.push((key, Node::Array(vec![Node::String(value)]))),
                }
            } else if left.iter().any(|(known, _)| *known == key) {
                errors.add(step("", &key), "this parameter is given twice: keep one");
            } else {
                left.push((key, Node::String(value)));
            }
        }
        Self { pointer: String::new(), left, known: Vec::new(), source: Source::Query, errors }
    }

    /// The pointer of the field `name`.
    #[must_use]
    pub fn at(&self, name: &str) -> String {
        step(&self.pointer, name)
    }

    /// Says that the field `name` is wrong.
    pub fn wrong(&mut self, name: &str, detail: impl Into<String>) {
        let pointer = self.at(name);
        self.errors.add(pointer, detail);
    }

    /// The errors, for whoever reads a field's inside.
    pub fn errors(&mut self) -> &mut Errors {
        self.errors
    }

    /// Whether `name` is given and not yet taken.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.left.iter().any(|(known, _)| known == name)
    }

    /// Takes the field, whatever it is; `null` is an error that says to leave it out.
    pub fn node(&mut self, name: &'static str) -> Option<Node> {
        match self.nullable(name)? {
            Node::Null => {
                self.wrong(name, format!("`{name}` is null: leave it out instead"));
                None
            }
            node => Some(node),
        }
    }

    /// Takes the field; `null` is a value.
    pub fn nullable(&mut self, name: &'static str) -> Option<Node> {
        self.known.push(name);
        let index = self.left.iter().position(|(known, _)| known == name)?;
        Some(self.left.remove(index).1)
    }

    /// Says that `name` is missing, when it is.
    pub fn required<T>(&mut self, name: &'static str, value: Option<T>, given: bool) -> Option<T> {
        if value.is_none() && !given {
            self.wrong(name, format!("`{name}` is missing"));
        }
        value
    }

    /// A string.
    pub fn string(&mut self, name: &'static str) -> Option<String> {
        match self.node(name)? {
            // Nothing that is looked for has one, and PostgreSQL takes none. What a body stores says so itself.
            Node::String(text) if self.source == Source::Query && text.contains('\0') => {
                self.wrong(name, format!("`{name}` has a NUL character: leave it out"));
                None
            }
            Node::String(text) => Some(text),
            other => self.unexpected(name, "a string", &other),
        }
    }

    /// A string that must be there.
    pub fn required_string(&mut self, name: &'static str) -> Option<String> {
        let given = self.has(name);
        let value = self.string(name);
        self.required(name, value, given)
    }

    /// A boolean.
    pub fn boolean(&mut self, name: &'static str) -> Option<bool> {
        match (self.node(name)?, self.source) {
            (Node::Boolean(value), _) => Some(value),
            (Node::String(text), Source::Query) if text == "true" || text == "false" => Some(text == "true"),
            (Node::String(text), Source::Query) => {
                self.wrong(name, format!("expected `true` or `false`, found `{}`", quoted(&text)));
                None
            }
            (other, _) => self.unexpected(name, "a boolean", &other),
        }
    }

    /// An integer of 64 bits.
    pub fn integer(&mut self, name: &'static str) -> Option<i64> {
        match (self.node(name)?, self.source) {
            (Node::Number(Number::Integer(value)), _) => {
                let small = i64::try_from(value).ok();
                if small.is_none() {
                    self.wrong(name, format!("`{value}` is too large"));
                }
                small
            }
            (Node::String(text), Source::Query) => {
                let number = canonical_integer(&text);
                if number.is_none() {
                    self.wrong(name, format!("expected an integer, found `{}`", quoted(&text)));
                }
                number
            }
            (Node::Number(other), _) => {
                self.wrong(name, format!("expected an integer, found `{other}`"));
                None
            }
            (other, _) => self.unexpected(name, "an integer", &other),
        }
    }

    /// A positive integer of 64 bits: an id.
    pub fn id(&mut self, name: &'static str) -> Option<i64> {
        let id = self.integer(name)?;
        if id < 1 {
            self.wrong(name, format!("`{id}` is no id: ids are positive"));
            return None;
        }
        Some(id)
    }

    /// A positive integer that must be there.
    pub fn required_id(&mut self, name: &'static str) -> Option<i64> {
        let given = self.has(name);
        let value = self.id(name);
        self.required(name, value, given)
    }

    /// An array.
    pub fn array(&mut self, name: &'static str) -> Option<Vec<Node>> {
        match self.node(name)? {
            Node::Array(items) => Some(items),
            other => self.unexpected(name, "an array", &other),
        }
    }

    /// An array of strings; each item that is none is an error.
    pub fn strings(&mut self, name: &'static str) -> Option<Vec<String>> {
        let items = self.array(name)?;
        let count = items.len();
        let mut texts = Vec::with_capacity(count);
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Node::String(text) if self.source == Source::Query && text.contains('\0') => {
                    self.wrong(name, format!("`{name}` has a NUL character: leave it out"));
                }
                Node::String(text) => texts.push(text),
                other => {
                    let pointer = format!("{}/{index}", self.at(name));
                    self.errors.add(pointer, format!("expected a string, found {}", other.word()));
                }
            }
        }
        (texts.len() == count).then_some(texts)
    }

    /// Says that every field that nobody took is unknown.
    pub fn finish(self) {
        for (name, _) in &self.left {
            let near = self.known.iter().find(|known| known.eq_ignore_ascii_case(name));
            let known = self.known.join("`, `");
            let detail = match near {
                Some(near) => format!("unknown field `{}`: did you mean `{near}`?", quoted(name)),
                None if self.known.is_empty() => format!("unknown field `{}`: none is known here", quoted(name)),
                None => format!("unknown field `{}`: known here are `{known}`", quoted(name)),
            };
            self.errors.add(step(&self.pointer, name), detail);
        }
    }

    fn unexpected<T>(&mut self, name: &str, expected: &str, found: &Node) -> Option<T> {
        let detail = match found {
            Node::String(text) => format!("expected {expected}, found the string `{}`", quoted(text)),
            Node::Number(number) => format!("expected {expected}, found the number `{number}`"),
            other => format!("expected {expected}, found {}", other.word()),
        };
        self.wrong(name, detail);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn details(text: &str, read: impl FnOnce(&mut Fields)) -> Vec<String> {
        let mut errors = Errors::default();
        let mut fields = Fields::new(parse(text.as_bytes()).unwrap(), "", &mut errors);
        read(&mut fields);
        fields.finish();
        errors.into_vec().into_iter().map(|error| format!("{} {}", error.pointer, error.detail)).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let found = details(r#"{"a":"x","b":null,"c":1.0,"RequesterId":1,"z":[]}"#, |fields| {
            fields.integer("a");
            fields.string("b");
            fields.id("c");
            fields.required_id("requesterId");
            fields.strings("list");
        });
        assert_eq!(
            found,
            [
                "/a expected an integer, found the string `x`",
                "/b `b` is null: leave it out instead",
                "/c expected an integer, found `1`",
                "/requesterId `requesterId` is missing",
                "/RequesterId unknown field `RequesterId`: did you mean `requesterId`?",
                "/z unknown field `z`: known here are `a`, `b`, `c`, `requesterId`, `list`",
            ]
        );
    }

    #[test]
    fn a_parameter_that_may_be_repeated_is_a_list_however_often_it_is_given() {
        let mut errors = Errors::default();
        let pairs = [("id", "1"), ("a", "x"), ("id", "2"), ("name", "b")];
        let pairs = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        let mut fields = Fields::query_repeated(pairs, &["id", "name", "tag"], &mut errors);
        assert_eq!(fields.strings("id").unwrap(), ["1", "2"]);
        assert_eq!(fields.strings("name").unwrap(), ["b"]);
        assert_eq!((fields.strings("tag"), fields.string("a")), (None, Some("x".to_owned())));
        fields.finish();
        assert!(errors.is_empty());
    }

    #[test]
    fn a_query_reads_numbers_and_booleans_from_text() {
        let mut errors = Errors::default();
        let pairs = [("a", "17"), ("b", "true"), ("c", "+1"), ("a", "18")];
        let pairs = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        let mut fields = Fields::query(pairs, &mut errors);
        assert_eq!(fields.id("a"), Some(17));
        assert_eq!(fields.boolean("b"), Some(true));
        assert_eq!(fields.integer("c"), None);
        fields.finish();
        assert_eq!(errors.len(), 2);
    }
}
