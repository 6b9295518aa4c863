//! `permdex rebuild`, and waiting for a job with a bar.

use super::args::RebuildArgs;
use super::client::Client;
use super::exit::{Exit, Failure};
use super::output;
use anyhow::anyhow;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const LOOK_EVERY: Duration = Duration::from_millis(300);

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
    let ended = wait(client, &job).await?;
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

/// Looks at the job until it ends.
async fn wait(client: &Client, job: &str) -> Result<Value, Failure> {
    let bar = if output::is_watched() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    bar.set_message("queued");
    loop {
        let answer = client.json(Method::GET, &format!("/v2/permission/job/{job}"), None).await?;
        match answer["state"].as_str() {
            Some("queued" | "running") => show(&bar, &answer),
            Some(_) => {
                bar.finish_and_clear();
                return Ok(answer);
            }
            None => return Err(anyhow!("the server's answer has no `state`").into()),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn show(bar: &ProgressBar, job: &Value) {
    if let Some(total) = job["total"].as_u64()
        && bar.length() != Some(total)
    {
        bar.set_length(total);
        let template = "{bar:40} {pos}/{len} users, {per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
    }
    bar.set_position(job["processed"].as_u64().unwrap_or_default());
    bar.set_message(job["state"].as_str().unwrap_or_default().to_owned());
    bar.tick();
}
