//! Following jobs while they run, with bars where a person looks.

use super::client::Client;
use super::exit::Failure;
use super::output;
use anyhow::anyhow;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use reqwest::Method;
use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;

const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Looks at the job until it ends, and gives it as it ended.
pub(super) async fn to_the_end(client: &Client, job: &str) -> Result<Value, Failure> {
    let bar = Bar::new(if output::is_watched() { ProgressBar::new_spinner() } else { ProgressBar::hidden() });
    loop {
        let answer = client.json(Method::GET, &format!("/v2/permission/job/{job}"), None).await?;
        match answer["state"].as_str() {
            Some("queued" | "running") => bar.show(&answer),
            Some(_) => {
                bar.0.finish_and_clear();
                return Ok(answer);
            }
            None => return Err(anyhow!("the server's answer has no `state`").into()),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The bar of one job.
struct Bar(ProgressBar);

impl Bar {
    fn new(bar: ProgressBar) -> Self {
        Self(bar)
    }

    /// As the server says: its rate and the time left are those of the job, however late somebody looks.
    fn show(&self, job: &Value) {
        let bar = &self.0;
        if let Some(total) = job["total"].as_u64()
            && bar.length() != Some(total)
        {
            bar.set_length(total);
            let prefix = if bar.prefix().is_empty() { "" } else { "{prefix} " };
            if let Ok(style) = ProgressStyle::with_template(&format!("{prefix}{{bar:40}} {{pos}}/{{len}} users{{msg}}"))
            {
                bar.set_style(style);
            }
        }
        bar.set_position(job["processed"].as_u64().unwrap_or_default());
        bar.set_message(message(job));
        bar.tick();
    }
}

fn message(job: &Value) -> String {
    if job["state"] != "running" || job["total"].is_null() {
        return job["state"].as_str().unwrap_or_default().to_owned();
    }
    let rate = job["usersPerSecond"].as_f64().map(|rate| format!(", {rate:.0}/s")).unwrap_or_default();
    let left = job["secondsLeft"].as_f64().map(|left| format!(", {left:.0} s left")).unwrap_or_default();
    rate + &left
}

/// A bar for each job that runs, and a line for each that ended since.
pub(super) struct Bars {
    all: MultiProgress,
    running: HashMap<String, Bar>,
}

impl Bars {
    pub(super) fn new() -> Self {
        Self { all: MultiProgress::new(), running: HashMap::new() }
    }

    /// Shows the jobs as they are now.
    pub(super) fn show(&mut self, jobs: &[Value]) {
        for job in jobs {
            let id = job["id"].as_str().unwrap_or_default();
            if matches!(job["state"].as_str(), Some("queued" | "running")) {
                let all = &self.all;
                let bar = self.running.entry(id.to_owned()).or_insert_with(|| {
                    let bar = all.add(ProgressBar::new_spinner());
                    bar.set_prefix(format!("{} {id}", job["kind"].as_str().unwrap_or_default()));
                    if let Ok(style) = ProgressStyle::with_template("{prefix} {msg}") {
                        bar.set_style(style);
                    }
                    Bar::new(bar)
                });
                bar.show(job);
            } else if let Some(bar) = self.running.remove(id) {
                bar.0.finish_and_clear();
                let error = job["error"].as_str().map(|error| format!(": {error}")).unwrap_or_default();
                let (kind, state) =
                    (job["kind"].as_str().unwrap_or_default(), job["state"].as_str().unwrap_or_default());
                // It is for the person only: where it can't be shown nothing is lost.
                let _ = self.all.println(format!("{kind} {id} {state}, {} users{error}", job["processed"]));
            }
        }
    }
}
