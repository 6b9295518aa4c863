//! What the refresh counts: jobs that ended, how long a change took to become visible, and reading pages.

use super::Context;
use super::report::Report;
use crate::queue::{Finished, Kind, Lane, Reaped, State};
use metrics::{Histogram, counter, histogram};
use std::sync::Arc;
use std::time::Duration;

/// Jobs of a claim ended in this process.
pub(super) fn ended(context: &Context, finished: &Finished, state: State) {
    // A claim may have 512 rows: each handle is looked up once.
    let lags = [Lane::Small, Lane::Large].map(|lane| lag(context, lane));
    for job in &finished.jobs {
        one(context, job.kind, state);
        if job.kind == Kind::Refresh && state == State::Done {
            let [small, large] = &lags;
            let lag = if job.lane == Lane::Small { small } else { large };
            lag.record(job.after.as_secs_f64());
        }
    }
}

/// Jobs whose workers were lost too often.
pub(super) fn lost(context: &Context, reaped: &Reaped) {
    for kind in &reaped.failed_kinds {
        one(context, *kind, State::Failed);
    }
}

/// A page, or a part of one, was read from the database.
pub(super) fn read(context: &Context, took: Duration) {
    histogram!("permdex_snapshot_seconds", "cluster" => cluster(context)).record(took.as_secs_f64());
}

/// A comparison found so many users whose documents differ, mended or not.
pub(super) fn compared(context: &Context, report: &Report) {
    differing(context).increment((report.differences + report.repaired.unwrap_or(0)) as u64);
}

fn differing(context: &Context) -> metrics::Counter {
    counter!("permdex_users_differing_total", "cluster" => cluster(context))
}

/// Begins at zero, so that the first failure is an increase: before its first sample a counter has no rate.
pub(super) fn begin(context: &Context) {
    for kind in [Kind::Refresh, Kind::Rebuild, Kind::Verify] {
        for state in [State::Done, State::Failed] {
            counter(context, kind, state).absolute(0);
        }
    }
    counter!("permdex_users_without_document_total", "cluster" => cluster(context)).absolute(0);
    differing(context).absolute(0);
}

fn one(context: &Context, kind: Kind, state: State) {
    counter(context, kind, state).increment(1);
}

fn counter(context: &Context, kind: Kind, state: State) -> metrics::Counter {
    let (kind, state) = (kind.as_str(), state.as_str());
    counter!("permdex_jobs_finished_total", "cluster" => cluster(context), "kind" => kind, "state" => state)
}

fn lag(context: &Context, lane: Lane) -> Histogram {
    histogram!("permdex_refresh_lag_seconds", "cluster" => cluster(context), "lane" => lane.as_str())
}

fn cluster(context: &Context) -> Arc<str> {
    Arc::clone(&context.settings.cluster)
}
