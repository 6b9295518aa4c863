//! One database and its index, with everything that runs for them.

use crate::clock::Clock;
use crate::index::{Metered, PermissionIndex};
use crate::queue::{self, Signals};
use crate::refresh::{self, EngineLock, supervise};
use crate::service::{self, Cluster, DEFAULT_CLUSTER, Directory, Health, Parts, WorkerPool};
use crate::store::pool::{self, PoolSettings};
use crate::store::snapshot::SnapshotCache;
use crate::telemetry::chain;
use backon::{BackoffBuilder, ExponentialBuilder};
use futures::FutureExt;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

/// So long the tasks may take to end; then they are cut off, and their jobs come back when the leases end.
const STOP_WAIT: Duration = Duration::from_secs(20);
/// Two small lanes, a large one, a build and a comparison with their pages, heartbeats and tidying; more wait.
const WORKER_CONNECTIONS: u32 = 12;
/// The customers are read again after this, and after ever longer pauses up to the second.
const LEARN_AGAIN: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(5)];
/// For reading all customers, of which there may be some hundred thousands.
const LEARN_WITHIN: Duration = Duration::from_mins(2);

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

/// What workers need of a database that is open.
pub struct Opened {
    /// How to connect to it directly.
    pub options: PgConnectOptions,
    /// The embedded index' lock; none for an index that others may write to.
    pub lock: Option<EngineLock>,
}

/// Puts it together and starts its tasks. They keep trying while something they need is away.
#[must_use]
pub fn assemble(mut inputs: Inputs) -> Assembly {
    let opened = Opened { options: inputs.options.clone(), lock: inputs.lock.take() };
    assemble_later(inputs, std::future::ready(opened))
}

/// The same on a database that `opening` opens: until then its questions end as those of a database that is away.
/// `inputs.options` and `inputs.lock` are what `opening` says.
pub fn assemble_later(mut inputs: Inputs, opening: impl Future<Output = Opened> + Send + 'static) -> Assembly {
    inputs.index = Arc::new(Metered::new(inputs.index, Arc::clone(&inputs.name)));
    let signals = Signals::default();
    // One for both: what a fallback read has bound, a page need not bind again.
    let snapshots = Arc::new(SnapshotCache::default());
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let span = span(&inputs.name);
    // Who needs the database begins when it is open: until then there is nothing to say of it but that.
    let open = CancellationToken::new();
    let listen = queue::listen(inputs.pool.clone(), signals.clone(), stop.clone());
    tasks.spawn(once(open.clone(), stop.clone(), listen).instrument(span.clone()));
    let refresh = inputs.refresh.map(|settings| Refresh {
        index: Arc::clone(&inputs.index),
        cache: Arc::clone(&snapshots),
        signals: signals.clone(),
        clock: inputs.clock.clone(),
        settings,
    });
    let opening = opening.inspect({
        let open = open.clone();
        move |_| open.cancel()
    });
    let worker_pool = WorkerPool::default();
    tasks.spawn(work(refresh, opening, Arc::clone(&worker_pool), stop.clone()).instrument(span.clone()));
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
    tasks.spawn(once(open.clone(), stop.clone(), cluster.clone().keep_gauges(worker_pool, stop.clone())));
    tasks.spawn(once(open, stop.clone(), learn(cluster.clone(), stop.clone())).instrument(span));
    Assembly { cluster, stop, tasks }
}

/// Runs `task` once `open` is so.
async fn once(open: CancellationToken, stop: CancellationToken, task: impl Future<Output = ()>) {
    if stop.run_until_cancelled(open.cancelled()).await.is_some() {
        task.await;
    }
}

/// Names the cluster in what its tasks log, where it is not the only one.
fn span(name: &str) -> Span {
    if name == DEFAULT_CLUSTER { Span::none() } else { tracing::error_span!("cluster", name) }
}

/// What the workers need beside an open database.
struct Refresh {
    index: Arc<dyn PermissionIndex>,
    cache: Arc<SnapshotCache>,
    signals: Signals,
    clock: Clock,
    settings: refresh::Settings,
}

/// Opens the database, and works on it.
async fn work(
    refresh: Option<Refresh>,
    opening: impl Future<Output = Opened>,
    worker_pool: WorkerPool,
    stop: CancellationToken,
) {
    let Some(Opened { options, lock }) = stop.run_until_cancelled(opening).await else { return };
    let Some(Refresh { index, cache, signals, clock, settings }) = refresh else { return };
    let pool = worker_pool.get_or_init(|| workers(&options)).clone();
    let (server, precedence) = Default::default();
    let context = refresh::Context { pool, index, cache, signals, clock, settings, server, precedence, epoch: None };
    match lock {
        Some(lock) => supervise::embedded(context, lock, options, stop).await,
        None => supervise::shared(context, stop).await,
    }
}

/// The workers' own connections: set up for their statements, and never all taken by requests.
fn workers(options: &PgConnectOptions) -> PgPool {
    let settings = PoolSettings { max_connections: WORKER_CONNECTIONS, ..PoolSettings::default() };
    pool::connect(queue::tuned(options.clone()), &settings)
}

/// Learns all customers, as soon as the database is there: later look-ups are for new ones only.
async fn learn(cluster: Cluster, stop: CancellationToken) {
    let [first, longest] = LEARN_AGAIN;
    let backoff = ExponentialBuilder::default().with_min_delay(first).with_max_delay(longest).without_max_times();
    for pause in backoff.build() {
        let load = async {
            match tokio::time::timeout(LEARN_WITHIN, cluster.load_directory()).await {
                Ok(loaded) => loaded.map_err(|error| chain(&error)),
                Err(elapsed) => Err(chain(&elapsed)),
            }
        };
        match stop.run_until_cancelled(load).await {
            Some(Err(error)) => tracing::warn!(error, "the customers can't be read yet"),
            Some(Ok(())) | None => return,
        }
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

impl Assembly {
    /// Ends the tasks: jobs under way are given back. The pool stays open, and what can be answered without workers is.
    pub async fn stop(&mut self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(STOP_WAIT, async { while self.tasks.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            tracing::warn!("the workers did not end in time: their jobs come back when the leases end");
        }
    }
}
