//! What the writers were told, and so what the readers must see.
//!
//! Each *key* is one thing that has one value at a time, such as "has user 1003 policy 102?". Every write of it is noted
//! with its begin, its end and what was answered. Of two writes of a key that overlapped nobody knows which was first;
//! else the earlier one is gone as soon as the later one is acknowledged. A write without an answer may have been made
//! or not, until a later one is acknowledged: it holds the row's lock until it is decided, so it can't come after that.

use super::random::Random;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::time::Instant;
use uuid::Uuid;

/// A thing that has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// Whether the user has the policy.
    Assigned { user: i64, policy: i64 },
    /// Whether the user is active.
    Active { user: i64 },
    /// Whether the user is in the group.
    Member { group: i64, user: i64 },
    /// Which number the policy's resource has: never the same twice.
    Content { policy: i64 },
    /// Which role the user has.
    Role { user: i64 },
}

/// What a key has: 0 or 1 for no and yes, else a number.
pub type Value = u64;

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is made. `completed`: every answer includes it since; else those that name the job.
    Acknowledged { job: Option<Uuid>, completed: bool },
    /// It was answered that nothing was changed, or it was not even sent.
    Refused,
    /// The connection broke, or it was answered that nobody knows.
    Unknown,
}

#[derive(Debug, Clone)]
struct Op {
    value: Value,
    writer: usize,
    began: Instant,
    /// None: under way.
    ended: Option<(Instant, Outcome)>,
}

impl Op {
    fn was_over_before(&self, other: &Self) -> bool {
        self.ended.is_some_and(|(ended, _)| ended < other.began)
    }

    fn is_acknowledged(&self) -> bool {
        matches!(self.ended, Some((_, Outcome::Acknowledged { .. })))
    }

    fn is_refused(&self) -> bool {
        matches!(self.ended, Some((_, Outcome::Refused)))
    }
}

/// An acknowledged write that a read relies on.
#[derive(Debug, Clone, Copy)]
pub struct Promise {
    pub key: Key,
    /// What it wrote.
    pub value: Value,
    /// The job to name, when it is not completed already.
    pub job: Option<Uuid>,
    op: usize,
}

/// All keys and their histories.
#[derive(Debug)]
pub struct Model {
    begin: Instant,
    keys: Mutex<BTreeMap<Key, Vec<Op>>>,
}

impl Model {
    /// One that begins with these values, which everybody sees.
    pub fn new(first: impl IntoIterator<Item = (Key, Value)>) -> Self {
        let begin = Instant::now();
        let ended = Some((begin, Outcome::Acknowledged { job: None, completed: true }));
        let keys = first.into_iter().map(|(key, value)| (key, vec![Op { value, writer: 0, began: begin, ended }]));
        Self { begin, keys: Mutex::new(keys.collect()) }
    }

    /// A write is about to be sent. Returns its number.
    pub fn begins(&self, key: Key, value: Value, writer: usize) -> usize {
        let mut keys = self.keys.lock();
        let ops = keys.get_mut(&key).expect("every key has a first value");
        ops.push(Op { value, writer, began: Instant::now(), ended: None });
        ops.len() - 1
    }

    /// It was answered, or never will be.
    pub fn ends(&self, key: Key, op: usize, outcome: Outcome) {
        let mut keys = self.keys.lock();
        let ops = keys.get_mut(&key).expect("every key has a first value");
        ops[op].ended = Some((Instant::now(), outcome));
    }

    /// The value that was written last, whatever became of it.
    pub fn last(&self, key: Key) -> Value {
        let keys = self.keys.lock();
        keys.get(&key).and_then(|ops| ops.last()).expect("every key has a first value").value
    }

    /// All keys.
    pub fn keys(&self) -> Vec<Key> {
        self.keys.lock().keys().copied().collect()
    }

    /// What a read of `key` that begins now can rely on: the write acknowledged last; sometimes the last one that was
    /// completed, without its job.
    pub fn promise(&self, key: Key, random: &mut Random) -> Promise {
        let without_job = random.happens(50);
        let keys = self.keys.lock();
        let ops = keys.get(&key).expect("every key has a first value").iter().enumerate();
        let told = |(op, it): (usize, &Op)| match it.ended? {
            (ended, Outcome::Acknowledged { job, completed }) => Some((ended, op, it.value, job, completed)),
            _ => None,
        };
        let usable =
            ops.filter_map(told).filter(|(_, _, _, job, completed)| *completed || (!without_job && job.is_some()));
        let (_, op, value, job, completed) = usable.max_by_key(|(ended, ..)| *ended).expect("the first one");
        Promise { key, value, job: job.filter(|_| !(completed && without_job)), op }
    }

