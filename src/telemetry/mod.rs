//! What permdex tells about itself: log lines on stderr, metrics for Prometheus, errors with their causes in one line,
//! and which trace it is about.
//!
//! Lives here: setting these up, once a process. Must not: decide what is logged or counted (each room does), or keep
//! a token, a secret or an e-mail. `cli` sets it up, `http` renders the metrics.

mod chain;
mod described;
mod logs;
mod metrics;
mod trace;

pub use chain::chain;
pub use described::{Described, Kind as MetricKind, METRICS};
pub use logs::{LogStyle, TelemetryError, init_logs};
pub use metrics::Metrics;
pub use trace::{TRACEPARENT, Trace};
