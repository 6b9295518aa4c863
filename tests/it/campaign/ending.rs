//! What must be so in the end, when all is healed and the queue is empty.

use super::model::{Key, Value};
use super::organization::{answered, question, ways};
use super::random::Random;
use super::run::{Came, Run, client};
use super::truth;
use crate::support::converged::index_is_as_the_database;
use permdex::index::elastic::{ElasticIndex, ElasticSettings};
use serde_json::json;
use sqlx::PgPool;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long the jobs of all who were killed may take, and everything else that has to come back.
const CONVERGES_WITHIN: Duration = Duration::from_mins(2);

/// Checks everything, one after the other.
pub async fn check(run: &Run, pool: &PgPool) -> Result<(), String> {
    let waited = drained(pool).await?;
    println!("the queue was empty {:.1} s after the last fault", waited.as_secs_f64());
    nothing_failed(pool).await?;
    let truth = acknowledged_is_kept(run, pool).await?;
    if let Some(url) = run.stage.elastic_url().await {
        let index = ElasticIndex::new(&settings(&url, &run.stage.index)?).map_err(|error| error.to_string())?;
        let users = index_is_as_the_database(pool, &index).await?;
        println!("the documents of {users} users are as the database has them");
    }
    everybody_answers(run, &truth).await?;
    verified(run).await?;
    if run.stage.terminate().await { Ok(()) } else { Err("a permdex did not end with 0".to_owned()) }
}

async fn drained(pool: &PgPool) -> Result<Duration, String> {
    let began = Instant::now();
    let left = "select count(*) from jobs where state in ('queued', 'running')";
    loop {
        let count = sqlx::query_scalar::<_, i64>(left).fetch_one(pool).await;
        match count {
            Ok(0) => return Ok(began.elapsed()),
            count if began.elapsed() > CONVERGES_WITHIN => {
                return Err(format!("jobs left after {CONVERGES_WITHIN:?}: {count:?}"));
            }
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn nothing_failed(pool: &PgPool) -> Result<(), String> {
    let failed = sqlx::query_as::<_, (String, i32, Option<String>)>(
        "select kind || ' ' || scope, attempts, error from jobs where state = 'failed' limit 10",
    );
    let failed = failed.fetch_all(pool).await.map_err(|error| error.to_string())?;
    if failed.is_empty() { Ok(()) } else { Err(format!("jobs failed: {failed:?}")) }
}

async fn acknowledged_is_kept(run: &Run, pool: &PgPool) -> Result<BTreeMap<Key, Value>, String> {
    let mut all = BTreeMap::new();
    for key in run.model.keys() {
        let value = truth::value(pool, key).await?;
        let allowed = run.model.finally(key);
        if !allowed.contains(&value) {
            let history = run.model.history(key);
            return Err(format!("PostgreSQL has {value} of {key}, only {allowed:?} is right\n{history}"));
        }
        all.insert(key, value);
    }
    println!("PostgreSQL has what was acknowledged of {} keys", all.len());
    Ok(all)
}

fn settings(url: &str, name: &str) -> Result<ElasticSettings, String> {
    Ok(ElasticSettings {
        cluster: "default".into(),
        urls: vec![url.parse().map_err(|error| format!("`{url}`: {error}"))?],
        name: name.to_owned(),
        api_key: None,
        username: None,
        password: None,
        ca_file: None,
        request_timeout: Duration::from_secs(30),
        schema_version: permdex::index::SCHEMA_VERSION,
        shards: 1,
        replicas: 0,
    })
}

/// What an operator would ask: permdex itself compares all users, and finds no difference.
async fn verified(run: &Run) -> Result<(), String> {
    let client = client();
    let url = run.stage.url(&mut Random::new(run.seed, 301)).ok_or("no permdex runs")?;
    let began = Instant::now();
    let mut job = None;
    while began.elapsed() < CONVERGES_WITHIN {
        let request = match &job {
            None => client.post(format!("{url}/v2/permission/verify")),
            Some(job) => client.get(format!("{url}/v2/permission/job/{job}")),
        };
        if let Came::Answer(answer) = run.send(request).await {
            job = job.or_else(|| answer.body["jobId"].as_str().map(str::to_owned));
            let result = &answer.body["result"];
            if result["differences"] == json!(0) {
                println!("verify is clean: {result}");
                return Ok(());
            }
            if !result.is_null() || answer.body["state"] == json!("failed") {
                return Err(format!("verify is not clean: {}", answer.body));
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err("verify did not end".to_owned())
}

/// Every key, asked in every way: now there is one right answer.
async fn everybody_answers(run: &Run, truth: &BTreeMap<Key, Value>) -> Result<(), String> {
    let (client, mut random, mut count) = (client(), Random::new(run.seed, 300), 0);
    for (key, value) in truth {
        for asked in ways(*key) {
            let began = Instant::now();
            let found = loop {
                let url = run.stage.url(&mut random).ok_or("no permdex runs")?;
                let body = question(*key, *value, *asked, &mut random);
                match run.send(client.post(format!("{url}/v2/permission")).json(&body)).await {
                    Came::Answer(answer) if answer.status == 200 => break answered(*key, *value, *asked, &answer.body),
                    // Whoever found something away a moment ago may not have tried again.
                    _ if began.elapsed() < CONVERGES_WITHIN => tokio::time::sleep(Duration::from_millis(50)).await,
                    _ => return Err(format!("{body} has no answer although all is healed")),
                }
            };
            if found != [*value] {
                let history = run.model.history(*key);
                return Err(format!("in the end {asked:?} of {key} is {found:?} and ought to be {value}\n{history}"));
            }
            count += 1;
        }
    }
    println!("{count} last questions were answered as the database would");
    Ok(())
}
