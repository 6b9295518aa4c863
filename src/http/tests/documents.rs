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

#[test]
fn what_may_be_left_out_may_not_be_null() {
    let document = document();
    let nullable = |schema: &Value| schema["type"].as_array().is_some_and(|types| types.contains(&"null".into()));
    let mut seen = 0;
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            seen += 1;
            assert!(!nullable(property) || required.contains(&field.as_str().into()), "{name}.{field}");
        }
    }
    assert!(seen > 50);
    for field in ["jobId", "completed"] {
        let answer = &document["components"]["schemas"]["AssignmentAnswer"];
        assert_eq!(nullable(&answer["properties"][field]), field == "jobId");
    }
    for item in document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values()) {
        for parameter in item["parameters"].as_array().into_iter().flatten() {
            assert!(!nullable(&parameter["schema"]), "{parameter}");
        }
    }
}
