//! The embedded engine's lock: one process may serve from memory, and knows at once when it may not any more.
//!
//! An advisory lock on a direct connection of its own. When that connection breaks, PostgreSQL gives the lock to
//! somebody else: from then on what this process has in memory may be stale.

use crate::telemetry::chain;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use std::time::Duration;

/// Any number that nobody else uses on this database.
const KEY: i64 = 7_267_102;
/// How often the connection is tried. A broken one that is silent is found after this and [`ANSWER`].
const EVERY: Duration = Duration::from_secs(1);
/// A busy machine can take seconds to answer while nothing is wrong, and giving up then costs a whole refill.
const ANSWER: Duration = Duration::from_secs(5);
/// For a new connection and the lock.
const CONNECT: Duration = Duration::from_secs(10);

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error(
        "another permdex serves this database from its embedded index: only one process may. \
         Stop it, or set PERMDEX__INDEX__ENGINE=elasticsearch for several"
    )]
    Taken,
    /// The database did not answer.
    #[error("the database did not answer when the embedded index' lock was to be taken")]
    Database(#[from] sqlx::Error),
}

/// The lock; given back when it is dropped.
#[derive(Debug)]
pub struct EngineLock {
    connection: PgConnection,
}

impl EngineLock {
    /// Takes the lock, or says at once who can't have it.
    ///
    /// # Errors
    /// [`LockError`].
    pub async fn take(options: &PgConnectOptions) -> Result<Self, LockError> {
        // A server that can't reach us any more shall notice, and give the lock to whoever asks for it, us again included:
        // left alone it waits for hours. On a socket of the same machine these mean nothing.
        let options = options.clone().options([
            ("tcp_keepalives_idle", 5),
            ("tcp_keepalives_interval", 2),
            ("tcp_keepalives_count", 3),
        ]);
        let asked = async {
            let mut connection = options.connect().await?;
            let taken: bool =
                sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(KEY).fetch_one(&mut connection).await?;
            Ok::<_, sqlx::Error>((connection, taken))
        };
        let asked = tokio::time::timeout(CONNECT, asked).await;
        let (connection, taken) = asked.map_err(|elapsed| sqlx::Error::Io(elapsed.into()))??;
        if taken { Ok(Self { connection }) } else { Err(LockError::Taken) }
    }

    /// Returns when the lock is lost, with the reason for the log.
    pub async fn lost(&mut self) -> String {
        loop {
            tokio::time::sleep(EVERY).await;
            match tokio::time::timeout(ANSWER, self.connection.ping()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return chain(&error),
                Err(_) => return format!("its connection did not answer within {} s", ANSWER.as_secs()),
            }
        }
    }
}
