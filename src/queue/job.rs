//! What a job is: its id, its kind, its lane, its state.

use super::QueueError;
use crate::clock::Clock;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::{NoContext, Timestamp, Uuid};

/// A job's id: a `UUIDv7`, so that ids sort by the millisecond they were made in and tell their age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub Uuid);

impl JobId {
    /// A new id, made at the clock's instant.
    #[must_use]
    pub fn new(clock: &Clock) -> Self {
        let micros = u64::try_from(clock.micros()).unwrap_or(0);
        let nanos = u32::try_from(micros % 1_000_000).unwrap_or(0) * 1_000;
        Self(Uuid::new_v7(Timestamp::from_unix(NoContext, micros / 1_000_000, nanos)))
    }

    /// When it was made, in milliseconds since 1970; `None` for a UUID that is no `UUIDv7`.
    #[must_use]
    pub fn made_at_ms(self) -> Option<u64> {
        if self.0.get_version_num() != 7 {
            return None;
        }
        let (seconds, nanos) = self.0.get_timestamp()?.to_unix();
        Some(seconds.saturating_mul(1_000).saturating_add(u64::from(nanos / 1_000_000)))
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An enum that is one word in the database, in JSON and in queries.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// The word it is stored as.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the word back.
            ///
            /// # Errors
            /// [`QueueError::UnknownWord`].
            pub fn parse(word: &str) -> Result<Self, QueueError> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    other => Err(QueueError::UnknownWord(other.to_owned())),
                }
            }
        }
    };
}

words!(
    /// What a job does.
    Kind {
        /// Writes the index documents of the users in its scope anew.
        Refresh = "refresh",
        /// Builds the next generation of the index.
        Rebuild = "rebuild",
        /// Compares index and database.
        Verify = "verify",
        /// Tidies what has expired.
        Expiry = "expiry",
        /// Deletes what is kept no longer.
        Purge = "purge",
    }
);

words!(
    /// Which workers take it, so that small work never waits behind large.
    Lane {
        /// Refreshes of few users; up to a bound of them are merged into one claim. Takes no other kind.
        Small = "small",
        /// Everything else: one job a claim, and those equal to it.
        Large = "large",
    }
);

words!(
    /// How far a job is.
    State {
        /// Waits for a worker.
        Queued = "queued",
        /// A worker holds its lease.
        Running = "running",
        /// Its effect is searchable wherever it can be searched.
        Done = "done",
        /// Ended without its effect; can be retried.
        Failed = "failed",
        /// Ended by request.
        Cancelled = "cancelled",
    }
);

impl State {
    /// Whether nothing more will happen to it (unless it is retried).
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// A job to enqueue.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its id, from [`JobId::new`].
    pub id: JobId,
    /// What it does. Anything but a refresh needs the large lane.
    pub kind: Kind,
    /// Which users; only the caller reads it.
    pub scope: serde_json::Value,
    /// The tenant it belongs to; `None`: to no single one.
    pub customer: Option<i64>,
    /// Who caused it.
    pub actor: String,
    /// Which workers take it.
    pub lane: Lane,
    /// Whether somebody waits for its end.
    pub waited: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_the_millisecond_it_was_made_in() {
        let id = JobId::new(&Clock::at(1_700_000_000_123_456));
        assert_eq!(id.made_at_ms(), Some(1_700_000_000_123));
    }

    #[test]
    fn an_id_that_is_no_v7_tells_no_age() {
        assert_eq!(JobId(Uuid::nil()).made_at_ms(), None);
    }

    #[test]
    fn words_are_read_back_as_written() {
        for kind in [Kind::Refresh, Kind::Rebuild, Kind::Verify, Kind::Expiry, Kind::Purge] {
            assert_eq!(Kind::parse(kind.as_str()).ok(), Some(kind));
        }
        assert!(Kind::parse("refreshed").is_err());
    }
}
