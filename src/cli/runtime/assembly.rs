//! One database and its index, with everything that runs for them.

use crate::clock::Clock;
use crate::index::PermissionIndex;
use crate::queue::{self, Signals};
use crate::refresh::{self, EngineLock, supervise};
use crate::service::{self, Cluster, Directory, Health, Parts};
use crate::store::pool::{self, PoolSettings};
use crate::store::snapshot::SnapshotCache;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// So long the tasks may take to end; then they are cut off, and their jobs come back when the leases end.
const STOP_WAIT: Duration = Duration::from_secs(20);
/// Two small lanes, a large one with its pages, heartbeats and tidying; more wait.
const WORKER_CONNECTIONS: u32 = 8;
const LEARN_AGAIN: Duration = Duration::from_secs(1);

/// What an assembly is made of.
pub struct Inputs {
    /// As the configuration names it.
    pub name: Arc<str>,
    /// The database, migrated.
    pub pool: PgPool,
    /// How to connect to it directly.
    pub options: PgConnectOptions,
    /// The index.
    pub index: Arc<dyn PermissionIndex>,
    /// The embedded index' lock; none for an index that others may write to.
    pub lock: Option<EngineLock>,
    /// Time.
    pub clock: Clock,
    /// Bounds of the use cases.
    pub service: service::Settings,
    /// Bounds of the workers; none: no workers here.
    pub refresh: Option<refresh::Settings>,
}

/// A running database, index and workers.
#[derive(Debug)]
pub struct Assembly {
    /// What the use cases work on.
    pub cluster: Cluster,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

/// Puts it together and starts its tasks. They keep trying while something they need is away.
#[must_use]
pub fn assemble(inputs: Inputs) -> Assembly {
    let signals = Signals::default();
    // One for both: what a fallback read has bound, a page need not bind again.
    let snapshots = Arc::new(SnapshotCache::default());
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(queue::listen(inputs.pool.clone(), signals.clone(), stop.clone()));
    if let Some(settings) = inputs.refresh {
        let context = refresh::Context {
            pool: workers(&inputs.options),
            index: Arc::clone(&inputs.index),
            cache: Arc::clone(&snapshots),
            signals: signals.clone(),
            clock: inputs.clock.clone(),
            settings,
            epoch: None,
        };
        match inputs.lock {
            Some(lock) => tasks.spawn(supervise::embedded(context, lock, inputs.options, stop.clone())),
            None => tasks.spawn(supervise::shared(context, stop.clone())),
        };
    }
    let cluster = Cluster::new(Parts {
        health: Health::of(Arc::clone(&inputs.name)),
        name: inputs.name,
        pool: inputs.pool,
        index: inputs.index,
        snapshots,
        directory: Directory::default(),
        signals,
        clock: inputs.clock,
        settings: inputs.service,
    });
    tasks.spawn(learn(cluster.clone(), stop.clone()));
    Assembly { cluster, stop, tasks }
}

/// The workers' own connections: set up for their statements, and never all taken by requests.
fn workers(options: &PgConnectOptions) -> PgPool {
    let settings = PoolSettings { max_connections: WORKER_CONNECTIONS, ..PoolSettings::default() };
    pool::connect(queue::tuned(options.clone()), &settings)
}

/// Learns all customers, as soon as the database is there: later look-ups are for new ones only.
async fn learn(cluster: Cluster, stop: CancellationToken) {
    while let Err(error) = cluster.load_directory().await {
        tracing::warn!(error = crate::telemetry::chain(&error), "the customers can't be read yet");
        if stop.run_until_cancelled(tokio::time::sleep(LEARN_AGAIN)).await.is_none() {
            return;
        }
    }
}

impl Assembly {
    /// Ends the tasks: jobs under way are given back. The pool stays open.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(STOP_WAIT, async { while self.tasks.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            tracing::warn!("the workers did not end in time: their jobs come back when the leases end");
        }
    }
}
