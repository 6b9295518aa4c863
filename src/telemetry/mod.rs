//! What permdex tells about itself: log lines on stderr, metrics for Prometheus, errors with their causes in one line.
//!
//! Lives here: setting these up, once a process. Must not: decide what is logged or counted (each room does), or keep
//! a token, a secret or an e-mail. `cli` sets it up, `http` renders the metrics.

mod chain;
mod logs;
mod metrics;

pub use chain::chain;
pub use logs::{LogStyle, TelemetryError, init_logs};
pub use metrics::Metrics;
