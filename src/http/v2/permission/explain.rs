//! `POST /v2/permission/explain`: why somebody may or may not.

use super::question::attributes;
use crate::domain::{
    ActionName, Attributes, Conditions, Effect, Explained, Origin, PolicyId, ResourceName, Rule, UserId,
};
use crate::http::answer::json;
use crate::http::body::JsonBody;
use crate::http::call::Call;
use crate::http::instant;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::NoQuery;
use crate::json::{Errors, Fields, Node};
use crate::service::{ExplainAnswer, ExplainQuestion};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A question whose answer is to be explained.
#[derive(ToSchema)]
#[schema(as = ExplainQuestion, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: `read` reads it, and a test holds the two together")]
struct Described {
    /// Whose permission.
    #[schema(minimum = 1, example = 17)]
    requester_id: i64,
    /// A name, without wildcards.
    #[schema(example = "doc:read")]
    action: String,
    /// One resource; left out, the question is "anywhere at all?".
    #[schema(example = "acrn:app:1:doc/7")]
    resource: Option<String>,
    /// Attribute -> string, number or boolean of the resource.
    attributes: Option<BTreeMap<String, serde_json::Value>>,
}

/// A decision and its reasons.
#[derive(ToSchema)]
#[schema(as = Explanation)]
#[expect(dead_code, reason = "only described")]
struct DescribedAnswer {
    /// As a check answers.
    allow: bool,
    /// `allowed`, `denied`, `noMatch`, `inactiveUser` or `unknownUser`.
    #[schema(example = "denied")]
    rule: String,
    /// The deciding ones first, then at most 50 that decided nothing.
    statements: Vec<DescribedStatement>,
}

/// A statement and what came of it.
#[derive(ToSchema)]
#[schema(as = ExplainedStatement)]
#[expect(dead_code, reason = "only described")]
struct DescribedStatement {
    /// `allow` or `deny`.
    #[schema(example = "deny")]
    effect: String,
    /// Whether it applies to the question, overruled or not.
    matched: bool,
    /// For people.
    #[schema(example = "action and resource match")]
    why: String,
    #[schema(example = json!(["doc:read"]))]
    actions: Vec<String>,
    /// Variables are bound.
    #[schema(example = json!(["acrn:app:1:doc/*"]))]
    resources: Vec<String>,
    conditions: Option<BTreeMap<String, serde_json::Value>>,
    /// From when on it is nothing (RFC 3339).
    until: Option<String>,
    policy: Option<DescribedPolicy>,
    origin: DescribedOrigin,
}

/// The policy that says it.
#[derive(ToSchema)]
#[schema(as = ExplainedPolicy)]
#[expect(dead_code, reason = "only described")]
struct DescribedPolicy {
    #[schema(example = 3)]
    id: i64,
    name: Option<String>,
}

/// Where it comes from.
#[derive(ToSchema)]
#[schema(as = ExplainedOrigin)]
#[expect(dead_code, reason = "only described")]
struct DescribedOrigin {
    /// `customer`, `securityGroup`, `user`, `role` or `temporaryGrant`.
    #[schema(example = "securityGroup")]
    kind: String,
    #[schema(example = "5")]
    id: String,
    /// A user's is his address, a temporary grant's what it permits.
    name: Option<String>,
}

#[derive(Serialize)]
struct Answer<'a> {
    allow: bool,
    rule: &'static str,
    statements: Vec<Statement<'a>>,
}

#[derive(Serialize)]
struct Statement<'a> {
    effect: Effect,
    matched: bool,
    why: &'a str,
    actions: Vec<&'a str>,
    resources: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conditions: Option<&'a Conditions>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "instant::optional")]
    until: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<Policy<'a>>,
    origin: From<'a>,
}

#[derive(Serialize)]
struct Policy<'a> {
    id: PolicyId,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct From<'a> {
    kind: &'static str,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

/// Explain a decision
///
/// Each statement that matched or nearly matched, its policy and origin by name, and the rule that decided. Needs
/// `permdex:permission:check` on the requester; oneself may always ask.
#[utoipa::path(post, path = "/v2/permission/explain", tag = "questions",
    request_body(content = Described,
        example = json!({"requesterId": 17, "action": "doc:read", "resource": "acrn:app:1:doc/7"})),
    responses((status = 200, description = "The decision and its reasons.", body = DescribedAnswer), Problems))]
