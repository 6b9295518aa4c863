//! How a worker's connections are set up, so that its statements stay quick from the first on.

use sqlx::postgres::PgConnectOptions;

/// Sets up connections for everything here but [`super::enqueue()`] and [`super::join_or_enqueue`], which run in their caller's
/// transaction. Everything works on other connections too, only slower at times:
///
/// - A plan made while `jobs` is nearly empty scans it, and is kept while 100,000 rows arrive (measured: 40 ms a
///   claim instead of 1, until the next analyze). Every statement here has its index.
/// - Planning a claim takes 1.5 ms, and would be done anew for each of the first five of a connection.
/// - Estimates of a full queue are high enough for just-in-time compilation, which takes longer than any claim.
#[must_use]
pub fn tuned(options: PgConnectOptions) -> PgConnectOptions {
    options.options([("enable_seqscan", "off"), ("plan_cache_mode", "force_generic_plan"), ("jit", "off")])
}
