//! The OpenAPI document as it is in the repository: a change of the API shows as a diff of `docs/openapi.json`.

use permdex::http::openapi;
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

#[test]
fn every_operation_says_what_it_does_and_how_it_fails() {
    let document = serde_json::to_value(openapi()).expect("it is JSON");
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let at = format!("{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{at} has no summary");
            assert!(operation["description"].as_str().is_some_and(|text| !text.is_empty()), "{at} has no description");
            let responses = operation["responses"].as_object().expect("responses");
            assert!(responses.keys().any(|status| status.starts_with('2')), "{at} never succeeds");
            if path.starts_with("/v2") {
                for status in ["401", "403", "404", "422", "503"] {
                    assert!(responses.contains_key(status), "{at} does not say {status}");
                }
            }
        }
    }
}
