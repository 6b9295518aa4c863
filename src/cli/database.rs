//! The database of a command that works on it directly: the configured one, else the data directory's own.

use super::exit::{Exit, Failure};
use super::output;
use crate::config::{DatabaseConfig, Place};
use crate::store::migrate;
use crate::store::pool::{self, PoolSettings};
use crate::store::private::PrivateCluster;
use anyhow::Context;
use backon::{BackoffBuilder, ExponentialBuilder};
use secrecy::ExposeSecret;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use std::str::FromStr;
use std::time::Duration;

/// So long connections are waited for at the end.
const CLOSES_WITHIN: Duration = Duration::from_secs(5);

/// An open database. Close it: the private cluster is stopped by its last user.
pub(super) struct Database {
    pub pool: PgPool,
    pub options: PgConnectOptions,
    private: Option<PrivateCluster>,
}

impl Database {
    /// Opens it without asking it anything; a private cluster is running then.
    pub(super) async fn connect(place: &Place) -> Result<Self, Failure> {
        let (options, private) = if let Some(options) = configured(place)? {
            (options, None)
        } else {
            let private = PrivateCluster::start(&place.data_dir).await.map_err(Failure::unreachable)?;
            (private.options(), Some(private))
        };
        let pool = pool::connect(options.clone(), &pool_settings(&place.database));
        Ok(Self { pool, options, private })
    }

    /// Opens it and brings its tables up to date; waits for it up to `database.connect_timeout`.
    pub(super) async fn open(place: &Place) -> Result<Self, Failure> {
        let database = Self::connect(place).await?;
        let patience = place.database.connect_timeout;
        match tokio::time::timeout(patience, migrated(database.pool.clone())).await {
            Ok(Ok(())) => Ok(database),
            Ok(Err(failure)) => {
                database.close().await;
                Err(failure)
            }
            Err(_) => {
                database.close().await;
                let what = format!("the database did not answer within {patience:?}: is `database.url` right?");
                Err(Failure::unreachable(anyhow::anyhow!(what)))
            }
        }
    }

    /// Brings the tables up to date as soon as the database is there.
    pub(super) fn migrate_later(&self) {
        let pool = self.pool.clone();
        tokio::spawn(async move {
            if let Err(failure) = migrated(pool).await {
                tracing::error!(error = %failure, "the database can't be migrated: writes will fail");
            }
        });
    }

    /// Closes the connections and stops the private cluster, unless somebody else uses it.
    pub(super) async fn close(self) {
        close(&self.pool, self.private).await;
    }
}

/// Closes the connections and stops the private cluster, if it is one, unless somebody else uses it.
pub(super) async fn close(pool: &PgPool, private: Option<PrivateCluster>) {
    // One that the server says nothing on any more would be waited for for ever; it ends with the process.
    let _ = tokio::time::timeout(CLOSES_WITHIN, pool.close()).await;
    if let Some(private) = private
        && let Err(error) = private.stop().await
    {
        tracing::warn!(error = crate::telemetry::chain(&error), "the private PostgreSQL could not be stopped");
    }
}

/// How to connect to the database that is configured; none: a private one.
pub(super) fn configured(place: &Place) -> Result<Option<PgConnectOptions>, Failure> {
    let url = place.database.url.as_ref();
    let read = url.map(|url| PgConnectOptions::from_str(url.expose_secret()));
    Ok(read.transpose().with_context(|| format!("the database.url of `{}` can't be read", place.name))?)
}

/// The bounds of its pool.
pub(super) fn pool_settings(database: &DatabaseConfig) -> PoolSettings {
    PoolSettings {
        max_connections: database.max_connections,
        acquire_timeout: database.acquire_timeout,
        ..PoolSettings::default()
    }
}

/// Brings the tables up to date, trying again while the database is away; ended by whoever waits.
pub(super) async fn migrated(pool: PgPool) -> Result<(), Failure> {
    let backoff = ExponentialBuilder::default().with_max_delay(Duration::from_secs(2)).without_max_times();
    for pause in backoff.build() {
        match migrate::migrate(&pool).await {
            Err(error) if error.is_transient() => tokio::time::sleep(pause).await,
            done => return done.map_err(Failure::wrong),
        }
    }
    Ok(())
}

/// `permdex migrate`.
pub(super) async fn migrate(place: &Place) -> Result<Exit, Failure> {
    Database::open(place).await?.close().await;
    output::text("the database is up to date")
}
