//! Every metric of permdex in one list: what `/metrics` says of it, and the rows of `docs/METRICS.md`.
//!
//! A test holds the list against the source: what is registered anywhere is here, and what is here is registered.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// What kind of metric it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, until the process ends.
    Counter,
    /// As it stands.
    Gauge,
    /// A distribution, in buckets of seconds.
    Histogram,
}

impl Kind {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric.
#[derive(Debug, Clone, Copy)]
pub struct Described {
    /// Its name; the unit is its last word, before `_total`.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Its labels, with commas between them.
    pub labels: &'static str,
    /// What it means, in a sentence or two.
    pub meaning: &'static str,
}

const fn counter(name: &'static str, labels: &'static str, meaning: &'static str) -> Described {
    Described { name, kind: Kind::Counter, labels, meaning }
}

const fn gauge(name: &'static str, labels: &'static str, meaning: &'static str) -> Described {
    Described { name, kind: Kind::Gauge, labels, meaning }
}

const fn histogram(name: &'static str, labels: &'static str, meaning: &'static str) -> Described {
    Described { name, kind: Kind::Histogram, labels, meaning }
}

/// All of them, in the order of the documentation.
pub const METRICS: [Described; 31] = [
    gauge("permdex_build_info", "version", "Always 1: which version runs."),
    // Requests
    counter(
        "permdex_http_requests_total",
        "method, route, status",
        "Requests answered. `route` is the pattern, `none` for a path that is no endpoint; status 499: the client left \
         before its answer.",
    ),
    histogram("permdex_http_request_seconds", "method, route", "From the request's headers to those of its answer."),
    counter(
        "permdex_too_many_total",
        "cluster, what",
        "Answers 429, because as many run at a time as may: `what` is `who_has`, `stream`, `explain`, `dry_run` or \
         `job_wait`.",
    ),
    counter("permdex_rate_limited_total", "endpoint", "Answers 429 of the role API, because a caller asked too often."),
    // What is away
    gauge(
        "permdex_dependency_up",
        "cluster, dependency",
        "1 while the `index` or the `database` answers, 0 while it is away: the circuit breaker is open then.",
    ),
    counter(
        "permdex_calls_not_tried_total",
        "cluster, dependency",
        "Calls that were not made, because what they need is away and somebody else tries it already.",
    ),
    counter(
        "permdex_answers_from_database_total",
        "cluster, question",
        "Answers to `check` and `list` that came from PostgreSQL instead of the index (`Permdex-Source: database`). So do \
         those about users whom the index does not know.",
    ),
    histogram(
        "permdex_fallback_read_seconds",
        "cluster",
        "Reading a user from PostgreSQL in the index' place, the wait for a turn and for a connection included.",
    ),
    gauge(
        "permdex_fallback_turns",
        "cluster",
        "How many such reads may run at a time in this process (`database.fallback_concurrency`).",
    ),
    gauge("permdex_fallback_turns_in_use", "cluster", "How many of them run, every 5 s."),
    // Index
    histogram(
        "permdex_index_call_seconds",
        "cluster, engine, operation, outcome",
        "Calls of the index as those who ask see them, retries included. `outcome` is `ok`, `unreachable`, `partial`, \
         `not_ready` or `refused`. Reads of one user from the embedded index are not timed: that would cost as much as \
         the read.",
    ),
    counter(
        "permdex_index_documents_total",
        "cluster, engine, outcome",
        "Documents that were to be written: `written`, `newer` (a version conflict: somebody newer was there, which is as \
         good) or `refused` (the user has no permissions until it is mended).",
    ),
    histogram(
        "permdex_elasticsearch_request_seconds",
        "cluster, operation, outcome",
        "Requests to Elasticsearch, each try by itself; up to 64 reads share one. `outcome` is `ok`, `unreachable`, \
         `timed_out`, `busy` (429, 502 to 504), `denied` (credentials) or `refused`, which is normal where it asks whether \
         something is there.",
    ),
    counter(
        "permdex_elasticsearch_retries_total",
        "cluster, operation",
        "Requests to Elasticsearch that were tried again.",
    ),
    counter(
        "permdex_elasticsearch_items_again_total",
        "cluster",
        "Items of bulk writes that were sent again, because Elasticsearch was too busy for them.",
    ),
    gauge(
        "permdex_index_generation",
        "cluster",
        "The number of the newest generation that serves, 0 for none; it grows with each full rebuild.",
    ),
    // Database
    gauge(
        "permdex_database_connections",
        "cluster, pool, state",
        "Connections to PostgreSQL that are `idle` or `in_use`, of requests (`api`) and of workers (`workers`), every 5 s.",
    ),
    gauge("permdex_database_connections_max", "cluster, pool", "How many there may be; who finds none waits."),
    histogram(
        "permdex_snapshot_seconds",
        "cluster",
        "Reading a page of up to 1,000 users, with all that reaches them, for the index.",
    ),
    // Queue and refresh
    gauge(
        "permdex_jobs",
        "cluster, lane, state",
        "Jobs that are `queued`, `running` or `failed` (and not retried; kept 7 days), every 5 s, more seldom where counting takes long. It ends at 10,000: \
         that many or more. The same in every process of a cluster.",
    ),
    gauge(
        "permdex_queue_oldest_seconds",
        "cluster, lane",
        "How long the oldest queued job waits, since its change; 0 when none does. Every 5 s, the same in every process. \
         Beyond 10,000 jobs of a lane and 1,000 tenants it is a lower bound.",
    ),
    counter(
        "permdex_jobs_finished_total",
        "cluster, kind, state",
        "Jobs that this process ended as `done`, `failed` or `cancelled`.",
    ),
    histogram(
        "permdex_refresh_lag_seconds",
        "cluster, lane",
        "From a change (the beginning of its transaction) until every answer has it, of changes that this process carried \
         to the index. A job retried after a failure counts from its change too.",
    ),
    counter(
        "permdex_users_without_document_total",
        "cluster",
        "Times that a user's document could not be kept, so that he has no permissions: once when it happens, and at each \
         retry.",
    ),
    counter(
        "permdex_users_differing_total",
        "cluster",
        "Users whose documents differed from the database when they were compared (`permdex verify`), mended or not.",
    ),
    // Rebuild
    gauge("permdex_rebuild_running", "cluster", "1 while a new generation is built, every 5 s."),
    gauge("permdex_rebuild_users_done", "cluster", "Users in it so far; 0 while none is built."),
    gauge("permdex_rebuild_users", "cluster", "Users in all; 0 while none is built, or it is not known yet."),
    // Others
    counter(
        "permdex_audit_refusals_left_out_total",
        "cluster, why",
        "Refused attempts that are not in the audit log: beyond the `bound` of an hour, or the database `failed` to take \
         them.",
    ),
    gauge(
        "permdex_organizations_in_several_clusters",
        "",
        "Organizations that are in several storage clusters by mistake; the log names them.",
    ),
];

/// Tells the recorder what each metric means.
pub(super) fn describe() {
    for Described { name, kind, meaning, .. } in METRICS {
        match kind {
            Kind::Counter => describe_counter!(name, meaning),
            Kind::Gauge if name.ends_with("_seconds") => describe_gauge!(name, Unit::Seconds, meaning),
            Kind::Gauge => describe_gauge!(name, meaning),
            Kind::Histogram => describe_histogram!(name, Unit::Seconds, meaning),
        }
    }
}