    /// What a read that relies on `promise` and has just been answered may have seen.
    pub fn allowed(&self, promise: &Promise) -> BTreeSet<Value> {
        let keys = self.keys.lock();
        let ops = &keys[&promise.key];
        let relied_on = &ops[promise.op];
        let may_be = ops.iter().filter(|op| !op.is_refused() && !op.was_over_before(relied_on));
        may_be.map(|op| op.value).collect()
    }

    /// What may be left when nothing is under way any more.
    pub fn finally(&self, key: Key) -> BTreeSet<Value> {
        let keys = self.keys.lock();
        let ops = &keys[&key];
        let is_gone = |op: &Op| ops.iter().any(|later| later.is_acknowledged() && op.was_over_before(later));
        ops.iter().filter(|op| !op.is_refused() && !is_gone(op)).map(|op| op.value).collect()
    }

    /// The key's history, for whoever has to find out: instants in seconds since the beginning.
    pub fn history(&self, key: Key) -> String {
        let since = |instant: Instant| instant.duration_since(self.begin).as_secs_f64();
        let mut text = format!("{key}:");
        for op in &self.keys.lock()[&key] {
            let _ = write!(text, "\n  {:9.4} .. ", since(op.began));
            let _ = match op.ended {
                Some((ended, outcome)) => write!(text, "{:9.4}  {outcome:?}", since(ended)),
                None => write!(text, "           under way"),
            };
            let _ = write!(text, "  {} by writer {}", op.value, op.writer);
        }
        text
    }

    /// Seconds since the beginning.
    pub fn since_begin(&self, instant: Instant) -> f64 {
        instant.duration_since(self.begin).as_secs_f64()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key::Active { user: 1 };
    const DONE: Outcome = Outcome::Acknowledged { job: None, completed: true };

    fn model() -> Model {
        Model::new([(KEY, 0)])
    }

    fn write(model: &Model, value: Value, outcome: Outcome) {
        // Instants are told apart by nanoseconds at best.
        std::thread::sleep(std::time::Duration::from_micros(10));
        let op = model.begins(KEY, value, 0);
        model.ends(KEY, op, outcome);
    }

    fn finally(model: &Model) -> Vec<Value> {
        model.finally(KEY).into_iter().collect()
    }

    #[test]
    fn what_is_acknowledged_replaces_what_was_over_before_it() {
        let model = model();
        write(&model, 1, DONE);
        write(&model, 2, Outcome::Refused);
        assert_eq!(finally(&model), [1]);
        write(&model, 3, Outcome::Unknown);
        assert_eq!(finally(&model), [1, 3]);
        write(&model, 4, DONE);
        assert_eq!(finally(&model), [4]);
    }

    #[test]
    fn of_two_at_once_either_may_be_the_last() {
        let model = model();
        let one = model.begins(KEY, 1, 0);
        write(&model, 2, DONE);
        model.ends(KEY, one, DONE);
        assert_eq!(finally(&model), [1, 2]);
    }

    #[test]
    fn a_read_may_see_what_it_relies_on_and_what_came_later() {
        let model = model();
        write(&model, 1, DONE);
        let promise = model.promise(KEY, &mut Random::new(1, 1));
        assert_eq!(model.allowed(&promise), [1].into());
        model.begins(KEY, 2, 0);
        assert_eq!(model.allowed(&promise), [1, 2].into());
    }

    #[test]
    fn a_write_that_is_not_completed_is_relied_on_by_its_job_only() {
        let model = model();
        let job = Some(Uuid::nil());
        write(&model, 1, Outcome::Acknowledged { job, completed: false });
        let mut random = Random::new(1, 1);
        for _ in 0..50 {
            let promise = model.promise(KEY, &mut random);
            assert_eq!(promise.job, if promise.value == 1 { job } else { None });
        }
    }
}
