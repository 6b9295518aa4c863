//! A configuration as TOML, secrets masked.

use super::sections::Config;
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// Every key of `config`, in TOML that reads back.
pub(super) fn toml(config: &Config) -> String {
    let mut text = String::new();
    if let Ok(Value::Object(root)) = serde_json::to_value(config) {
        table(&mut text, "", &root);
    }
    text
}

fn table(text: &mut String, path: &str, entries: &Map<String, Value>) {
    let (sections, values): (Vec<_>, Vec<_>) = entries.iter().partition(|(_, value)| value.is_object());
    if !path.is_empty() && (!values.is_empty() || sections.is_empty()) {
        // Writing to a String can't fail.
        let _ = writeln!(text, "{}[{path}]", if text.is_empty() { "" } else { "\n" });
    }
    for (key, value) in values {
        let _ = writeln!(text, "{key} = {}", scalar(value));
    }
    for (key, value) in sections {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if let Value::Object(entries) = value {
            table(text, &path, entries);
        }
    }
}

/// Numbers, booleans, texts and lists of them are written alike in JSON and TOML, DEL aside.
fn scalar(value: &Value) -> String {
    value.to_string().replace('\u{7f}', "\\u007f")
}
