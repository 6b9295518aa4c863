//! The OpenAPI document as it is in the repository: a change of the API shows as a diff of `docs/openapi.json`. What the
//! API really answers: `openapi_calls`.

use permdex::http::openapi;
use serde_json::Value;
use std::path::Path;

#[test]
fn the_document_in_the_repository_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    let mut served = openapi().to_pretty_json().expect("it is JSON");
    served.push('\n');
    // `PERMDEX_TEST_WRITE=1` writes it anew: look at the diff.
    if std::env::var_os("PERMDEX_TEST_WRITE").is_some() {
        std::fs::write(&path, &served).expect("written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == served, "docs/openapi.json is not what is served: run `PERMDEX_TEST_WRITE=1 cargo test openapi`");
}

/// Every operation: where it is, and what the document says of it.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().expect("paths").iter();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().expect("operations").iter();
        methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
    });
    operations.collect()
}

#[test]
fn every_operation_says_what_it_does_and_how_it_fails() {
    let document = serde_json::to_value(openapi()).expect("it is JSON");
    for (at, operation) in operations(&document) {
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{at} has no summary");
        assert!(operation["description"].as_str().is_some_and(|text| !text.is_empty()), "{at} has no description");
        let responses = operation["responses"].as_object().expect("responses");
        assert!(responses.keys().any(|status| status.starts_with('2')), "{at} never succeeds");
        if at.contains(" /v2") {
            for status in ["401", "403", "404", "422", "503"] {
                assert!(responses.contains_key(status), "{at} does not say {status}");
            }
        }
    }
}

#[test]
fn every_error_has_its_shape() {
    let document = serde_json::to_value(openapi()).expect("it is JSON");
    for (at, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().expect("responses") {
            let says = response["description"].as_str().is_some_and(|text| !text.is_empty());
            assert!(says, "{at} {status} has no description");
            if status.starts_with('2') {
                continue;
            }
            let content = response["content"].as_object().unwrap_or_else(|| panic!("{at} {status} has no body"));
            assert_eq!(content.keys().collect::<Vec<_>>(), ["application/problem+json"], "{at} {status}");
            let schema = &content["application/problem+json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/Problem", "{at} {status}");
        }
    }
}

/// A path in an example, a body's example, or an answer's: what a reader can paste or compare.
#[test]
fn every_operation_has_an_example() {
    let document = serde_json::to_value(openapi()).expect("it is JSON");
    for (at, operation) in operations(&document) {
        let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        for parameter in parameters.iter().filter(|parameter| parameter["required"] == true) {
            assert!(!parameter["example"].is_null(), "{at}: `{}` has no example", parameter["name"]);
        }
        let body = &operation["requestBody"]["content"]["application/json"];
        assert!(body.is_null() || is_shown(&document, body), "{at}: its body has no example");
        let responses = operation["responses"].as_object().expect("responses").iter();
        for (status, response) in responses.filter(|(status, _)| status.starts_with('2')) {
            for (kind, content) in response["content"].as_object().into_iter().flatten() {
                let shown = kind != "application/json" || is_shown(&document, content);
                assert!(shown, "{at}: its {status} has no example");
            }
        }
    }
}

/// Whether there is an example here, or in what it is made of.
fn is_shown(document: &Value, here: &Value) -> bool {
    let own = ["example", "examples"].iter().any(|name| here.get(*name).is_some());
    let referred = here["$ref"].as_str().is_some_and(|name| {
        let pointer = name.strip_prefix('#').expect("of this document");
        is_shown(document, document.pointer(pointer).expect("it is there"))
    });
    let inside = ["schema", "items"].iter().any(|name| here.get(*name).is_some_and(|inner| is_shown(document, inner)));
    let properties = here["properties"].as_object().into_iter().flat_map(|properties| properties.values());
    let parts = ["allOf", "anyOf", "oneOf"].iter().flat_map(|name| here[*name].as_array().into_iter().flatten());
    own || referred || inside || properties.chain(parts).any(|part| is_shown(document, part))
}
