//! Eight readers. Each asks for what he was promised, and an answer that lacks it fails the campaign at once.

use super::model::{Key, Promise, Value};
use super::organization::{Asked, answered, question, ways};
use super::random::Random;
use super::run::{Came, Run, client};
use super::tally::count;
use reqwest::Client;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many read.
pub const READERS: usize = 8;
/// Between two questions: eight that ask without a pause would leave the writers nothing of a small machine.
const BREATH: Duration = Duration::from_millis(3);
/// After something did not go well.
const PAUSE: Duration = Duration::from_millis(50);

/// Reads until the campaign is over.
pub async fn run(run: Arc<Run>, reader: usize) {
    let client = client();
    let mut random = Random::new(run.seed, 200 + u64::try_from(reader).expect("few"));
    let keys = run.model.keys();
    while !run.over.is_cancelled() {
        let key = random.one_of(&keys);
        let asked = random.one_of(ways(key));
        let was_right = match run.stage.url(&mut random) {
            Some(url) => one(&run, &client, &url, key, asked, &mut random).await,
            None => false,
        };
        run.pause(if was_right { BREATH } else { PAUSE }).await;
    }
}

/// One question; whether it was answered.
async fn one(run: &Run, client: &Client, url: &str, key: Key, asked: Asked, random: &mut Random) -> bool {
    let promise = run.model.promise(key, random);
    let mut body = question(key, promise.value, asked, random);
    if let Some(job) = promise.job {
        body["afterJobId"] = json!(job);
    }
    let calm = !run.tally.troubled();
    let began = Instant::now();
    let request = client.post(format!("{url}/v2/permission")).json(&body);
    let answer = match run.send(request).await {
        Came::Answer(answer) => answer,
        Came::NotSent | Came::Broken => {
            count(&run.tally.reads_broken);
            return false;
        }
    };
    match answer.status {
        200 => {}
        429 | 503 => {
            count(&run.tally.reads_unavailable);
            return false;
        }
        status => {
            run.fail(format!("{body} was answered {status}: {}", answer.body));
            return false;
        }
    }
    run.tally.read(began.elapsed(), calm && !run.tally.troubled());
    if answer.headers.contains_key("permdex-source") {
        count(&run.tally.from_database);
    }
    let found = answered(key, promise.value, asked, &answer.body);
    match judge(run, &promise, asked, &found) {
        Ok(is_exact) => {
            count(&run.tally.reads);
            if is_exact {
                count(&run.tally.exact);
            }
            if promise.job.is_none() {
                count(&run.tally.after_completed);
            }
            true
        }
        Err(why) => {
            let (from, to) = (run.model.since_begin(began), run.model.since_begin(Instant::now()));
            run.fail(format!(
                "{why}\nthe question, from {from:.4} to {to:.4} s, at {url}: {body}\nthe answer, {:?}: {}\n{}",
                answer.headers,
                answer.body,
                run.model.history(key)
            ));
            false
        }
    }
}

/// Whether what was found may be so; `true`: nothing else would have been right.
fn judge(run: &Run, promise: &Promise, asked: Asked, found: &[Value]) -> Result<bool, String> {
    let allowed = run.model.allowed(promise);
    let is_right = match found {
        [value] => allowed.contains(value),
        // The question named a value, and it is not that one: right when another is possible.
        [] if asked == Asked::WhoHas => allowed.len() > 1,
        _ => false,
    };
    if is_right {
        return Ok(allowed.len() == 1);
    }
    Err(format!("{} was {found:?}, but after {promise:?} only {allowed:?} is right", promise.key))
}
