//! Asking the server whether it is there, without believing that the first answer is the last.

use super::error::PrivateClusterError;
use super::initdb::USER;
use super::socket::PORT;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

/// The database that permdex uses.
pub(super) const DATABASE: &str = "permdex";
/// A server that is stopped or swapped out must not hold the start up for ever.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What the server answered.
#[derive(Debug)]
pub(super) enum Answer {
    /// It is ready, and so is our database.
    Ready,
    /// It is ready, but our database is not there yet.
    NoDatabase,
    /// It is there, but starts, recovers or shuts down.
    Busy(String),
    /// Nobody listens.
    Away,
}

/// How to reach the server whose socket is in `folder`.
pub(super) fn options(folder: &Path, database: &str) -> PgConnectOptions {
    // Everything that the environment could set otherwise is set here.
    let options = PgConnectOptions::new_without_pgpass().socket(folder).port(PORT);
    options.username(USER).password("").database(database).ssl_mode(PgSslMode::Disable)
}

/// Asks for our database.
pub(super) async fn ask(folder: &Path) -> Result<Answer, PrivateClusterError> {
    let options = options(folder, DATABASE);
    let error = match tokio::time::timeout(TIMEOUT, options.connect()).await {
        Err(_) => return Ok(Answer::Busy(format!("no answer within {} s", TIMEOUT.as_secs()))),
        Ok(Ok(connection)) => {
            // Whether the goodbye arrives makes no difference.
            drop(connection.close().await);
            return Ok(Answer::Ready);
        }
        Ok(Err(error)) => error,
    };
    match &error {
        sqlx::Error::Database(answer) => match answer.code().as_deref() {
            // invalid_catalog_name
            Some("3D000") => Ok(Answer::NoDatabase),
            // cannot_connect_now, admin_shutdown, crash_shutdown, too_many_connections
            Some("57P03" | "57P01" | "57P02" | "53300") => Ok(Answer::Busy(answer.message().to_owned())),
            _ => Err(PrivateClusterError::Database { database: DATABASE, source: error }),
        },
        sqlx::Error::Io(cause) if matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            Ok(Answer::Away)
        }
        // Cut off in the middle: it goes down or comes up.
        other => Ok(Answer::Busy(other.to_string())),
    }
}

/// Makes our database. The caller holds the lock, so nobody else does.
pub(super) async fn create(folder: &Path) -> Result<(), PrivateClusterError> {
    let failed = |source| PrivateClusterError::Database { database: DATABASE, source };
    let mut connection = options(folder, "postgres").connect().await.map_err(failed)?;
    sqlx::query("create database permdex").execute(&mut connection).await.map_err(failed)?;
    connection.close().await.map_err(failed)
}
