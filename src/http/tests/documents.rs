//! The document says what the readers read, and the other way round.

use crate::http::openapi;
use serde_json::Value;

fn document() -> Value {
    serde_json::to_value(openapi()).unwrap()
}

#[test]
fn every_operation_says_what_it_is_and_what_can_go_wrong() {
    let document = document();
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let text = |field: &str| operation[field].as_str().unwrap_or_default();
            assert!(!text("summary").is_empty() && !text("description").is_empty(), "{method} {path}");
            assert!(ids.insert(text("operationId").to_owned()), "{method} {path}: its id is taken");
            if path.starts_with("/v") {
                for status in ["400", "401", "403", "404", "422", "503"] {
                    let content = &operation["responses"][status]["content"]["application/problem+json"];
                    assert_eq!(content["schema"]["$ref"], "#/components/schemas/Problem", "{method} {path} {status}");
                }
            }
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}
