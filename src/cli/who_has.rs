//! `permdex who-has`: all of them, streamed.

use super::args::{Format, WhoHasArgs};
use super::ask::{PATH, add_attributes, add_resources};
use super::client::{Client, send};
use super::exit::{Exit, Failure};
use super::output;
use anyhow::anyhow;
use futures::StreamExt;
use reqwest::Method;
use reqwest::header::ACCEPT;
use serde_json::{Value, json};
use std::io::{self, Write};

/// A table of more users helps nobody.
const MOST_ROWS: u64 = 10_000;

pub(super) async fn run(client: &Client, args: &WhoHasArgs, as_json: bool) -> Result<Exit, Failure> {
    let mut body = json!({"action": args.action});
    add_resources(&mut body, &args.resource);
    add_attributes(&mut body, &args.attribute)?;
    if let Some(customer) = args.customer {
        body["customerId"] = json!(customer);
    }
    match args.format.unwrap_or(Format::Table) {
        Format::Table if as_json => stream(client, &body, Format::Ndjson).await,
        Format::Table => table(client, body).await,
        format => stream(client, &body, format).await,
    }
}

async fn table(client: &Client, mut body: Value) -> Result<Exit, Failure> {
    body["limit"] = json!(MOST_ROWS);
    let answer = client.json(Method::POST, PATH, Some(&body)).await?;
    let mut table = output::table(&["ID", "CUSTOMER", "E-MAIL", "LANGUAGE"]);
    for user in answer["users"].as_array().into_iter().flatten() {
        let text = |field: &str| user[field].as_str().unwrap_or_default().to_owned();
        table.add_row([user["id"].to_string(), user["customerId"].to_string(), text("email"), text("uiLanguage")]);
    }
    output::text(&table.to_string())?;
    let size = answer["size"].as_u64().unwrap_or_default();
    eprintln!("{size} users");
    if size > MOST_ROWS {
        eprintln!("the first {MOST_ROWS} are shown: --format csv or ndjson prints all");
    }
    Ok(Exit::Done)
}

/// Copies the stream to stdout as it comes. A broken one is a failure, never a shorter list.
async fn stream(client: &Client, body: &Value, format: Format) -> Result<Exit, Failure> {
    let accept = if format == Format::Csv { "text/csv" } else { "application/x-ndjson" };
    let answer = send(client.request(Method::POST, PATH).header(ACCEPT, accept).json(body)).await?;
    let mut stdout = io::stdout().lock();
    let mut chunks = answer.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| {
            Failure::unreachable(anyhow!(error)).context("the answer broke off: what was printed is not all of it")
        })?;
        match stdout.write_all(&chunk) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Exit::Done),
            written => written?,
        }
    }
    Ok(Exit::Done)
}
