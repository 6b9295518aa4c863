//! `permdex demo`: everything embedded, a generated organization, and calls to paste.

use super::database::Database;
use super::exit::{Exit, Failure};
use super::output;
use super::serve::{Server, asked_to_stop};
use crate::auth::{MintRequest, Subject, mint};
use crate::clock::Clock;
use crate::config::{Config, Engine};
use crate::service::generate::{LineReader, demo};
use crate::service::import::import;
use anyhow::anyhow;
use std::time::{Duration, Instant};

const TOKEN_TTL: Duration = Duration::from_hours(24);
/// A thousand users take a fraction of a second.
const READY_WAIT: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(super) async fn run(mut config: Config) -> Result<Exit, Failure> {
    let began = Instant::now();
    // A place of its own: the demo's organizations never mix with anybody's data.
    config.data_dir.push("demo");
    config.database.url = None;
    config.index.engine = Engine::Embedded;
    for cluster in config.clusters.values_mut() {
        cluster.database.url = None;
        cluster.index.engine = Engine::Embedded;
    }
    eprintln!("permdex demo: starting a private PostgreSQL in `{}`", config.data_dir.display());
    let database = Database::open(&config.default_place()).await?;
    let lines = LineReader::new(demo(Clock::System.now()));
    let imported = import(&database.pool, lines, "cli:demo", &Clock::System).await?;
    eprintln!("permdex demo: {} lines of generated organizations loaded", imported.lines.total());
    let server = Server::start_on(&config, database, true).await?;
    let ready = ready(&server).await;
    if let Err(failure) = ready {
        server.stop().await;
        return Err(failure);
    }
    eprintln!("permdex demo: ready after {:.1} s", began.elapsed().as_secs_f64());
    let asked = asked_to_stop()?;
    output::text(&text(&server)?)?;
    asked.await;
    server.stop().await;
    Ok(Exit::Done)
}

/// Waits until who-has is answered: the index is filled.
async fn ready(server: &Server) -> Result<(), Failure> {
    let filled = async {
        while !matches!(server.assembly.cluster.index.serving().await, Ok(Some(_))) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(READY_WAIT, filled)
        .await
        .map_err(|_| Failure::unreachable(anyhow!("the index was not filled within {READY_WAIT:?}: see the log above")))
}

fn text(server: &Server) -> Result<String, Failure> {
    let subject = Subject::Service("demo".to_owned());
    let request = MintRequest { subject, organization: None, scope: None, ttl: TOKEN_TTL };
    let token = mint(&server.keys, &request, &Clock::System)?;
    let url = server.url();
    Ok(format!(
        r#"
permdex listening on {url}

Paste into another shell (the token lasts a day):

export PERMDEX_URL={url}
export PERMDEX_TOKEN={token}
ask() {{ curl -sS -H "Authorization: Bearer $PERMDEX_TOKEN" -H 'Content-Type: application/json' "$@"; echo; }}

# check: may user 17 delete two documents, and why? One yes through his group, one no: a deny wins.
ask $PERMDEX_URL/v2/permission -d '{{"requesterId":17,"action":"doc:delete","resource":["acrn:app:1:doc/7","acrn:app:1:doc/legal/7"]}}'

# list: what may user 17 do with invoices? With conditions, and a temporary grant that ends by itself.
ask $PERMDEX_URL/v2/permission -d '{{"requesterId":17,"list":true,"action":"invoice:*"}}'

# who has: who may approve this large invoice? All of them counted, the first three shown.
ask $PERMDEX_URL/v2/permission -d '{{"action":"invoice:approve","resource":"acrn:app:1:invoice/1001","attributes":{{"amountClass":"large"}},"limit":3}}'

# assign: give user 17 a policy and wait until every answer knows it; then ask "who has" again.
ask $PERMDEX_URL/v2/permission/assignPolicy -d '{{"policyId":{APPROVERS},"userId":17,"waitForCompletion":true}}'

The API, to click through: {url}/docs
With Elasticsearch instead: PERMDEX__INDEX__ENGINE=elasticsearch PERMDEX__INDEX__URL=http://127.0.0.1:9200 permdex serve
Ctrl-C ends it."#,
    ))
}

/// The demo's policy that lets approve large invoices.
const APPROVERS: u32 = 10;
