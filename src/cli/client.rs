//! Asking a running server.

use super::args::ServerArgs;
use super::exit::{Exit, Failure};
use super::keys;
use crate::auth::{MintRequest, Subject, mint};
use crate::clock::Clock;
use crate::config::Config;
use anyhow::{Context, anyhow};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longer than any request may take on the server, streams aside.
const TIMEOUT: Duration = Duration::from_mins(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The token made for one command.
const TOKEN_TTL: Duration = Duration::from_mins(5);

/// The file in the data directory that says where the server on it listens.
pub(super) fn url_file(data_dir: &Path) -> PathBuf {
    data_dir.join("permdex.url")
}

/// A server and a token for it.
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
    cluster: Option<String>,
}

impl Client {
    /// The server that is named, else the one that runs on this data directory.
    pub(super) fn find(config: &Config, server: &ServerArgs) -> Result<Self, Failure> {
        let url = match &server.url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => running(&config.data_dir)?,
        };
        let token = match &server.token {
            Some(token) => token.clone(),
            None => own_token(config)?,
        };
        let builder = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).no_proxy();
        Ok(Self { http: builder.build()?, url, token, cluster: server.cluster.clone() })
    }

    /// A request to `path` with the token; add what it needs, then [`send`].
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        match &self.cluster {
            Some(name) => request.header("x-mongo-cluster-name", name),
            None => request,
        }
    }

    /// Asks with a query, and reads the JSON answer.
    pub(super) async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, Failure> {
        read(self.request(Method::GET, path).query(query)).await
    }

    /// Asks and reads the JSON answer.
    pub(super) async fn json(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let request = self.request(method, path);
        read(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }
}

async fn read(request: RequestBuilder) -> Result<Value, Failure> {
    let answer = send(request.timeout(TIMEOUT)).await?;
    Ok(answer.json().await.context("the server's answer is no JSON")?)
}

/// Sends, and turns a refusal into a failure that says what the server said.
pub(super) async fn send(request: RequestBuilder) -> Result<Response, Failure> {
    let answer = request.send().await.map_err(|error| {
        Failure::unreachable(error).context("the server can't be reached: is `permdex serve` running?")
    })?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let exit = if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
        Exit::Unreachable
    } else {
        Exit::Wrong
    };
    let problem: Value = answer.json().await.unwrap_or_default();
    Err(Failure::with(exit, anyhow!("{}", said(status, &problem))))
}

fn said(status: StatusCode, problem: &Value) -> String {
    let detail = problem["detail"].as_str().unwrap_or("no reason was given");
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let each: Vec<_> = errors.iter().filter_map(|error| error["detail"].as_str()).collect();
    if each.is_empty() { format!("{detail} ({status})") } else { format!("{} ({status})", each.join("; ")) }
}

fn running(data_dir: &Path) -> Result<String, Failure> {
    let file = url_file(data_dir);
    match std::fs::read_to_string(&file) {
        Ok(url) => Ok(url.trim().to_owned()),
        Err(error) => Err(Failure::unreachable(error).context(format!(
            "no server runs on the data directory `{}`: start `permdex serve` or name one with --url",
            data_dir.display()
        ))),
    }
}

fn own_token(config: &Config) -> Result<String, Failure> {
    let keys =
        keys::load(config).map_err(|failure| failure.context("no token could be made: give one with --token"))?;
    let subject = Subject::Service("cli".to_owned());
    let request = MintRequest { subject, organization: None, scope: None, ttl: TOKEN_TTL };
    Ok(mint(&keys, &request, &Clock::System)?)
}

/// A text as one segment of a path.
pub(super) fn segment(text: &str) -> String {
    let Ok(mut url) = reqwest::Url::parse("http://server/") else { return String::new() };
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop().push(text);
    }
    url.path().trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_one_whatever_is_in_it() {
        for (text, encoded) in
            [("editor", "editor"), ("a/b?c#d", "a%2Fb%3Fc%23d"), ("zwei Wörter", "zwei%20W%C3%B6rter")]
        {
            assert_eq!(segment(text), encoded);
        }
    }
}
