//! `permdex role`.

use super::args::{RoleAssignArgs, RoleCommand, RoleCreateArgs, RoleListArgs};
use super::ask::word;
use super::client::{Client, segment};
use super::exit::{Exit, Failure};
use super::output;
use crate::config::Config;
use anyhow::anyhow;
use reqwest::Method;
use serde_json::{Value, json};

pub(super) async fn run(config: &Config, command: &RoleCommand, as_json: bool) -> Result<Exit, Failure> {
    match command {
        RoleCommand::List(args) => list(&Client::find(config, &args.server)?, args, as_json).await,
        RoleCommand::Create(args) => create(&Client::find(config, &args.server)?, args, as_json).await,
        RoleCommand::Assign(args) => assign(&Client::find(config, &args.server)?, args, as_json).await,
    }
}

async fn list(client: &Client, args: &RoleListArgs, as_json: bool) -> Result<Exit, Failure> {
    let mut query = vec![("return_permission_grants", args.grants.to_string())];
    query.extend(args.name.iter().map(|name| ("name", name.clone())));
    query.extend(args.id.iter().map(|id| ("id", id.clone())));
    let answer = client.get(&format!("/v1/{}/role", segment(&args.organization)), &query).await?;
    if as_json {
        return output::json(&answer);
    }
    let heads = ["ID", "NAME", "VIEW", "DESCRIPTION", "GIVES"];
    let mut table = output::table(if args.grants { &heads } else { &heads[..4] });
    for role in answer["roles"].as_array().into_iter().flatten() {
        let text = |field: &str| role[field].as_str().unwrap_or_default().to_owned();
        let mut row = vec![text("id"), text("name"), text("frontend_view"), text("description")];
        if args.grants {
            let grants = role["permission_grants"].as_array().into_iter().flatten();
            row.push(grants.map(grant_text).collect::<Vec<_>>().join("\n"));
        }
        table.add_row(row);
    }
    output::text(&table.to_string())
}

async fn create(client: &Client, args: &RoleCreateArgs, as_json: bool) -> Result<Exit, Failure> {
    let grants: Vec<Value> = args.grant.iter().map(|text| grant(text)).collect::<Result<_, _>>()?;
    let body = json!({"role_name": args.name, "description": args.description, "frontend_view": args.view,
        "permission_grants": grants});
    let path = format!("/v1/{}/role", segment(&args.organization));
    let answer = client.json(Method::POST, &path, Some(&body)).await?;
    let said = format!("role `{}` has the id {}", args.name, word(&answer["role_id"]));
    if as_json { output::json(&answer) } else { output::text(&said) }
}

async fn assign(client: &Client, args: &RoleAssignArgs, as_json: bool) -> Result<Exit, Failure> {
    let path = format!("/v1/{}/role/{}/assign", segment(&args.organization), segment(&args.name));
    let body = json!({"user_id": args.user.to_string()});
    let answer = client.json(Method::POST, &path, Some(&body)).await?;
    let said = format!("user {} has the role `{}` (id {})", args.user, args.name, word(&answer["role_id"]));
    if as_json { output::json(&answer) } else { output::text(&said) }
}

/// A grant as it is typed: a permission's name, or JSON.
fn grant(text: &str) -> Result<Value, Failure> {
    if !text.trim_start().starts_with('{') {
        return Ok(json!({"permission_name": text, "conditions": {}}));
    }
    serde_json::from_str(text).map_err(|error| anyhow!("the grant `{text}` is no JSON: {error}").into())
}

/// A grant as it is shown.
pub(super) fn grant_text(grant: &Value) -> String {
    let name = word(&grant["permission_name"]);
    match &grant["conditions"] {
        Value::Object(conditions) if !conditions.is_empty() => format!("{name} where {}", grant["conditions"]),
        _ => name,
    }
}
