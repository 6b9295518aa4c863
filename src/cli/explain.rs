//! `permdex check --explain`: why, for a person who reads it.

use super::ask::words;
use super::client::Client;
use super::exit::{Exit, Failure};
use super::output;
use anyhow::anyhow;
use reqwest::Method;
use serde_json::Value;
use std::fmt::Write as _;

const PATH: &str = "/v2/permission/explain";

/// Asks with the body of a check, whose resource is one at most.
pub(super) async fn explain(
    client: &Client,
    check: &Value,
    resources: &[String],
    as_json: bool,
) -> Result<Exit, Failure> {
    let mut body = check.clone();
    match resources {
        [] => {}
        [one] => body["resource"] = one.as_str().into(),
        many => return Err(anyhow!("{} resources are given: explain one at a time", many.len()).into()),
    }
    let answer = client.json(Method::POST, PATH, Some(&body)).await?;
    let allow = answer["allow"].as_bool().ok_or_else(|| anyhow!("the server's answer has no `allow`"))?;
    if as_json {
        output::json(&answer)?;
    } else {
        output::text(&readable(&answer))?;
    }
    Ok(if allow { Exit::Done } else { Exit::No })
}

/// A headline with the rule, then a block a statement.
fn readable(answer: &Value) -> String {
    let mut text = match answer["rule"].as_str().unwrap_or_default() {
        "allowed" => "allowed: a statement allows it, and none denies it".to_owned(),
        "denied" => "denied: a statement denies it, and a deny wins".to_owned(),
        "noMatch" => "denied: nothing allows it".to_owned(),
        "inactiveUser" => "denied: the user is inactive".to_owned(),
        "unknownUser" => "denied: there is no such user".to_owned(),
        other => other.to_owned(),
    };
    for statement in answer["statements"].as_array().into_iter().flatten() {
        // Writing to a string does not fail.
        let _ = write!(text, "\n\n{}", block(statement));
    }
    text
}

fn block(statement: &Value) -> String {
    let mark = if statement["matched"] == Value::Bool(true) { "*" } else { "-" };
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut text = format!(
        "{mark} {}: {}\n  {} on {}\n  from {}",
        word(&statement["effect"]),
        word(&statement["why"]),
        words(&statement["actions"], ", "),
        words(&statement["resources"], ", "),
        place(&statement["origin"], &word(&statement["origin"]["kind"])),
    );
    if let Some(policy) = statement.get("policy") {
        let _ = write!(text, " by {}", place(policy, "policy"));
    }
    for (name, shown) in [("conditions", "if"), ("until", "until")] {
        if let Some(value) = statement.get(name) {
            let _ = write!(text, "\n  {shown} {}", word(value));
        }
    }
    text
}

/// `securityGroup 5 (Writers)`.
fn place(thing: &Value, kind: &str) -> String {
    let id = thing["id"].as_str().map_or_else(|| thing["id"].to_string(), str::to_owned);
    match thing["name"].as_str() {
        Some(name) => format!("{kind} {id} ({name})"),
        None => format!("{kind} {id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_person_reads_the_rule_first_and_then_who_said_so() {
        let answer = json!({"allow": false, "rule": "denied", "statements": [{"effect": "deny", "matched": true,
            "why": "action and resource match", "actions": ["doc:*"], "resources": ["acrn:app:1:doc/legal/*"],
            "policy": {"id": 4, "name": "No legal"}, "origin": {"kind": "customer", "id": "1", "name": "Acme"}}]});
        assert_eq!(
            readable(&answer),
            "denied: a statement denies it, and a deny wins\n\n* deny: action and resource match\n  \
             doc:* on acrn:app:1:doc/legal/*\n  from customer 1 (Acme) by policy 4 (No legal)"
        );
    }
}
