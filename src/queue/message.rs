//! What NOTIFY carries: a hint that a job is there, a list of jobs that ended.
//!
//! A payload of 8,000 bytes or more fails the transaction that sends it, so every message stays below
//! [`PAYLOAD_BOUND`] by leaving things out, never by failing the write.

use super::{JobId, Lane, NewJob, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The channel on which new and returned jobs are told.
pub(super) const JOBS: &str = "permdex_jobs";
/// The channel on which ended jobs are told.
pub(super) const FINISHED: &str = "permdex_finished";
/// The most bytes a payload may have; PostgreSQL refuses 8,000.
pub(super) const PAYLOAD_BOUND: usize = 7_900;

/// There is something to claim.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct JobMessage {
    /// Which workers to wake.
    pub(super) lane: Lane,
    /// The job; none where rows were given back, which nobody has to hear of anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<JobId>,
    /// Its tenant.
    #[serde(default)]
    pub(super) customer: Option<i64>,
    /// Its scope; null where it did not fit.
    #[serde(default)]
    pub(super) scope: Value,
    /// It had ended before: a retry.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) again: bool,
}

impl JobMessage {
    /// The payload for a new job; the scope is left out where it would not fit.
    pub(super) fn payload(job: &NewJob) -> String {
        let mut message =
            Self { lane: job.lane, id: Some(job.id), customer: job.customer, scope: job.scope.clone(), again: false };
        let whole = message.to_json();
        if whole.len() <= PAYLOAD_BOUND {
            return whole;
        }
        message.scope = Value::Null;
        message.to_json()
    }

    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// These jobs ended. At most 180 ids a message (39 bytes each): `finish.rs` and its kin send them in chunks.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct FinishedMessage {
    /// How they ended.
    pub(super) state: State,
    /// Which.
    pub(super) ids: Vec<JobId>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::queue::Kind;
    use serde_json::json;

    fn job(scope: Value) -> NewJob {
        let id = JobId::new(&Clock::at(1));
        let actor = "service:a".to_owned();
        NewJob { id, kind: Kind::Refresh, scope, customer: Some(1), actor, lane: Lane::Small, waited: false }
    }

    #[test]
    fn a_payload_carries_the_scope() {
        let payload = JobMessage::payload(&job(json!({"user": 17})));
        let read: JobMessage = serde_json::from_str(&payload).expect("json");
        assert_eq!((read.scope, read.customer), (json!({"user": 17}), Some(1)));
    }

    #[test]
    fn a_scope_that_does_not_fit_is_left_out() {
        let payload = JobMessage::payload(&job(json!({"policy": "é".repeat(4_000)})));
        assert!(payload.len() < PAYLOAD_BOUND);
        let read: JobMessage = serde_json::from_str(&payload).expect("json");
        assert_eq!(read.scope, Value::Null);
    }
}
