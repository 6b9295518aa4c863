//! `permdex rebuild`.

use super::args::RebuildArgs;
use super::client::Client;
use super::exit::{Exit, Failure};
use super::{follow, output};
use anyhow::anyhow;
use reqwest::Method;
use serde_json::json;

pub(super) async fn run(client: &Client, args: &RebuildArgs, as_json: bool) -> Result<Exit, Failure> {
    let mut body = json!({});
    let parts = [("customerId", args.customer), ("securityGroupId", args.security_group), ("userId", args.user)];
    for (name, id) in parts {
        if let Some(id) = id {
            body[name] = json!(id);
        }
    }
    let answer = client.json(Method::POST, "/v2/permission/rebuild", Some(&body)).await?;
    let job = answer["jobId"].as_str().ok_or_else(|| anyhow!("the server's answer has no `jobId`"))?.to_owned();
    if !args.wait {
        return if as_json { output::json(&answer) } else { output::text(&job) };
    }
    let ended = follow::to_the_end(client, &job).await?;
    if as_json {
        output::json(&ended)?;
    } else {
        let (state, users) = (ended["state"].as_str().unwrap_or_default(), &ended["processed"]);
        output::text(&format!("{job} {state}: {users} users"))?;
    }
    if ended["state"] == json!("done") {
        return Ok(Exit::Done);
    }
    if let Some(error) = ended["error"].as_str() {
        eprintln!("permdex: {error}");
    }
    Ok(Exit::No)
}
