//! What is counted of the use cases. All of it begins at zero, so that the first time is an increase.

use super::cluster::Limited;
use metrics::{Counter, Histogram, counter, histogram};
use std::sync::Arc;
use std::time::Duration;

/// A question about one user, which PostgreSQL can answer in the index' place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AboutOne {
    Check,
    List,
}

/// Why a refused attempt is not in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeftOut {
    /// There are enough of them in this hour.
    Bound,
    /// The database did not take it.
    Failed,
}

/// Of one storage cluster. Handles are looked up once.
pub(super) struct Counts {
    from_database: [Counter; 2],
    fallback_seconds: Histogram,
    too_many: [Counter; Limited::ALL.len()],
    too_many_waits: Counter,
    left_out: [Counter; 2],
    cancelled: Counter,
}

impl Counts {
    /// Of the storage cluster `cluster`.
    pub(super) fn new(cluster: &Arc<str>) -> Self {
        let begun = |counter: Counter| {
            counter.absolute(0);
            counter
        };
        let name = || Arc::clone(cluster);
        let cancelled =
            counter!("permdex_jobs_finished_total", "cluster" => name(), "kind" => "rebuild", "state" => "cancelled");
        Self {
            cancelled: begun(cancelled),
            from_database: ["check", "list"].map(|question| {
                begun(counter!("permdex_answers_from_database_total", "cluster" => name(), "question" => question))
            }),
            fallback_seconds: histogram!("permdex_fallback_read_seconds", "cluster" => name()),
            too_many: Limited::ALL.map(|what| begun(too_many(cluster, what.label()))),
            too_many_waits: begun(too_many(cluster, "job_wait")),
            left_out: ["bound", "failed"]
                .map(|why| begun(counter!("permdex_audit_refusals_left_out_total", "cluster" => name(), "why" => why))),
        }
    }

    /// An answer that should have come from the index came from PostgreSQL.
    pub(super) fn answered_from_database(&self, question: AboutOne) {
        let [check, list] = &self.from_database;
        match question {
            AboutOne::Check => check,
            AboutOne::List => list,
        }
        .increment(1);
    }

    /// A user was read from PostgreSQL in the index' place: from the wait for a turn on.
    pub(super) fn fell_back(&self, took: Duration) {
        self.fallback_seconds.record(took.as_secs_f64());
    }

    /// Somebody was told that there are too many already.
    pub(super) fn too_many(&self, what: Limited) {
        if let Some(counter) = self.too_many.get(what as usize) {
            counter.increment(1);
        }
    }

    /// Somebody was told that too many wait for jobs already.
    pub(super) fn too_many_waits(&self) {
        self.too_many_waits.increment(1);
    }

    /// A rebuild was cancelled.
    pub(super) fn cancelled(&self) {
        self.cancelled.increment(1);
    }

    /// A refused attempt was not written to the audit log.
    pub(super) fn left_out(&self, why: LeftOut) {
        let [bound, failed] = &self.left_out;
        match why {
            LeftOut::Bound => bound,
            LeftOut::Failed => failed,
        }
        .increment(1);
    }
}

fn too_many(cluster: &Arc<str>, what: &'static str) -> Counter {
    counter!("permdex_too_many_total", "cluster" => Arc::clone(cluster), "what" => what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics_exporter_prometheus::PrometheusBuilder;

    #[test]
    fn each_count_has_its_own_label_and_begins_at_zero() {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            let counts = Counts::new(&"eu".into());
            counts.answered_from_database(AboutOne::List);
            counts.left_out(LeftOut::Failed);
            for (times, what) in Limited::ALL.into_iter().enumerate() {
                (0..times).for_each(|_| counts.too_many(what));
            }
            (0..4).for_each(|_| counts.too_many_waits());
        });
        let text = recorder.handle().render();
        let mut wanted = vec![
            ("answers_from_database_total", "question=\"check\"", 0),
            ("answers_from_database_total", "question=\"list\"", 1),
            ("audit_refusals_left_out_total", "why=\"bound\"", 0),
            ("audit_refusals_left_out_total", "why=\"failed\"", 1),
        ];
        let too_many = ["who_has", "stream", "explain", "dry_run", "job_wait"].map(|what| format!("what=\"{what}\""));
        wanted.extend(too_many.iter().enumerate().map(|(times, label)| ("too_many_total", label.as_str(), times)));
        for (name, label, value) in wanted {
            let line = format!("permdex_{name}{{cluster=\"eu\",{label}}} {value}\n");
            assert!(text.contains(&line), "{line} is not in\n{text}");
        }
    }
}
