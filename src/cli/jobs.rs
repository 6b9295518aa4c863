//! `permdex jobs`.

use super::args::JobsArgs;
use super::client::Client;
use super::exit::{Exit, Failure};
use super::{follow, output};
use serde_json::Value;
use std::time::Duration;

const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) async fn run(client: &Client, args: &JobsArgs, as_json: bool) -> Result<Exit, Failure> {
    let mut query = vec![("limit", args.limit.to_string())];
    query.extend(args.state.iter().map(|state| ("state", state.clone())));
    let mut bars = (args.watch && !as_json && output::is_watched()).then(follow::Bars::new);
    let mut is_first = true;
    loop {
        let answer = client.get("/v2/permission/job", &query).await?;
        match &mut bars {
            _ if as_json => drop(output::json(&answer)?),
            // On a terminal: what there was, then bars that move.
            Some(bars) => {
                if is_first {
                    output::text(&table(&answer))?;
                }
                bars.show(answer["items"].as_array().map_or(&[][..], Vec::as_slice));
            }
            None => drop(output::text(&table(&answer))?),
        }
        is_first = false;
        if !args.watch {
            return Ok(Exit::Done);
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Done),
        }
    }
}

fn table(answer: &Value) -> String {
    let mut table = output::table(&["JOB", "KIND", "STATE", "SCOPE", "USERS", "CREATED", "ERROR"]);
    for job in answer["items"].as_array().into_iter().flatten() {
        let text = |field: &str| job[field].as_str().unwrap_or_default().to_owned();
        let mut users = match job["total"].as_u64() {
            Some(total) => format!("{}/{total}", job["processed"]),
            None => job["processed"].to_string(),
        };
        if let Some(left) = job["secondsLeft"].as_f64() {
            users = format!("{users}, {left:.0} s left");
        }
        let scope = job["scope"].to_string();
        table.add_row([text("id"), text("kind"), text("state"), scope, users, text("createdAt"), text("error")]);
    }
    table.to_string()
}
