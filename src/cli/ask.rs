//! `permdex check` and `permdex list`.

use super::args::{CheckArgs, ListArgs};
use super::client::Client;
use super::exit::{Exit, Failure};
use super::output;
use anyhow::anyhow;
use reqwest::Method;
use serde_json::{Map, Value, json};

/// Where permissions are asked for.
pub(super) const PATH: &str = "/v2/permission";

/// May a user do this?
pub(super) async fn check(client: &Client, args: &CheckArgs, as_json: bool) -> Result<Exit, Failure> {
    let mut body = json!({"requesterId": args.user, "action": args.action});
    add_resources(&mut body, &args.resource);
    add_attributes(&mut body, &args.attribute)?;
    if args.explain {
        return super::explain::explain(client, &body, &args.resource, as_json).await;
    }
    let answer = client.json(Method::POST, PATH, Some(&body)).await?;
    let allow = answer["allow"].as_bool().ok_or_else(|| anyhow!("the server's answer has no `allow`"))?;
    if as_json {
        output::json(&answer)?;
    } else {
        output::text(if allow { "allowed" } else { "denied" })?;
        output::text(&entries(&answer).to_string())?;
    }
    Ok(if allow { Exit::Done } else { Exit::No })
}

/// What may a user do?
pub(super) async fn list(client: &Client, args: &ListArgs, as_json: bool) -> Result<Exit, Failure> {
    let mut body = json!({"requesterId": args.user, "list": true});
    if let Some(action) = &args.action {
        body["action"] = json!(action);
    }
    add_resources(&mut body, &args.resource);
    let answer = client.json(Method::POST, PATH, Some(&body)).await?;
    if as_json { output::json(&answer) } else { output::text(&entries(&answer).to_string()) }
}

fn entries(answer: &Value) -> comfy_table::Table {
    let mut table = output::table(&["", "ACTION", "RESOURCE", "POLICIES", "ORIGINS", "CONDITIONS", "UNTIL"]);
    for entry in answer["permissions"].as_array().into_iter().flatten() {
        let word = if entry["allow"] == json!(true) { "allow" } else { "deny" };
        let conditions = entry.get("conditions").map(ToString::to_string).unwrap_or_default();
        table.add_row([
            word.to_owned(),
            entry["action"].as_str().unwrap_or_default().to_owned(),
            words(&entry["resource"], "\n"),
            words(&entry["usedPolicies"], " "),
            words(&entry["origins"], "\n"),
            conditions,
            entry["until"].as_str().unwrap_or_default().to_owned(),
        ]);
    }
    table
}

pub(super) fn words(list: &Value, between: &str) -> String {
    list.as_array().into_iter().flatten().map(word).collect::<Vec<_>>().join(between)
}

/// A text without quotes, anything else as JSON.
pub(super) fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The resources asked for, if any.
pub(super) fn add_resources(body: &mut Value, resources: &[String]) {
    if !resources.is_empty() {
        body["resource"] = json!(resources);
    }
}

/// The attributes given, if any.
pub(super) fn add_attributes(body: &mut Value, attributes: &[String]) -> Result<(), Failure> {
    let all = read_attributes(attributes)?;
    if !all.is_empty() {
        body["attributes"] = Value::Object(all);
    }
    Ok(())
}

/// Attributes as they are typed, `name=value`.
pub(super) fn read_attributes(attributes: &[String]) -> Result<Map<String, Value>, Failure> {
    let mut all = Map::new();
    for attribute in attributes {
        let (name, text) =
            attribute.split_once('=').ok_or_else(|| anyhow!("`{attribute}` is no attribute: write name=value"))?;
        // Twice would silently be one of them.
        if all.insert(name.to_owned(), value(text)).is_some() {
            return Err(anyhow!("the attribute `{name}` is given twice: keep one").into());
        }
    }
    Ok(all)
}

/// A number or boolean where it reads as one, a string in quotes or else.
fn value(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_) | Value::String(_))) => value,
        _ => json!(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_a_number_or_boolean_where_it_reads_as_one() {
        for (text, expected) in [
            ("17", json!(17)),
            ("1.5", json!(1.5)),
            ("true", json!(true)),
            ("\"17\"", json!("17")),
            ("red", json!("red")),
            ("null", json!("null")),
            ("[1]", json!("[1]")),
            ("", json!("")),
            ("a=b", json!("a=b")),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }
}
