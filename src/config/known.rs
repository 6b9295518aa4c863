//! The keys that exist, as `default.toml` has them; what isn't among them is an error that names the nearest.

use super::error::Problem;
use figment::value::{Dict, Tag, Value};
use std::collections::BTreeMap;

/// What may stand at a place of the configuration.
pub(super) enum Known {
    /// A value like this one.
    Leaf(Value),
    /// These keys.
    Section(BTreeMap<String, Known>),
    /// Any storage cluster's name, and below it these keys.
    Named(Box<Known>),
}

impl Known {
    pub(super) fn keys(defaults: &Dict) -> Self {
        let mut keys = section(defaults);
        let cluster = ["database", "index"].into_iter().filter_map(|name| {
            defaults.get(name).and_then(Value::as_dict).map(|dict| (name.to_owned(), Self::Section(section(dict))))
        });
        keys.insert("clusters".to_owned(), Self::Named(Box::new(Self::Section(cluster.collect()))));
        Self::Section(keys)
    }

    fn at(&self, path: &[&str]) -> Option<&Self> {
        let [first, rest @ ..] = path else {
            return Some(self);
        };
        match self {
            Self::Leaf(_) => None,
            Self::Section(keys) => keys.get(*first)?.at(rest),
            Self::Named(below) => below.at(rest),
        }
    }

    /// `text` as the kind of value that belongs at `path`: the environment knows only text.
    pub(super) fn typed(&self, path: &[&str], text: &str) -> Value {
        match self.at(path) {
            Some(Self::Leaf(Value::Num(..))) => {
                text.trim().parse::<i64>().map_or_else(|_| Value::from(text), Value::from)
            }
            Some(Self::Leaf(Value::Bool(..))) => {
                text.trim().parse::<bool>().map_or_else(|_| Value::from(text), Value::from)
            }
            _ => Value::from(text),
        }
    }

    pub(super) fn unknown_in(&self, values: &Dict, origin: &dyn Fn(Tag) -> String) -> Vec<Problem> {
        let mut names = Vec::new();
        self.names("", &mut names);
        let mut problems = Vec::new();
        let mut report = |key: &str, tag: Tag, detail: String| {
            problems.push(Problem { key: key.to_owned(), origin: origin(tag), detail });
        };
        self.walk("", values, &names, &mut report);
        problems
    }

    fn walk(&self, path: &str, values: &Dict, names: &[String], report: &mut dyn FnMut(&str, Tag, String)) {
        for (key, value) in values {
            let path = join(path, key);
            let below = match self {
                Self::Section(keys) => keys.get(key),
                Self::Named(below) if is_cluster_name(key) => Some(&**below),
                _ => None,
            };
            match (below, value) {
                (None, _) if matches!(self, Self::Named(_)) => report(&path, value.tag(), bad_cluster_name(key)),
                (None, _) => report(&path, tag_below(value), suggest(&path, names)),
                (Some(Self::Leaf(_)), Value::Dict(..)) => {
                    report(&path, tag_below(value), "is a value, and nothing goes below it".to_owned());
                }
                (Some(Self::Leaf(_)), _) => {}
                (Some(section), Value::Dict(_, dict)) => section.walk(&path, dict, names, report),
                (Some(_), _) => report(&path, value.tag(), "is a section: set the keys in it".to_owned()),
            }
        }
    }

    fn names(&self, path: &str, names: &mut Vec<String>) {
        match self {
            Self::Leaf(_) => names.push(path.to_owned()),
            Self::Section(keys) => keys.iter().for_each(|(key, below)| below.names(&join(path, key), names)),
            Self::Named(_) => {}
        }
    }
}

fn section(dict: &Dict) -> BTreeMap<String, Known> {
    let below = |value: &Value| match value {
        Value::Dict(_, dict) => Known::Section(section(dict)),
        leaf => Known::Leaf(leaf.clone()),
    };
    dict.iter().map(|(key, value)| (key.clone(), below(value))).collect()
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// A section's own tag says nothing: the place is the value's inside it.
fn tag_below(value: &Value) -> Tag {
    match value.as_dict().and_then(|dict| dict.values().next()) {
        Some(inner) => tag_below(inner),
        None => value.tag(),
    }
}

fn is_cluster_name(name: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    // The environment could not say a name with `__`.
    first && name.len() <= 63 && name.bytes().all(inside) && !name.contains("__") && name != "default"
}

fn bad_cluster_name(name: &str) -> String {
    if name == "default" {
        return "`default` is the top level: set `database` and `index` there".to_owned();
    }
    "is not a storage cluster's name: 1 to 63 of `a-z`, `0-9`, `-`, single `_`, a letter or digit first".to_owned()
}

/// The nearest known key: few typing errors away, or the same name in another section.
fn suggest(path: &str, names: &[String]) -> String {
    // Inside a storage cluster the keys are those of the top level.
    let (prefix, path) = match path.splitn(3, '.').collect::<Vec<_>>()[..] {
        ["clusters", name, rest] => (format!("clusters.{name}."), rest),
        _ => (String::new(), path),
    };
    let last = |name: &str| name.rsplit('.').next().map(str::to_owned);
    let nearest = names.iter().min_by_key(|name| strsim::damerau_levenshtein(name, path));
    let close = nearest.filter(|name| strsim::damerau_levenshtein(name, path) <= 3.min(path.len() / 3));
    match close.or_else(|| names.iter().find(|name| last(name) == last(path))) {
        Some(name) => format!("no such key: did you mean `{prefix}{name}`?"),
        None => "no such key: `permdex config` prints all of them".to_owned(),
    }
}