pub(super) async fn explain(call: Call, _: NoQuery, JsonBody(node): JsonBody) -> Result<Response, Problem> {
    let question = read(node)?;
    let answer = call.cluster.explain(&call.caller, &question).await?;
    let body = match answer.explain(&question) {
        None => json(StatusCode::OK, &Answer { allow: false, rule: "unknownUser", statements: Vec::new() }),
        Some(explanation) => {
            let statements = explanation.statements.iter().map(|one| statement(&answer, one)).collect();
            json(StatusCode::OK, &Answer { allow: explanation.allow, rule: word(explanation.rule), statements })
        }
    };
    Ok(body)
}

const fn word(rule: Rule) -> &'static str {
    match rule {
        Rule::Allowed => "allowed",
        Rule::Denied => "denied",
        Rule::NoMatch => "noMatch",
        Rule::InactiveUser => "inactiveUser",
    }
}

fn statement<'a>(answer: &'a ExplainAnswer, one: &'a Explained<'a>) -> Statement<'a> {
    let statement = one.statement;
    let (kind, id) = match statement.origin {
        Origin::Customer(id) => ("customer", id.to_string()),
        Origin::SecurityGroup(id) => ("securityGroup", id.to_string()),
        Origin::User(id) => ("user", id.to_string()),
        Origin::Role(id) => ("role", id.to_string()),
        Origin::TemporaryGrant(id) => ("temporaryGrant", id.to_string()),
    };
    Statement {
        effect: statement.effect,
        matched: one.matched,
        why: &one.why,
        actions: statement.actions.iter().map(crate::domain::ActionPattern::as_str).collect(),
        resources: statement.resources.iter().map(crate::domain::ResourcePattern::as_str).collect(),
        conditions: Some(&statement.conditions).filter(|conditions| !conditions.is_empty()),
        until: statement.until,
        policy: statement.policy.map(|id| Policy { id, name: answer.policy_name(statement) }),
        origin: From { kind, id, name: answer.origin_name(statement) },
    }
}

fn read(node: Node) -> Result<ExplainQuestion, Errors> {
    let mut errors = Errors::default();
    let mut fields = Fields::new(node, "", &mut errors);
    let requester = fields.required_id("requesterId").map(UserId);
    let action = fields.required_string("action");
    let action = action.and_then(|text| kept(&mut fields, "action", ActionName::parse(&text)));
    let asks_one = fields.has("resource");
    let resource = fields.string("resource");
    let resource = resource.and_then(|text| kept(&mut fields, "resource", ResourceName::parse(&text)));
    let given = match fields.node("attributes") {
        Some(_) if !asks_one => {
            fields.wrong("attributes", "attributes are those of a resource: name the `resource`, or leave them out");
            None
        }
        Some(node) => attributes(node, &mut fields),
        None => Some(Attributes::new()),
    };
    fields.finish();
    let question = requester.zip(action).zip(given);
    errors.check(question.map(|((requester, action), attributes)| ExplainQuestion {
        requester,
        action,
        resource,
        attributes,
    }))
}

/// The name, or the error told.
fn kept<T>(fields: &mut Fields<'_>, name: &str, read: Result<T, crate::domain::NameError>) -> Option<T> {
    read.map_err(|error| fields.wrong(name, error.to_string())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn one_resource_is_asked_about_or_none() {
        let pointers = |text: &str| -> Vec<String> {
            let errors = read(parse(text.as_bytes()).unwrap()).err().map(Errors::into_vec).unwrap_or_default();
            errors.into_iter().map(|error| error.pointer).collect()
        };
        let none: Vec<String> = Vec::new();
        assert_eq!(pointers(r#"{"requesterId":17,"action":"doc:read"}"#), none);
        assert_eq!(
            pointers(r#"{"requesterId":17,"action":"doc:read","resource":"acrn:app:1:doc/7","attributes":{"a":1}}"#),
            none
        );
        for (text, pointer) in [
            (r#"{"requesterId":17,"action":"doc:*"}"#, "/action"),
            (r#"{"requesterId":17,"action":"doc:read","resource":["acrn:app:1:doc/7"]}"#, "/resource"),
            (r#"{"requesterId":17,"action":"doc:read","resource":"acrn:app:1:*"}"#, "/resource"),
            (r#"{"requesterId":17,"action":"doc:read","attributes":{"a":1}}"#, "/attributes"),
            (r#"{"requesterId":17,"action":"doc:read","resource":null}"#, "/resource"),
            (r#"{"requesterId":17,"action":"doc:read","debug":true}"#, "/debug"),
            (r#"{"action":"doc:read"}"#, "/requesterId"),
        ] {
            assert_eq!(pointers(text), [pointer], "{text}");
        }
    }
}
