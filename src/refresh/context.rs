//! What every part of the refresh works with.

use super::precedence::Precedence;
use super::versions::KnownServer;
use crate::clock::Clock;
use crate::index::{PermissionIndex, SCHEMA_VERSION};
use crate::queue::Signals;
use crate::store::snapshot::SnapshotCache;
use sqlx::PgPool;
use std::sync::Arc;
use std::time::Duration;

/// One database and its index, as the worker sees them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Context {
    /// The database, on the primary.
    pub pool: PgPool,
    /// The index.
    pub index: Arc<dyn PermissionIndex>,
    /// What the pages share.
    pub cache: Arc<SnapshotCache>,
    /// Who waits and who is to be woken in this process.
    pub signals: Signals,
    /// Time.
    pub clock: Clock,
    /// Bounds.
    pub settings: Settings,
    /// The database server that versions come from.
    pub server: KnownServer,
    /// Which jobs go first in this process.
    pub precedence: Precedence,
    /// Embedded engine: the epoch of its lock. Claims of another epoch are refused.
    pub epoch: Option<i64>,
}

/// The bounds of the refresh.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The storage cluster, as metrics name it.
    pub cluster: Arc<str>,
    /// What generations are called before their schema and number: `permdex-users`.
    pub index_name: String,
    /// The schema of the documents that this release writes, and the one before.
    pub schema_version: i32,
    /// Users a page; 1 ..= 10,000.
    pub page_size: u32,
    /// Pages of one walk under way at once.
    pub pages_at_once: usize,
    /// Workers of the lane for small jobs.
    pub small_workers: usize,
    /// Workers of the lane for large jobs; one for rebuilds and one for comparisons come on top.
    pub large_workers: usize,
    /// How long a claim lives without a heartbeat.
    pub lease: Duration,
    /// How often a claim under way is kept alive; at most a third of the lease, so that one beat may get lost.
    pub heartbeat: Duration,
    /// How long what nobody waits for may stay unsearchable.
    pub refresh_interval: Duration,
    /// How long a worker sleeps when NOTIFY tells it nothing.
    pub poll: Duration,
    /// How long a claim rests when something it needs is unreachable.
    pub pause: Duration,
    /// A job whose worker was lost so many times has failed; at least 1.
    pub max_attempts: u32,
    /// After how long a failed refresh is tried again.
    pub retry_after: Duration,
    /// How often what has had its time is tidied away.
    pub tidy_every: Duration,
    /// After how long a retired generation is deleted: longer than the longest stream.
    pub retire_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cluster: "default".into(),
            index_name: "permdex-users".to_owned(),
            schema_version: SCHEMA_VERSION,
            page_size: 1_000,
            pages_at_once: 4,
            small_workers: 2,
            large_workers: 1,
            lease: Duration::from_secs(30),
            heartbeat: Duration::from_secs(10),
            refresh_interval: Duration::from_secs(1),
            poll: Duration::from_secs(2),
            pause: Duration::from_secs(2),
            max_attempts: 10,
            retry_after: Duration::from_hours(1),
            tidy_every: Duration::from_mins(1),
            retire_after: Duration::from_mins(10),
        }
    }
}
