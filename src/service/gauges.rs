//! What metrics show of a storage cluster as it stands: its queue, its connections, its turns. Looked at every few
//! seconds by a task of its own, never on the path of a request.
//!
//! The queue is the database's, so every instance shows the same of it. While the database is away the last values stay:
//! `permdex_dependency_up` says so.

use super::cluster::Cluster;
use crate::queue::{self, LaneOverview, Overview};
use crate::telemetry::chain;
use metrics::{Gauge, gauge};
use sqlx::PgPool;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Between two looks, unless they cost a lot.
const EVERY: Duration = Duration::from_secs(5);
/// Looking takes at most one part in so many of the time: a full queue has better things to do than to be counted.
const SHARE: u32 = 100;
/// Between two looks, whatever they cost.
const LONGEST: Duration = Duration::from_mins(1);
/// A look may take so long; then it is given up.
const PATIENCE: Duration = Duration::from_secs(4);

/// The workers' own connections, once there are any.
pub type WorkerPool = Arc<OnceLock<PgPool>>;

impl Cluster {
    /// Keeps the gauges of this cluster current until `stop`. For a task of its own.
    pub async fn keep_gauges(self, workers: WorkerPool, stop: CancellationToken) {
        let gauges = Gauges::of(&self);
        let mut stands_still = false;
        loop {
            gauges.own(&self, &workers);
            let began = Instant::now();
            let mut pause = EVERY;
            let error = match tokio::time::timeout(PATIENCE, queue::overview(&self.pool)).await {
                Ok(Ok(overview)) => {
                    gauges.queue(&overview);
                    pause = began.elapsed().saturating_mul(SHARE).clamp(EVERY, LONGEST);
                    None
                }
                Ok(Err(error)) => Some(chain(&error)),
                Err(elapsed) => Some(chain(&elapsed)),
            };
            // Said once, not every few seconds.
            if let Some(error) = error.as_ref().filter(|_| !stands_still) {
                tracing::warn!(error, "the queue can't be looked at: what metrics show of it stands still");
            }
            stands_still = error.is_some();
            if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
            // What is away is to be seen, too, when nobody asks anything.
            self.readiness().await;
        }
    }
}

struct Gauges {
    small: Lane,
    large: Lane,
    building: Gauge,
    build_done: Gauge,
    build_total: Gauge,
    generation: Gauge,
    api: Pool,
    workers: Pool,
    fallback_turns: Gauge,
    fallback_in_use: Gauge,
}

struct Lane {
    queued: Gauge,
    running: Gauge,
    failed: Gauge,
    oldest: Gauge,
}

struct Pool {
    max: Gauge,
    idle: Gauge,
    in_use: Gauge,
}

impl Gauges {
    fn of(cluster: &Cluster) -> Self {
        Self {
            small: Lane::of(cluster, "small"),
            large: Lane::of(cluster, "large"),
            building: gauge!("permdex_rebuild_running", "cluster" => Arc::clone(&cluster.name)),
            build_done: gauge!("permdex_rebuild_users_done", "cluster" => Arc::clone(&cluster.name)),
            build_total: gauge!("permdex_rebuild_users", "cluster" => Arc::clone(&cluster.name)),
            generation: gauge!("permdex_index_generation", "cluster" => Arc::clone(&cluster.name)),
            api: Pool::of(cluster, "api"),
            workers: Pool::of(cluster, "workers"),
            fallback_turns: gauge!("permdex_fallback_turns", "cluster" => Arc::clone(&cluster.name)),
            fallback_in_use: gauge!("permdex_fallback_turns_in_use", "cluster" => Arc::clone(&cluster.name)),
        }
    }

    /// What this process knows by itself.
    fn own(&self, cluster: &Cluster, workers: &WorkerPool) {
        self.api.show(&cluster.pool);
        if let Some(pool) = workers.get() {
            self.workers.show(pool);
        }
        let turns = cluster.settings.fallback_concurrency;
        self.fallback_turns.set(float(turns));
        self.fallback_in_use.set(float(turns.saturating_sub(cluster.fallback_turns().available_permits())));
    }

    fn queue(&self, overview: &Overview) {
        self.small.show(&overview.small);
        self.large.show(&overview.large);
        let build = overview.build.unwrap_or_default();
        self.building.set(float(usize::from(overview.build.is_some())));
        self.build_done.set(float(build.done));
        self.build_total.set(float(build.total));
        self.generation.set(float(overview.generation.unwrap_or(0)));
    }
}

impl Lane {
    fn of(cluster: &Cluster, lane: &'static str) -> Self {
        let jobs = |state: &'static str| gauge!("permdex_jobs", "cluster" => Arc::clone(&cluster.name), "lane" => lane, "state" => state);
        Self {
            queued: jobs("queued"),
            running: jobs("running"),
            failed: jobs("failed"),
            oldest: gauge!("permdex_queue_oldest_seconds", "cluster" => Arc::clone(&cluster.name), "lane" => lane),
        }
    }

    fn show(&self, lane: &LaneOverview) {
        self.queued.set(float(lane.queued));
        self.running.set(float(lane.running));
        self.failed.set(float(lane.failed));
        self.oldest.set(lane.oldest.as_secs_f64());
    }
}

impl Pool {
    fn of(cluster: &Cluster, pool: &'static str) -> Self {
        let connections = |state: &'static str| {
            gauge!("permdex_database_connections",
                "cluster" => Arc::clone(&cluster.name), "pool" => pool, "state" => state)
        };
        Self {
            max: gauge!("permdex_database_connections_max", "cluster" => Arc::clone(&cluster.name), "pool" => pool),
            idle: connections("idle"),
            in_use: connections("in_use"),
        }
    }

    fn show(&self, pool: &PgPool) {
        let (all, idle) = (pool.size() as usize, pool.num_idle());
        self.max.set(f64::from(pool.options().get_max_connections()));
        self.idle.set(float(idle));
        // The two are read one after the other.
        self.in_use.set(float(all.saturating_sub(idle)));
    }
}

/// As a gauge has it.
fn float(number: impl TryInto<u32>) -> f64 {
    f64::from(number.try_into().unwrap_or(u32::MAX))
}
