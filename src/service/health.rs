//! What is reachable, as the calls that are made anyway find it.
//!
//! While the index is away, one call in a while is let through to it and all others go to PostgreSQL at once:
//! nobody waits for a time-out that somebody else is waiting for already.

use super::clusters::DEFAULT_CLUSTER;
use crate::clock::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// One of the two things that answers are made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependency {
    /// The search index.
    Index,
    /// PostgreSQL.
    Database,
}

impl Dependency {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Database => "database",
        }
    }
}

/// Something that is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// What.
    pub what: Dependency,
    /// Since when, in microseconds since 1970.
    pub since: i64,
}

/// Whether checks can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// Everything is there.
    Ready,
    /// Checks are answered, but this is away.
    Degraded(Outage),
    /// Neither index nor database answers.
    Down(Vec<Outage>),
}

/// A call is let through to what is away at most once in so many microseconds.
const PROBE_INTERVAL: i64 = 500_000;
/// `since` of what is not away.
const UP: i64 = 0;
/// `/readyz` looks for itself at most once in so many microseconds.
const LOOK_INTERVAL: i64 = 1_000_000;

/// What is known of both. Cheap to clone; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Both>);

#[derive(Debug, Default)]
struct Both {
    /// The storage cluster, for the log and the metrics; none: `default`.
    cluster: Option<Arc<str>>,
    index: One,
    database: One,
    next_look: AtomicI64,
}

#[derive(Debug, Default)]
struct One {
    down_since: AtomicI64,
    next_probe: AtomicI64,
}

impl Health {
    /// Of one storage cluster, which the log and the metrics name.
    #[must_use]
    pub fn of(cluster: Arc<str>) -> Self {
        let health = Self(Arc::new(Both { cluster: Some(cluster), ..Both::default() }));
        for what in [Dependency::Index, Dependency::Database] {
            health.show(what, true);
            health.not_tried(what).absolute(0);
        }
        health
    }

    fn cluster(&self) -> &str {
        self.0.cluster.as_deref().unwrap_or(DEFAULT_CLUSTER)
    }

    fn show(&self, what: Dependency, up: bool) {
        let cluster = self.cluster().to_owned();
        metrics::gauge!("permdex_dependency_up", "cluster" => cluster, "dependency" => what.as_str())
            .set(f64::from(u8::from(up)));
    }

    fn one(&self, what: Dependency) -> &One {
        match what {
            Dependency::Index => &self.0.index,
            Dependency::Database => &self.0.database,
        }
    }

    /// It answered. One atomic read when that is nothing new.
    pub fn up(&self, what: Dependency) {
        let one = self.one(what);
        if one.down_since.load(Ordering::Relaxed) != UP && one.down_since.swap(UP, Ordering::Relaxed) != UP {
            self.show(what, true);
            tracing::info!(cluster = self.cluster(), dependency = what.as_str(), "the {} is back", what.as_str());
        }
    }

    /// It did not answer, at `now` (microseconds since 1970).
    pub fn down(&self, what: Dependency, now: i64, cause: &dyn std::fmt::Display) {
        let one = self.one(what);
        one.next_probe.store(now.saturating_add(PROBE_INTERVAL), Ordering::Relaxed);
        let news = one.down_since.compare_exchange(UP, now.max(UP + 1), Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if news {
            self.show(what, false);
            let (cluster, dependency) = (self.cluster(), what.as_str());
            tracing::error!(cluster, dependency, %cause, "the {dependency} is away");
        }
    }

    /// Whether to try it: always while it is there; while it is away, one caller in [`PROBE_INTERVAL`]. The clock is
    /// read only then.
    #[must_use]
    pub fn may_try(&self, what: Dependency, clock: &Clock) -> bool {
        let one = self.one(what);
        if one.down_since.load(Ordering::Relaxed) == UP {
            return true;
        }
        let now = clock.micros();
        let next = one.next_probe.load(Ordering::Relaxed);
        let later = now.saturating_add(PROBE_INTERVAL);
        let may =
            now >= next && one.next_probe.compare_exchange(next, later, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if !may {
            self.not_tried(what).increment(1);
        }
        may
    }

    fn not_tried(&self, what: Dependency) -> metrics::Counter {
        let cluster = self.cluster().to_owned();
        metrics::counter!("permdex_calls_not_tried_total", "cluster" => cluster, "dependency" => what.as_str())
    }

    /// Whether it is time to look at both, at `now`: one caller in [`LOOK_INTERVAL`].
    pub(super) fn may_look(&self, now: i64) -> bool {
        let next = self.0.next_look.load(Ordering::Relaxed);
        let later = now.saturating_add(LOOK_INTERVAL);
        now >= next && self.0.next_look.compare_exchange(next, later, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Since when it is away, in microseconds since 1970; `None` while it is there.
    #[must_use]
    pub fn down_since(&self, what: Dependency) -> Option<i64> {
        Some(self.one(what).down_since.load(Ordering::Relaxed)).filter(|since| *since != UP)
    }

    /// Whether checks can be answered, as far as is known.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let outage = |what| self.down_since(what).map(|since| Outage { what, since });
        match (outage(Dependency::Index), outage(Dependency::Database)) {
            (None, None) => Readiness::Ready,
            (Some(index), Some(database)) => Readiness::Down(vec![index, database]),
            (Some(one), None) | (None, Some(one)) => Readiness::Degraded(one),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_away_is_tried_by_one_call_in_a_while() {
        let health = Health::default();
        let may_try = |now| health.may_try(Dependency::Index, &Clock::at(now));
        assert!(may_try(1));
        health.down(Dependency::Index, 1_000_000, &"gone");
        assert!(!may_try(1_000_000));
        assert!(!may_try(1_499_999));
        assert!(may_try(1_500_000));
        assert!(!may_try(1_500_000));
        health.up(Dependency::Index);
        assert!(may_try(1_500_001));
    }

    #[test]
    fn an_outage_begins_when_it_was_first_seen() {
        let health = Health::default();
        health.down(Dependency::Index, 7, &"gone");
        health.down(Dependency::Index, 9, &"gone");
        let index = Outage { what: Dependency::Index, since: 7 };
        assert_eq!(health.readiness(), Readiness::Degraded(index));
        health.down(Dependency::Database, 8, &"gone");
        let database = Outage { what: Dependency::Database, since: 8 };
        assert_eq!(health.readiness(), Readiness::Down(vec![index, database]));
        health.up(Dependency::Index);
        assert_eq!(health.readiness(), Readiness::Degraded(database));
    }
}
