//! All that belongs to one database and its index, as one value.

use super::counts::Counts;
use super::directory::Directory;
use super::error::{RETRY_AFTER, ServiceError};
use super::health::Health;
use crate::clock::Clock;
use crate::index::PermissionIndex;
use crate::queue::Signals;
use crate::store::snapshot::SnapshotCache;
use sqlx::PgPool;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How much may run at a time, and how long to wait.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `refresh.wait_timeout`: how long a write or a who-has waits for a job.
    pub wait_timeout: Duration,
    /// So many reads at a time are answered from PostgreSQL instead of the index.
    pub fallback_concurrency: usize,
    /// How long a read waits for its turn among them.
    pub fallback_wait: Duration,
    /// So many who-has at a time; more are 429.
    pub search_concurrency: usize,
    /// So many who-has streams at a time; more are 429.
    pub stream_concurrency: usize,
    /// So many explanations at a time; more are 429.
    pub explain_concurrency: usize,
    /// So many dry runs at a time; more are 429.
    pub dry_run_concurrency: usize,
    /// How long a dry run looks at users; what it has not seen by then it leaves out, and says so.
    pub dry_run_time: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wait_timeout: Duration::from_secs(30),
            fallback_concurrency: 8,
            fallback_wait: Duration::from_secs(1),
            search_concurrency: 64,
            stream_concurrency: 4,
            explain_concurrency: 16,
            dry_run_concurrency: 2,
            dry_run_time: Duration::from_secs(5),
        }
    }
}

/// What a cluster is made of.
#[derive(Debug)]
pub struct Parts {
    /// As the configuration names it; `default` for the one that always exists.
    pub name: Arc<str>,
    /// Its database.
    pub pool: PgPool,
    /// Its index.
    pub index: Arc<dyn PermissionIndex>,
    /// What was read from the database already, so that users share it; the workers' own, where there are any.
    pub snapshots: Arc<SnapshotCache>,
    /// Customer ids and organizations.
    pub directory: Directory,
    /// Waiters, hints and wakes of its queue.
    pub signals: Signals,
    /// Where the time comes from.
    pub clock: Clock,
    /// Bounds.
    pub settings: Settings,
    /// What is reachable.
    pub health: Health,
}

/// One storage cluster: everything a use case needs. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Cluster {
    parts: Arc<Parts>,
    limits: Arc<Limits>,
}

/// What is limited per instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// Who-has, a page at a time.
    WhoHas,
    /// Who-has streams.
    Stream,
    /// Explanations.
    Explain,
    /// Dry runs.
    DryRun,
}

impl Limited {
    /// Each of them.
    pub(super) const ALL: [Self; 4] = [Self::WhoHas, Self::Stream, Self::Explain, Self::DryRun];

    const fn words(self) -> &'static str {
        match self {
            Self::WhoHas => "who-has questions",
            Self::Stream => "who-has streams",
            Self::Explain => "explanations",
            Self::DryRun => "dry runs",
        }
    }

    /// As metrics name it.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::WhoHas => "who_has",
            Self::Stream => "stream",
            Self::Explain => "explain",
            Self::DryRun => "dry_run",
        }
    }
}

/// Who runs now, and what was counted.
struct Limits {
    counts: Counts,
    fallback: Arc<Semaphore>,
    search: Arc<Semaphore>,
    stream: Arc<Semaphore>,
    explain: Arc<Semaphore>,
    dry_run: Arc<Semaphore>,
}

impl Cluster {
    /// A cluster of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let of = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        let settings = &parts.settings;
        let limits = Limits {
            counts: Counts::new(&parts.name),
            fallback: of(settings.fallback_concurrency),
            search: of(settings.search_concurrency),
            stream: of(settings.stream_concurrency),
            explain: of(settings.explain_concurrency),
            dry_run: of(settings.dry_run_concurrency),
        };
        Self { parts: Arc::new(parts), limits: Arc::new(limits) }
    }

    /// A turn among the `what`, given back when it is dropped. Who finds none is not queued, but told: so callers see
    /// the load that they make.
    ///
    /// # Errors
    /// `TooMany`.
    pub fn turn(&self, what: Limited) -> Result<OwnedSemaphorePermit, ServiceError> {
        let limit = match what {
            Limited::WhoHas => &self.limits.search,
            Limited::Stream => &self.limits.stream,
            Limited::Explain => &self.limits.explain,
            Limited::DryRun => &self.limits.dry_run,
        };
        Arc::clone(limit).try_acquire_owned().map_err(|_| {
            self.counts().too_many(what);
            ServiceError::TooMany { what: what.words(), retry_after: RETRY_AFTER }
        })
    }

    /// What is counted of this cluster.
    pub(super) fn counts(&self) -> &Counts {
        &self.limits.counts
    }

    /// The turns of reads that the database answers instead of the index.
    pub(super) fn fallback_turns(&self) -> &Arc<Semaphore> {
        &self.limits.fallback
    }

    /// The instant, in microseconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.parts.clock.micros()
    }
}

impl Deref for Cluster {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("name", &self.parts.name).finish_non_exhaustive()
    }
}
