//! What is asked, and what is refused: by pointer.

use super::{Asked, Question, read};
use crate::http::accept::Form;
use crate::json::parse;
use proptest::prelude::*;
use serde_json::{Value, json};

fn asked(body: &Value) -> Result<Asked, Vec<String>> {
    asked_as(body, Form::Json)
}

fn asked_as(body: &Value, form: Form) -> Result<Asked, Vec<String>> {
    let errors = |errors: crate::json::Errors| errors.into_vec().into_iter().map(|error| error.pointer).collect();
    read(parse(body.to_string().as_bytes()).unwrap(), form).map_err(errors)
}

#[track_caller]
fn wrong(body: &Value, pointers: &[&str]) {
    let mut found = asked(body).expect_err("it is refused");
    let mut wanted = pointers.to_vec();
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted, "{body}");
}

const DOC: &str = "acrn:app:1:doc/7";

#[test]
fn a_requester_makes_it_a_check() {
    let body = json!({"action": "doc:read", "requesterId": 17, "resource": [DOC, "acrn:app:1:doc/8"],
        "attributes": {"color": "red", "level": 3}, "list": false, "debug": true,
        "afterJobId": "01890a5d-ac96-774b-bcce-b302099a8057"});
    let Asked { question: Question::Check(check), debug: true } = asked(&body).unwrap() else {
        panic!("no check");
    };
    assert_eq!((check.requester.0, check.action.as_str(), check.resources.len()), (17, "doc:read", 2));
    assert_eq!((check.attributes.len(), check.after.is_some()), (2, true));
}

#[test]
fn list_makes_it_a_list_and_patterns_are_allowed_there() {
    let body = json!({"requesterId": 17, "list": true, "action": "doc:*", "resource": "acrn:app:*"});
    let Question::List(list) = asked(&body).unwrap().question else {
        panic!("no list");
    };
    assert_eq!((list.filter.action.unwrap().as_str(), list.filter.resources[0].as_str()), ("doc:*", "acrn:app:*"));
    assert!(matches!(asked(&json!({"requesterId": 17, "list": true})).unwrap().question, Question::List(_)));
}

#[test]
fn without_a_requester_it_is_who_has() {
    let body = json!({"action": "doc:read", "resource": DOC, "limit": 0, "cursor": "c", "customerId": 1});
    let Question::WhoHas(who) = asked(&body).unwrap().question else {
        panic!("no who-has");
    };
    assert_eq!((who.limit, who.cursor.as_deref(), who.customer.map(|id| id.0)), (0, Some("c"), Some(1)));
    let Question::WhoHas(who) = asked(&json!({"action": "doc:read"})).unwrap().question else {
        panic!("no who-has");
    };
    assert_eq!((who.limit, who.resources.len()), (1_000, 0));
}

#[test]
fn a_typo_does_not_turn_one_question_into_another() {
    wrong(&json!({"action": "doc:read", "requestorId": 17}), &["/requestorId"]);
    wrong(&json!({"action": "doc:read", "requester_id": 17, "Resource": DOC}), &["/requester_id", "/Resource"]);
}

#[test]
fn a_parameter_that_the_mode_does_not_use_is_refused() {
    let check = json!({"action": "doc:read", "requesterId": 17, "limit": 1, "cursor": "c", "customerId": 1});
    wrong(&check, &["/limit", "/cursor", "/customerId"]);
    let list = json!({"requesterId": 17, "list": true, "attributes": {}, "limit": 1, "resource": DOC});
    wrong(&list, &["/attributes", "/limit"]);
    wrong(&json!({"action": "doc:read", "list": true}), &["/list"]);
    wrong(&json!({"action": "doc:read", "list": false}), &["/list"]);
    let stream = json!({"action": "doc:read", "limit": 1, "cursor": "c"});
    assert_eq!(asked_as(&stream, Form::Csv).unwrap_err(), ["/limit", "/cursor"]);
    assert!(asked_as(&json!({"action": "doc:read", "customerId": 1}), Form::Csv).is_ok());
}

#[test]
fn what_is_missing_or_null_is_named() {
    wrong(&json!({}), &["/action"]);
    wrong(&json!({"requesterId": 17}), &["/action"]);
    wrong(&json!({"action": "doc:read", "requesterId": null}), &["/requesterId"]);
    wrong(&json!({"action": "doc:read", "resource": null}), &["/resource"]);
    wrong(&json!([]), &["", "/action"]);
}

