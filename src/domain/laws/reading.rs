//! Whatever bytes come in: an error, never a panic.

use super::*;
use crate::json::{Errors, parse};

fn read(text: &str) {
    let _ = (ActionName::parse(text), ResourceName::parse(text));
    let _ = (ActionPattern::parse(text), ResourcePattern::parse(text));
    let template = ActionTemplate::parse(text).map(|template| template.bind(CustomerId(i64::MIN), BoundUser::Any));
    let resource =
        ResourceTemplate::parse(text).map(|template| template.bind(CustomerId(1), BoundUser::One(UserId(1))));
    // Whatever a document holds, the algebra walks it.
    let stored: Result<ResourcePattern, _> = serde_json::from_value(serde_json::Value::String(text.to_owned()));
    if let (Ok(resource), Ok(stored)) = (&resource, stored) {
        let _ = (
            stored.covers(resource),
            resource.covers(&stored),
            stored.intersect(resource),
            resource.intersect(&stored),
        );
    }
    let _ = (template, text.parse::<Origin>());
}

fn read_policy(bytes: &[u8]) {
    let mut errors = Errors::default();
    if let Ok(node) = parse(bytes) {
        let read = read_statements(node, "/statements", &mut errors);
        assert_eq!(read.is_none(), !errors.is_empty());
        if let Some(statements) = read {
            let written = write_statements(&statements).to_string();
            assert_eq!(read_statements(parse(written.as_bytes()).unwrap(), "", &mut errors), Some(statements));
        }
    }
    if let Ok(node) = parse(bytes) {
        let mut errors = Errors::default();
        assert_eq!(read_grant(node, "", &mut errors).is_none(), !errors.is_empty());
    }
}

/// JSON that is nearly a policy.
fn nearly_a_policy() -> impl Strategy<Value = String> {
    let words = vec![
        "\"effect\"",
        "\"allow\"",
        "\"deny\"",
        "\"actions\"",
        "\"resources\"",
        "\"conditions\"",
        "\"a:b\"",
        "\"*\"",
        "\"acrn:app:${customerId}:doc/*\"",
        "\"acrn:\"",
        "\"type\"",
        "\"Equals\"",
        "\"In\"",
        "\"value\"",
        "\"values\"",
        "\"{self_user_id}\"",
        "\"\"",
        "\"\\u0000\"",
        "null",
        "true",
        "-0",
        "1e999",
        "18446744073709551616",
        "\"permission_name\"",
    ];
    let leaf = select(words).prop_map(ToOwned::to_owned);
    leaf.prop_recursive(6, 60, 6, |inner| {
        let key = select(vec![
            "effect",
            "actions",
            "resources",
            "conditions",
            "type",
            "value",
            "values",
            "permission_name",
            "x",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((key, inner), 0..6).prop_map(|fields| {
                let fields: Vec<_> = fields.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*", bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        read(&text);
        read(&String::from_utf8_lossy(&bytes));
        read_policy(&bytes);
        read_policy(text.as_bytes());
    }

    #[test]
    fn no_text_that_is_nearly_a_pattern_panics(text in "(acrn)?([:/*$]|\\$\\{userId\\}|\\$\\{customerId\\}|[a-c]|é|\\x00){0,12}") {
        read(&text);
    }

    #[test]
    fn no_json_panics(text in nearly_a_policy()) {
        read_policy(text.as_bytes());
        read_policy(format!("[{text}]").as_bytes());
        read_policy(format!(r#"[{{"effect":"allow","actions":["a:b"],"resources":["*"],"conditions":{text}}}]"#).as_bytes());
    }

    #[test]
    fn a_pattern_that_is_read_is_read_again(text in "(acrn)?([:/*]|[a-c]){0,12}") {
        if let Ok(pattern) = ResourcePattern::parse(&text) {
            prop_assert_eq!(ResourcePattern::parse(pattern.as_str()), Ok(pattern));
        }
        if let Ok(pattern) = ActionPattern::parse(&text) {
            prop_assert_eq!(pattern.as_str(), text);
        }
    }
}
