//! Eight writers. Each writes his own keys, and some that are everybody's, one after the other, and notes what he is told.

use super::model::{Key, Outcome, Value};
use super::organization::{keys_of, next_value, write};
use super::random::Random;
use super::run::{Answer, Came, Run, client};
use super::tally::count;
use reqwest::Client;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// After something did not go well.
const PAUSE: Duration = Duration::from_millis(50);

/// Writes until the campaign is over.
pub async fn run(run: Arc<Run>, writer: usize) {
    let client = client();
    let mut random = Random::new(run.seed, 100 + u64::try_from(writer).expect("few"));
    let kinds = keys_of(writer);
    while !run.over.is_cancelled() {
        let kind = pick(&mut random, &kinds);
        let key = random.one_of(&kinds[kind].1);
        let value = next_value(key, run.model.last(key), &mut random);
        let wait = random.happens(50);
        let rebuild = writer == 0 && random.happens(3);
        let Some(url) = run.stage.url(&mut random) else {
            run.pause(PAUSE).await;
            continue;
        };
        if rebuild {
            rebuilds(&run, &client, &url).await;
        }
        if !one(&run, &client, &url, writer, (key, value, wait)).await {
            run.pause(PAUSE).await;
        }
    }
}

fn pick(random: &mut Random, kinds: &[(u64, Vec<Key>)]) -> usize {
    let mut left = random.below(kinds.iter().map(|(weight, _)| weight).sum());
    kinds
        .iter()
        .position(|(weight, _)| {
            let is_it = left < *weight;
            left = left.saturating_sub(*weight);
            is_it
        })
        .expect("the weights were summed up")
}

/// One write; whether it was acknowledged.
async fn one(run: &Run, client: &Client, url: &str, writer: usize, (key, value, wait): (Key, Value, bool)) -> bool {
    let call = write(key, value, wait);
    let request = client.request(call.method, format!("{url}{}", call.path));
    let request = if call.body.is_null() { request } else { request.json(&call.body) };
    let began = Instant::now();
    let op = run.model.begins(key, value, writer);
    let outcome = match run.send(request).await {
        Came::NotSent => Outcome::Refused,
        Came::Broken => Outcome::Unknown,
        Came::Answer(answer) => outcome(run, key, &answer),
    };
    run.model.ends(key, op, outcome);
    match outcome {
        Outcome::Acknowledged { completed, .. } => {
            count(&run.tally.acknowledged);
            if completed {
                count(&run.tally.completed);
            }
            run.tally.wrote(began.elapsed());
        }
        Outcome::Refused => count(&run.tally.refused),
        Outcome::Unknown => count(&run.tally.unknown),
    }
    matches!(outcome, Outcome::Acknowledged { .. })
}

fn outcome(run: &Run, key: Key, answer: &Answer) -> Outcome {
    let detail = answer.body["detail"].as_str().unwrap_or_default();
    match answer.status {
        200..=299 => acknowledged(answer).unwrap_or_else(|| {
            run.fail(format!("a write of {key} was answered without saying how it stands: {}", answer.body));
            Outcome::Unknown
        }),
        503 if detail.contains("may or may not") || detail.contains("may have been made") => Outcome::Unknown,
        // Nothing was changed: that is a promise too, and the readers hold it to that.
        429 | 503 => Outcome::Refused,
        status => {
            run.fail(format!("a write of {key} was answered {status}: {}", answer.body));
            Outcome::Unknown
        }
    }
}

/// In the body, or as the role API says it.
fn acknowledged(answer: &Answer) -> Option<Outcome> {
    let header = |name: &str| answer.headers.get(name)?.to_str().ok().map(str::to_owned);
    let completed = answer.body["completed"].as_bool().or_else(|| Some(header("x-job-completed")? == "true"))?;
    let job = answer.body["jobId"].as_str().map(str::to_owned).or_else(|| header("x-job-id"));
    let job: Option<Uuid> = job.and_then(|job| job.parse().ok());
    (completed || job.is_some()).then_some(Outcome::Acknowledged { job, completed })
}

/// Has the whole index built anew: whatever is answered.
async fn rebuilds(run: &Run, client: &Client, url: &str) {
    let request = client.post(format!("{url}/v2/permission/rebuild")).json(&json!({}));
    if let Came::Answer(answer) = run.send(request).await {
        match answer.status {
            200..=299 => count(&run.tally.rebuilds),
            429 | 503 => {}
            status => run.fail(format!("a rebuild was answered {status}: {}", answer.body)),
        }
    }
}