#[test]
fn wildcards_and_malformed_names_are_refused_where_one_thing_is_asked() {
    for resource in ["acrn:app:1:doc/*", "acrn:app:1:doc-*", "app:1", "", "acrn:app:1:doc/a\0", "acrn:app:1:doc/ä", "*"]
    {
        for body in [json!({"action": "doc:read", "requesterId": 17}), json!({"action": "doc:read"})] {
            let mut one = body.clone();
            one["resource"] = json!(resource);
            wrong(&one, &["/resource"]);
            one["resource"] = json!([DOC, resource]);
            wrong(&one, &["/resource/1"]);
        }
    }
    for action in ["doc:*", "doc-*", "*", "doc read", "a:b:c:d:e", "\0"] {
        wrong(&json!({"action": action, "requesterId": 17}), &["/action"]);
    }
    wrong(&json!({"requesterId": 17, "list": true, "resource": "acrn:app:1:doc-*"}), &["/resource"]);
}

#[test]
fn resources_are_one_to_a_hundred() {
    let many = |count: usize| json!({"action": "doc:read", "requesterId": 17, "resource": vec![DOC; count]});
    assert!(asked(&many(100)).is_ok());
    wrong(&many(101), &["/resource"]);
    wrong(&many(0), &["/resource"]);
    wrong(&json!({"action": "doc:read", "resource": [DOC, 7, [DOC]]}), &["/resource/1", "/resource/2"]);
    wrong(&json!({"action": "doc:read", "resource": {"a": DOC}}), &["/resource"]);
}

#[test]
fn attributes_have_bounds() {
    let with =
        |attributes: Value| json!({"action": "doc:read", "requesterId": 17, "resource": DOC, "attributes": attributes});
    let many = |count: usize| (0..count).map(|at| (format!("a{at}"), json!(true))).collect::<serde_json::Map<_, _>>();
    assert!(asked(&with(many(32).into())).is_ok());
    wrong(&with(many(33).into()), &["/attributes"]);
    wrong(&with(json!({"org_id": "acme"})), &["/attributes/org_id"]);
    wrong(&with(json!({"a": null, "b": [], "c": {}})), &["/attributes/a", "/attributes/b", "/attributes/c"]);
    assert!(asked(&with(json!({"x".repeat(64): "y".repeat(1_024)}))).is_ok());
    wrong(&with(json!({"a": "y".repeat(1_025)})), &["/attributes/a"]);
    assert_eq!(asked(&with(json!({"x".repeat(65): 1}))).unwrap_err().len(), 1);
    wrong(&json!({"action": "doc:read", "requesterId": 17, "attributes": {"a": 1}}), &["/attributes"]);
    wrong(&with(json!(1)), &["/attributes"]);
}

#[test]
fn ids_limits_and_job_ids_are_exact() {
    for (field, bad) in [
        ("requesterId", json!(0)),
        ("requesterId", json!("17")),
        ("requesterId", json!(1.5)),
        ("requesterId", json!(18_446_744_073_709_551_615_u64)),
        ("afterJobId", json!("7")),
        ("afterJobId", json!("01890a5dac96774bbcceb302099a8057")),
        ("debug", json!(1)),
        ("list", json!("true")),
    ] {
        let mut body = json!({"action": "doc:read", "requesterId": 17});
        body[field] = bad;
        wrong(&body, &[&*format!("/{field}")]);
    }
    for limit in [json!(-1), json!(10_001), json!("1"), json!(1.0)] {
        wrong(&json!({"action": "doc:read", "limit": limit}), &["/limit"]);
    }
}

fn body() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[a-z:*/]{0,8}".prop_map(Into::into),
        Just(json!([])),
        Just(json!({"a": 1})),
        Just(json!([DOC]))
    ];
    let name = prop::sample::select(vec![
        "action",
        "requesterId",
        "resource",
        "list",
        "debug",
        "attributes",
        "limit",
        "cursor",
        "customerId",
        "afterJobId",
        "other",
    ]);
    prop::collection::btree_map(name, leaf, 0..6).prop_map(|fields| {
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<serde_json::Map<_, _>>().into()
    })
}

proptest! {
    /// Whatever comes, it is a question or says why not; the mode is told by two fields alone.
    #[test]
    fn every_body_is_a_question_or_says_why_not(body in body()) {
        match asked(&body) {
            Err(pointers) => prop_assert!(!pointers.is_empty()),
            Ok(asked) => {
                let mode = match (body.get("requesterId"), body.get("list")) {
                    (None, None) => "who has",
                    (Some(_), Some(Value::Bool(true))) => "list",
                    _ => "check",
                };
                let found = match asked.question {
                    Question::Check(_) => "check",
                    Question::List(_) => "list",
                    Question::WhoHas(_) => "who has",
                };
                prop_assert_eq!(found, mode);
                prop_assert!(body.get("other").is_none());
            }
        }
    }
}
