//! What is described is what is read: the fields of each schema and each list of parameters are those of its reader.

use super::{assignment, catalogue, jobs, question, rebuild};
use crate::http::accept::Form;
use crate::http::openapi;
use crate::http::query::Query;
use crate::json::{Errors, FieldError, Node};
use serde_json::Value;
use std::collections::BTreeSet;

type Names = BTreeSet<String>;

fn names(texts: impl IntoIterator<Item = impl Into<String>>) -> Names {
    texts.into_iter().map(Into::into).collect()
}

/// No reader knows this one, and the error about it lists those it knows.
const UNKNOWN: &str = "noReaderKnowsThis";

fn known(errors: Vec<FieldError>) -> Names {
    let about = errors.into_iter().find(|error| error.pointer == format!("/{UNKNOWN}")).expect("it is refused");
    let (_, list) = about.detail.split_once("known here are ").expect("the known ones are listed");
    names(list.trim_matches('`').split("`, `"))
}

fn body(read: impl Fn(Node) -> Option<Errors>) -> Names {
    let node = Node::Object(vec![(UNKNOWN.to_owned(), Node::Boolean(true))]);
    known(read(node).expect("it is refused").into_vec())
}

fn query<T>(read: impl FnOnce(&mut crate::json::Fields<'_>) -> Option<T>) -> Names {
    let query = Query(vec![(UNKNOWN.to_owned(), "true".to_owned())]);
    let problem = query.read(read).err().expect("it is refused");
    let sent: Value = serde_json::from_slice(&problem.body("r")).unwrap();
    let errors = sent["errors"].as_array().unwrap().iter().map(|error| FieldError {
        pointer: error["pointer"].as_str().unwrap().to_owned(),
        detail: error["detail"].as_str().unwrap().to_owned(),
    });
    known(errors.collect())
}

fn schema(name: &str) -> Names {
    let document = serde_json::to_value(openapi()).unwrap();
    let properties = &document["components"]["schemas"][name]["properties"];
    names(properties.as_object().unwrap_or_else(|| panic!("{name} has properties")).keys().cloned())
}

fn parameters(method: &str, path: &str) -> Names {
    let document = serde_json::to_value(openapi()).unwrap();
    let parameters = document["paths"][path][method]["parameters"].as_array().unwrap().clone();
    let of_query = parameters.iter().filter(|parameter| parameter["in"] == "query");
    names(of_query.map(|parameter| parameter["name"].as_str().unwrap()))
}

#[test]
fn questions_are_described_as_they_are_read() {
    assert_eq!(body(|node| question::read(node, Form::Json).err()), schema("PermissionQuestion"));
    // In the other modes too every field is known: it is refused as unused, not as unknown.
    for form in [Form::Csv, Form::Ndjson] {
        let read = body(|node| question::read(node, form).err());
        assert_eq!(read, schema("PermissionQuestion"));
    }
    for list in [false, true] {
        let one = |node: Node| {
            let Node::Object(mut fields) = node else { return None };
            fields.push(("requesterId".to_owned(), Node::Number(crate::json::Number::Integer(17))));
            fields.push(("list".to_owned(), Node::Boolean(list)));
            question::read(Node::Object(fields), Form::Json).err()
        };
        assert_eq!(body(one), schema("PermissionQuestion"));
    }
}

#[test]
fn assignments_are_described_as_they_are_read() {
    let target = body(|node| crate::http::body::object(node, assignment::policy_and_target).err());
    assert_eq!(target, schema("Assignment"));
    assert_eq!(target, parameters("delete", "/v2/permission/removepolicy"));
    let user = body(|node| crate::http::body::object(node, assignment::policy_and_user).err());
    assert_eq!(user, schema("UserAssignment"));
    assert_eq!(user, parameters("delete", "/v2/permission/usertopolicy"));
}

#[test]
fn everything_else_is_described_as_it_is_read() {
    assert_eq!(body(|node| rebuild::read(node).err()), schema("RebuildRequest"));
    assert_eq!(query(jobs::read), parameters("get", "/v2/permission/job"));
    assert_eq!(query(catalogue::read), parameters("get", "/v2/permission/list"));
}
