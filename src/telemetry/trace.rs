//! Which trace a request belongs to: read from its header `traceparent` (W3C Trace Context), or made here, and carried
//! along to the log, to the job that the request leaves behind, and to Elasticsearch.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The header that carries a trace from one service to the next.
pub const TRACEPARENT: &str = "traceparent";

tokio::task_local! {
    /// The trace of the work that the task does.
    static CURRENT: Trace;
}

/// A trace: its id, 128 bits and not zero. `Display` is the 32 hex digits that logs show as `trace.id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trace {
    id: u128,
    /// Whether whoever began it keeps what is told of it.
    sampled: bool,
}

impl Trace {
    /// A new one. Random for each process, then counted and mixed: no two are equal, at the price of an addition.
    #[must_use]
    pub fn new() -> Self {
        static SEEDS: LazyLock<[u64; 2]> =
            LazyLock::new(|| [0, 1].map(|half| RandomState::new().hash_one((std::process::id(), half))));
        let count = next();
        let [high, low] = SEEDS.map(|seed| u128::from(mixed(seed.wrapping_add(count))));
        Self { id: (high << 64 | low).max(1), sampled: false }
    }

    /// The trace of this id, as a job has it; zero is none.
    #[must_use]
    pub fn of(id: u128) -> Option<Self> {
        (id != 0).then_some(Self { id, sampled: false })
    }

    /// Reads a `traceparent` as the recommendation says: of version 00 the whole, of a later one the fields it begins
    /// with. `None` where it is malformed: then a new trace begins.
    ///
    /// ```
    /// use permdex::telemetry::Trace;
    /// let trace = Trace::parse(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
    /// assert_eq!(trace.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    /// assert_eq!(Trace::parse(b"00-00000000000000000000000000000000-00f067aa0ba902b7-01"), None);
    /// ```
    #[must_use]
    pub fn parse(header: &[u8]) -> Option<Self> {
        let [v1, v2, b'-', rest @ ..] = header else { return None };
        let version = hex(&[*v1, *v2]).filter(|version| *version != 0xff)?;
        let (id, rest) = rest.split_at_checked(32)?;
        let (parent, rest) = rest.strip_prefix(b"-")?.split_at_checked(16)?;
        let (flags, rest) = rest.strip_prefix(b"-")?.split_at_checked(2)?;
        let ends_well = rest.is_empty() || (version > 0 && rest.starts_with(b"-"));
        let id = hex(id).filter(|id| *id != 0 && ends_well)?;
        hex(parent).filter(|parent| *parent != 0)?;
        Some(Self { id, sampled: hex(flags)? & 1 == 1 })
    }

    /// Its id.
    #[must_use]
    pub const fn id(self) -> u128 {
        self.id
    }

    /// The header for whoever is asked on its behalf: each call is a part of its own, with a new id.
    #[must_use]
    pub fn header(self) -> String {
        format!("00-{self}-{:016x}-{:02x}", mixed(next()).max(1), u8::from(self.sampled))
    }

    /// The trace of the work that this task does, where somebody said so by [`Trace::scope`].
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|trace| *trace).ok()
    }

    /// Does `work` on behalf of this trace.
    pub fn scope<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, work)
    }

    /// `work` for a task of its own, on behalf of the trace of the task that this is called in.
    pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
        let current = Self::current();
        async move {
            match current {
                Some(trace) => trace.scope(work).await,
                None => work.await,
            }
        }
    }
}

impl Default for Trace {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.id)
    }
}

/// Lower-case hex digits, at most 32, as a number.
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0_u128, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(value))
    })
}

fn next() -> u64 {
    /// The golden ratio's bits, as `splitmix64` counts.
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    static COUNT: AtomicU64 = AtomicU64::new(STEP);
    COUNT.fetch_add(STEP, Ordering::Relaxed)
}

/// The end of `splitmix64`: every bit of the result depends on every bit of `state`, and no two states share one.
const fn mixed(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::Trace;
    use std::collections::HashSet;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";

    fn parsed(header: &str) -> Option<String> {
        Trace::parse(header.as_bytes()).map(|trace| trace.to_string())
    }

    #[test]
    fn a_traceparent_is_read() {
        assert_eq!(parsed(&format!("00-{ID}-{PARENT}-00")).as_deref(), Some(ID));
        for later in ["cc-", "01-"] {
            assert_eq!(parsed(&format!("{later}{ID}-{PARENT}-01")).as_deref(), Some(ID), "{later}");
            assert_eq!(parsed(&format!("{later}{ID}-{PARENT}-01-what-comes-then")).as_deref(), Some(ID), "{later}");
        }
    }

    #[rstest::rstest]
    #[case::nothing("")]
    #[case::no_id("00")]
    #[case::forbidden_version(&format!("ff-{ID}-{PARENT}-01"))]
    #[case::version_in_capitals(&format!("CC-{ID}-{PARENT}-01"))]
    #[case::more_than_version_00_has(&format!("00-{ID}-{PARENT}-01-x"))]
    #[case::more_of_a_later_one_without_a_dash(&format!("01-{ID}-{PARENT}-01x"))]
    #[case::id_of_zeros(&format!("00-{}-{PARENT}-01", "0".repeat(32)))]
    #[case::parent_of_zeros(&format!("00-{ID}-{}-01", "0".repeat(16)))]
    #[case::id_in_capitals(&format!("00-{}-{PARENT}-01", ID.to_uppercase()))]
    #[case::short_id(&format!("00-{}-{PARENT}-01", &ID[1..]))]
    #[case::long_id(&format!("00-{ID}0-{PARENT}-01"))]
    #[case::short_parent(&format!("00-{ID}-{}-01", &PARENT[1..]))]
    #[case::no_flags(&format!("00-{ID}-{PARENT}"))]
    #[case::half_flags(&format!("00-{ID}-{PARENT}-0"))]
    #[case::flags_that_are_no_number(&format!("00-{ID}-{PARENT}-0g"))]
    #[case::other_separators(&format!("00_{ID}_{PARENT}_01"))]
    fn what_is_malformed_is_no_trace(#[case] header: &str) {
        assert_eq!(parsed(header), None, "{header}");
    }

    #[test]
    fn what_is_passed_on_is_a_part_of_the_same_trace_and_sampled_alike() {
        for (flags, passed_on) in [("00", "00"), ("01", "01"), ("03", "01")] {
            let header = Trace::parse(format!("00-{ID}-{PARENT}-{flags}").as_bytes()).unwrap().header();
            let [version, id, parent, sent] = header.split('-').collect::<Vec<_>>().try_into().unwrap();
            assert_eq!((version, id, sent), ("00", ID, passed_on));
            assert!(parent != PARENT && parent.len() == 16, "{header}");
            assert_eq!(parsed(&header).as_deref(), Some(ID));
        }
    }

    #[test]
    fn no_two_new_traces_are_equal_and_all_can_be_passed_on() {
        let made: HashSet<_> = (0..1_000).map(|_| Trace::new().id()).collect();
        assert_eq!(made.len(), 1_000);
        assert!(Trace::parse(Trace::new().header().as_bytes()).is_some());
    }

    #[tokio::test]
    async fn a_trace_is_carried_into_another_task_where_there_is_one() {
        let told = || tokio::spawn(Trace::carried(async { Trace::current() }));
        let trace = Trace::new();
        assert_eq!(trace.scope(async { told().await.unwrap() }).await, Some(trace));
        assert_eq!(told().await.unwrap(), None);
    }
}
