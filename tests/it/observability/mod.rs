//! What operators see: every metric and every log line is documented, the dashboard and the alert rules name what a
//! running permdex shows, and a trace leads from a request to its job and to Elasticsearch.

mod dashboard;
mod logs;
mod metrics;
mod queue;
mod running;
mod source;
mod traces;
