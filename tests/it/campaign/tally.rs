//! What happened, in numbers.

use parking_lot::Mutex;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Counted by everybody.
#[derive(Debug, Default)]
pub struct Tally {
    pub acknowledged: AtomicU64,
    /// Of those: said to be completed.
    pub completed: AtomicU64,
    pub refused: AtomicU64,
    pub unknown: AtomicU64,
    /// Reads that were answered and right.
    pub reads: AtomicU64,
    /// Of those: only one value was right.
    pub exact: AtomicU64,
    /// Of those: relied on `completed: true` alone.
    pub after_completed: AtomicU64,
    /// Of those: answered by PostgreSQL.
    pub from_database: AtomicU64,
    pub reads_unavailable: AtomicU64,
    pub reads_broken: AtomicU64,
    pub rebuilds: AtomicU64,
    /// Faults under way.
    pub faults: AtomicUsize,
    calm: Mutex<Vec<Duration>>,
    all: Mutex<Vec<Duration>>,
    writes: Mutex<Vec<Duration>>,
}

/// One more.
pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Tally {
    /// How many faults are under way.
    pub fn troubled(&self) -> bool {
        self.faults.load(Ordering::Relaxed) > 0
    }

    /// A read took so long; `calm`: no fault was under way at its beginning and at its end.
    pub fn read(&self, took: Duration, calm: bool) {
        self.all.lock().push(took);
        if calm {
            self.calm.lock().push(took);
        }
    }

    /// An acknowledged write took so long.
    pub fn wrote(&self, took: Duration) {
        self.writes.lock().push(took);
    }
}

/// Median, 99th percentile and longest.
fn spread(times: &Mutex<Vec<Duration>>) -> String {
    let mut times = times.lock().clone();
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
    let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1_000.0);
    format!("p50 {:.1} ms, p99 {:.1} ms, longest {:.0} ms", ms(at(50)), ms(at(99)), ms(times.last()))
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        writeln!(
            f,
            "writes: {} acknowledged ({} completed), {} refused, {} unknown; {} rebuilds",
            of(&self.acknowledged),
            of(&self.completed),
            of(&self.refused),
            of(&self.unknown),
            of(&self.rebuilds)
        )?;
        writeln!(
            f,
            "reads: {} right ({} with one right answer, {} after `completed: true` alone, {} from the database), \
             {} unavailable, {} broken",
            of(&self.reads),
            of(&self.exact),
            of(&self.after_completed),
            of(&self.from_database),
            of(&self.reads_unavailable),
            of(&self.reads_broken)
        )?;
        writeln!(f, "acknowledged writes: {}", spread(&self.writes))?;
        writeln!(f, "reads: {}", spread(&self.all))?;
        write!(f, "reads while nothing was broken: {}", spread(&self.calm))
    }
}
