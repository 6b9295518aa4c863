//! Bringing the tables up to date. The rules for a migration are in `migrations/README.md`.

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection, PgConnection, PgPool};

/// The migrations of this build, in it.
pub static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// The oldest PostgreSQL that our SQL runs on, as `server_version_num` counts.
const OLDEST_SERVER: i32 = 150_000;

/// Why the tables could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The server is too old.
    #[error("the database server is PostgreSQL {}, permdex needs 15 to 18: upgrade it", number / 10_000)]
    ServerTooOld {
        /// Its `server_version_num`.
        number: i32,
    },
    /// A newer permdex migrated this database.
    #[error(
        "migration {version} in the database is unknown to this permdex: it is older than the database, run the newer one"
    )]
    Newer {
        /// The migration we don't know.
        version: i64,
    },
    /// A migration was edited after it ran.
    #[error(
        "migration {version} differs from the one that ran on this database: restore its file, changes go into a new one"
    )]
    Edited {
        /// The migration.
        version: i64,
    },
    /// The database refused, or another instance has been migrating for a minute.
    #[error(
        "the database could not be migrated; nothing of the failed migration was kept: mend the cause and start again"
    )]
    Failed(#[source] MigrateError),
    /// The database can't be reached.
    #[error("the database could not be reached to migrate it: check its address and that it runs")]
    Unreachable(#[source] sqlx::Error),
}

impl MigrationError {
    /// May the same call succeed a moment later with nothing changed? The database is away or busy; not when it
    /// answered that it won't.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(error)
            | Self::Failed(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => is_away(error),
            _ => false,
        }
    }
}

fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
        // Connection lost, out of resources, shutting down or starting, or somebody else held a lock for too long.
        sqlx::Error::Database(answer) => answer
            .code()
            .is_some_and(|code| ["08", "53", "57P"].iter().any(|class| code.starts_with(class)) || code == "55P03"),
        _ => false,
    }
}

impl From<MigrateError> for MigrationError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) | MigrateError::VersionTooNew(version, _) => Self::Newer { version },
            MigrateError::VersionMismatch(version) => Self::Edited { version },
            other => Self::Failed(other),
        }
    }
}

/// Brings the tables up to date; doing it twice, or in two processes at once, is a success.
///
/// # Errors
/// When the database can't be reached, is too old a server, was migrated by a newer permdex, or refuses.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrationError> {
    // Off the pool for good: what we set on it must not reach others.
    let mut connection = pool.acquire().await.map_err(MigrationError::Unreachable)?.detach();
    let outcome = run(&mut connection).await;
    // The work is done or failed already; the goodbye changes nothing.
    drop(connection.close().await);
    outcome
}

async fn run(connection: &mut PgConnection) -> Result<(), MigrationError> {
    let number: i32 = sqlx::query_scalar("select current_setting('server_version_num')::int")
        .fetch_one(&mut *connection)
        .await
        .map_err(MigrationError::Unreachable)?;
    if number < OLDEST_SERVER {
        return Err(MigrationError::ServerTooOld { number });
    }
    // A migration may run for long, but neither queue in front of everybody's reads for long, nor wait for ever
    // for another instance that is migrating (the migrator's advisory lock counts as a lock).
    for set in ["set statement_timeout = 0", "set lock_timeout = '60s'", "set idle_in_transaction_session_timeout = 0"]
    {
        sqlx::query(set).execute(&mut *connection).await.map_err(MigrationError::Unreachable)?;
    }
    // Not `run`: its future is not known to be `Send`, and could not be spawned.
    Ok(MIGRATOR.run_direct(None, connection, false).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_absent_database_is_worth_another_try() {
        assert!(MigrationError::Unreachable(sqlx::Error::PoolTimedOut).is_transient());
        let cut = sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
        assert!(MigrationError::from(MigrateError::ExecuteMigration(cut, 1)).is_transient());
        assert!(!MigrationError::Unreachable(sqlx::Error::RowNotFound).is_transient());
        assert!(!MigrationError::from(MigrateError::VersionMissing(9)).is_transient());
    }
}
