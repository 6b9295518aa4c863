//! P7 as a campaign: whatever is killed, stopped, cut, held up and slowed down, nothing acknowledged is lost, and no read
//! that was promised a write misses it.
//!
//! `PERMDEX_TEST_CAMPAIGN=10m` makes it so long; `PERMDEX_TEST_SEED=7` replays the schedule of that seed, and what each
//! writer and reader chooses. The instants are the machine's.
//!
//! - `schedule`: which fault when, from the seed alone; `stage`: the processes and the ways between them, and how a fault
//!   is done; `postgres`, `signals`: its tools;
//! - `organization`: who there is, how a key is written and asked for; `truth`: what PostgreSQL has of it;
//! - `model`: what was acknowledged, and so what a read may answer;
//! - `writer`, `reader`: the load; `ending`: what must be so when all is healed; `tally`: the numbers.

mod ending;
mod model;
mod organization;
mod random;
mod reader;
mod run;
mod schedule;
mod stage;
mod tally;
mod truth;
mod writer;

use crate::support::app::within;
use model::Model;
use permdex::clock::Clock;
use permdex::config::span;
use permdex::service::generate::LineReader;
use permdex::service::import::import;
use permdex::store::migrate::migrate;
use permdex::store::pool::{PoolSettings, connect};
use run::Run;
use schedule::{Fault, Planned, Subject, plan};
use sqlx::PgPool;
use stage::Stage;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// So many lines of each log are shown when something is wrong.
const LOG_LINES: usize = 30;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_on_elasticsearch_whatever_breaks() {
    campaign(length(Duration::from_mins(1)), 3, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_in_memory_whatever_breaks() {
    campaign(length(Duration::from_secs(25)), 1, false).await;
}

fn length(usual: Duration) -> Duration {
    let set = std::env::var("PERMDEX_TEST_CAMPAIGN").ok();
    set.map_or(usual, |text| span::parse(&text).expect("a duration, such as `10m`"))
}

/// Printed, and set to replay.
fn seed() -> u64 {
    let set = std::env::var("PERMDEX_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    set.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0 % 1_000_000)
}

async fn campaign(length: Duration, instances: usize, on_elasticsearch: bool) {
    let seed = seed();
    let planned = plan(seed, length, instances, on_elasticsearch);
    println!("seed {seed}, {} s, {} faults:", length.as_secs(), planned.len());
    for planned in &planned {
        println!("{planned}");
    }
    let postgres = Stage::database().await.expect("a PostgreSQL");
    let pool = connect(postgres.options(), &PoolSettings { max_connections: 4, ..PoolSettings::default() });
    migrate(&pool).await.expect("migrated");
    import(&pool, LineReader::new(organization::lines().into_iter()), "cli:test", &Clock::System)
        .await
        .expect("imported");
    let stage = Stage::around(postgres, instances, on_elasticsearch).await.expect("a stage");
    within("the index is filled", || async { settled(&pool).await }).await;
    let run = Arc::new(Run::new(seed, stage, Model::new(organization::first_values())));

    let mut wrong = under_load(&run, planned.clone(), length).await.err();
    if wrong.is_none() {
        wrong = ending::check(&run, &pool).await.err();
    }
    println!("{}\n{}", by_kind(&planned), run.tally);
    if let Some(wrong) = wrong {
        let register = truth::register(&pool).await;
        panic!("seed {seed}: {wrong}\n{register}\n{}", run.stage.logs(LOG_LINES));
    }
    println!("{}", run.stage.logs(0));
    pool.close().await;
}

async fn settled(pool: &PgPool) -> bool {
    let left = "select count(*) filter (where state in ('queued', 'running')), count(*) filter (where state = 'done') from jobs";
    let (left, done): (i64, i64) = sqlx::query_as(left).fetch_one(pool).await.expect("counted");
    left == 0 && done > 0
}

/// Writers, readers and faults for `length`; returns when all is healed, or at the first thing that is wrong.
async fn under_load(run: &Arc<Run>, planned: Vec<Planned>, length: Duration) -> Result<(), String> {
    let mut load = JoinSet::new();
    for writer in 0..organization::WRITERS {
        load.spawn(writer::run(Arc::clone(run), writer));
    }
    for reader in 0..reader::READERS {
        load.spawn(reader::run(Arc::clone(run), reader));
    }
    let began = Instant::now();
    let mut faults = JoinSet::new();
    for planned in by_subject(planned) {
        faults.spawn(breaks(Arc::clone(run), planned, began));
    }
    run.pause(length).await;
    while faults.join_next().await.is_some() {}
    run.over.cancel();
    while let Some(ended) = load.join_next().await {
        ended.map_err(|error| format!("a writer or reader panicked: {error}"))?;
    }
    run.failure().map_or(Ok(()), Err)
}

/// The faults of one thing follow one another, late where one took longer than planned.
async fn breaks(run: Arc<Run>, planned: Vec<Planned>, began: Instant) {
    for planned in planned {
        run.pause((began + planned.at).saturating_duration_since(Instant::now())).await;
        if run.failure().is_some() {
            return;
        }
        run.tally.faults.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = run.stage.play(&planned).await {
            run.fail(format!("`{planned}` could not be done: {error}"));
        }
        run.tally.faults.fetch_sub(1, Ordering::Relaxed);
    }
}

fn by_subject(planned: Vec<Planned>) -> Vec<Vec<Planned>> {
    let mut all = HashMap::<Subject, Vec<Planned>>::new();
    for planned in planned {
        all.entry(planned.subject()).or_default().push(planned);
    }
    all.into_values().collect()
}

fn by_kind(planned: &[Planned]) -> String {
    let mut kinds = BTreeMap::<Fault, usize>::new();
    for planned in planned {
        *kinds.entry(planned.fault).or_default() += 1;
    }
    let kinds: Vec<_> = kinds.into_iter().map(|(fault, count)| format!("{fault:?} {count}")).collect();
    format!("faults: {}", kinds.join(", "))
}
