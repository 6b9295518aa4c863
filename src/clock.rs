//! Time, passed in: whoever needs the instant has a `Clock`, and a test sets it.

use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Where the time comes from. Cheap to clone; clones of a set clock share its hand.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still until it is moved, in microseconds since 1970.
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `micros` microseconds since 1970.
    #[must_use]
    pub fn at(micros: i64) -> Self {
        Self::Set(Arc::new(AtomicI64::new(micros)))
    }

    /// Moves a set clock; the machine's clock can't be moved and stays as it is.
    pub fn set(&self, micros: i64) {
        if let Self::Set(hand) = self {
            hand.store(micros, Ordering::SeqCst);
        }
    }

    /// Microseconds since 1970.
    #[must_use]
    pub fn micros(&self) -> i64 {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
            Self::System => Timestamp::now().as_microsecond(),
            Self::Set(hand) => hand.load(Ordering::SeqCst),
        }
    }

    /// The instant, to the microsecond.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.micros()).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}
