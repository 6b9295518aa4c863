//! The connection pool: bounded in every direction.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgPool};
use std::time::Duration;

/// A connection that was idle for longer is tried before it is used.
const RESTED: Duration = Duration::from_secs(1);

/// What bounds a pool and its statements.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// Connections at most; more callers wait for one.
    pub max_connections: u32,
    /// How long a caller waits for a connection before it is told that the database can't be reached.
    pub acquire_timeout: Duration,
    /// How long a statement may run, to the millisecond. Long work lifts it in its own transaction:
    /// `set local statement_timeout = 0`.
    pub statement_timeout: Duration,
    /// How long a statement may wait for a lock, to the millisecond.
    pub lock_timeout: Duration,
    /// How long a transaction may do nothing before the server ends it: it holds locks that others need.
    pub idle_in_transaction_timeout: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            max_connections: 16,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
            idle_in_transaction_timeout: Duration::from_mins(1),
        }
    }
}

/// A connection that was given back in the midst of a statement may take so long to come to its end; then it is closed,
/// whatever the server still does for it.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// A pool that connects when somebody needs it, so that a service can start while its database is away.
/// Must be called within a tokio runtime.
#[must_use]
pub fn connect(options: PgConnectOptions, settings: &PoolSettings) -> PgPool {
    let options = bounded(options, settings);
    PgPoolOptions::new()
        .max_connections(settings.max_connections.max(1))
        .acquire_timeout(settings.acquire_timeout)
        // A ping before every statement would double its round trips; one after a rest finds what broke meanwhile.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > RESTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_release(|connection, _| {
            Box::pin(async move {
                // The pool itself would wait for ever, and give the place to nobody else: a server whose machine is gone
                // does not even close the connection.
                tokio::time::timeout(ENDS_WITHIN, connection.flush()).await.map_err(std::io::Error::from)??;
                Ok(true)
            })
        })
        .connect_lazy_with(options)
}

/// `options` with the bounds of statements: what a pool connects with.
#[must_use]
pub fn bounded(options: PgConnectOptions, settings: &PoolSettings) -> PgConnectOptions {
    options.application_name("permdex").options([
        ("statement_timeout", milliseconds(settings.statement_timeout)),
        ("lock_timeout", milliseconds(settings.lock_timeout)),
        ("idle_in_transaction_session_timeout", milliseconds(settings.idle_in_transaction_timeout)),
        // Just-in-time compilation takes longer than any statement of ours.
        ("jit", 0),
    ])
}

/// In PostgreSQL's unit. Zero would mean no bound at all, and its largest is 2^31-1.
fn milliseconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_setting_lifts_a_bound() {
        assert_eq!(milliseconds(Duration::ZERO), 1);
        assert_eq!(milliseconds(Duration::from_millis(1500)), 1500);
        assert_eq!(milliseconds(Duration::MAX), i32::MAX);
    }
}
