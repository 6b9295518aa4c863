//! `permdex grant`.

use super::args::{GrantCommand, GrantCreateArgs, GrantListArgs};
use super::ask::{read_attributes, word};
use super::client::{Client, segment};
use super::exit::{Exit, Failure};
use super::output;
use super::role::grant_text;
use crate::config::{Config, span};
use crate::service::roles::MAX_PAGE;
use anyhow::anyhow;
use reqwest::Method;
use serde_json::{Map, Value, json};

pub(super) async fn run(config: &Config, command: &GrantCommand, as_json: bool) -> Result<Exit, Failure> {
    match command {
        GrantCommand::Create(args) => create(&Client::find(config, &args.server)?, args, as_json).await,
        GrantCommand::List(args) => list(&Client::find(config, &args.server)?, args, as_json).await,
    }
}

async fn create(client: &Client, args: &GrantCreateArgs, as_json: bool) -> Result<Exit, Failure> {
    let equals = |(name, value)| (name, json!({"type": "Equals", "value": value}));
    let conditions: Map<String, Value> = read_attributes(&args.conditions)?.into_iter().map(equals).collect();
    let body = json!({"user_id": args.user.to_string(), "duration": duration(&args.duration)?,
        "justification": args.because, "tags": tags(&args.tag),
        "permission_grant": {"permission_name": args.permission, "conditions": conditions}});
    let path = format!("/v1/{}/role/temporary_permission_grant", segment(&args.organization));
    let answer = client.json(Method::POST, &path, Some(&body)).await?;
    let (id, until) = (word(&answer["temporary_permission_grant_id"]), word(&answer["expires_at"]));
    let said = format!("user {} may `{}` until {until} (grant {id})", args.user, args.permission);
    if as_json { output::json(&answer) } else { output::text(&said) }
}

/// As the server takes it: what is written as elsewhere on this command line becomes seconds.
fn duration(text: &str) -> Result<String, Failure> {
    if text.starts_with('P') {
        return Ok(text.to_owned());
    }
    let duration = span::parse(text).map_err(|why| anyhow!("--for: {why}"))?;
    Ok(format!("PT{}S", duration.as_secs_f64()))
}

fn tags(given: &[String]) -> Map<String, Value> {
    let tag = |text: &String| match text.split_once('=') {
        Some((key, value)) => (key.to_owned(), json!(value)),
        None => (text.clone(), Value::Null),
    };
    given.iter().map(tag).collect()
}

async fn list(client: &Client, args: &GrantListArgs, as_json: bool) -> Result<Exit, Failure> {
    let path = format!("/v1/{}/role/temporary_permission_grants", segment(&args.organization));
    let mut all = Vec::new();
    let mut token = json!(0);
    let has_more = loop {
        let limit = usize::from(MAX_PAGE).min(args.limit.saturating_sub(all.len()));
        let mut page = client.get(&path, &query(args, limit, &token)).await?;
        let grants = page["temporary_permission_grants"].take();
        let Value::Array(grants) = grants else { return Err(anyhow!("the server's answer has no grants").into()) };
        all.extend(grants);
        token = page["continuation_token"].take();
        if token.is_null() || all.len() >= args.limit {
            break !token.is_null();
        }
    };
    if as_json {
        return output::json(&json!({"temporary_permission_grants": all, "has_more": has_more}));
    }
    output::text(&table(&all))?;
    if has_more {
        eprintln!("permdex: there are more: see --limit");
    }
    Ok(Exit::Done)
}

fn query(args: &GrantListArgs, limit: usize, token: &Value) -> Vec<(&'static str, String)> {
    let mut query = vec![("limit", limit.to_string()), ("continuation_token", token.to_string())];
    query.extend(args.user.iter().map(|user| ("user_id", user.to_string())));
    query.extend(args.permission.iter().map(|name| ("permission_grant_name", name.clone())));
    query.extend(args.expired.iter().map(|expired| ("is_expired", expired.to_string())));
    query.extend(args.tag.iter().map(|tag| ("tag", tag.clone())));
    query.extend(args.sort.iter().map(|field| ("sort_by", field.clone())));
    query
}

fn table(grants: &[Value]) -> String {
    let mut table = output::table(&["GRANT", "USER", "MAY", "UNTIL", "BECAUSE", "BY", "TAGS"]);
    for grant in grants {
        let text = |field: &str| word(&grant[field]);
        let creator = format!("{}_{}", word(&grant["creator"]["org_id"]), word(&grant["creator"]["user_id"]));
        let may = grant_text(&grant["permission_grant"]);
        table.add_row([
            text("_id"),
            text("user_id"),
            may,
            text("expires_at"),
            text("justification"),
            creator,
            tag_text(grant),
        ]);
    }
    table.to_string()
}

fn tag_text(grant: &Value) -> String {
    let tag = |(key, value): (&String, &Value)| match value {
        Value::String(value) => format!("{key}={value}"),
        _ => key.clone(),
    };
    grant["tags"].as_object().into_iter().flatten().map(tag).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_typed_as_elsewhere_or_as_the_server_takes_them() {
        for (typed, sent) in
            [("30s", "PT30S"), ("1500ms", "PT1.5S"), ("1h", "PT3600S"), ("30d", "PT2592000S"), ("P1D", "P1D")]
        {
            assert_eq!(duration(typed).unwrap_or_default(), sent);
        }
        assert!(duration("soon").is_err());
    }
}
