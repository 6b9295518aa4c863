//! Versions: taken before the data is read, and never behind the index.

use super::{Context, RefreshError};
use crate::index::Document;
use futures::future::try_join_all;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// How far beyond the index's highest version a sequence that went back is set.
const MARGIN: i64 = 1_000_000;
/// So often a version is drawn anew because the server is another one again.
const SERVERS: usize = 3;

/// Which life of the database server this process drew its last version from. Clones share it.
///
/// A server that was started again, restored or failed over to may have lost the sequence's last values, while a
/// worker that stalls still has one of them: nothing in the index tells. So nobody uses a version of a server he has not
/// met before he has set the sequence beyond whatever was drawn elsewhere (`docs/ARCHITECTURE.md`, "The model").
#[derive(Debug, Clone, Default)]
pub struct KnownServer(Arc<AtomicI64>);

impl KnownServer {
    fn is(&self, started: i64) -> bool {
        self.0.load(Ordering::Relaxed) == started
    }

    fn meet(&self, started: i64) {
        self.0.store(started, Ordering::Relaxed);
    }
}

/// The next version. A statement of its own, committed before the snapshot that the documents are made from:
/// inside a transaction that reads, the snapshot could be older than the version, and old data would win.
///
/// # Errors
/// The database; or the server changed several times meanwhile.
pub(super) async fn next(context: &Context) -> Result<i64, RefreshError> {
    for _ in 0..SERVERS {
        let (version, started) = drawn(
            &sqlx::query(
                "select nextval('index_version') as version,
                     (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint as started",
            )
            .fetch_one(&context.pool)
            .await?,
        )?;
        if context.server.is(started) {
            return Ok(version);
        }
        jump(context).await?;
    }
    Err(RefreshError::Index(crate::index::IndexError::Unreachable("the database server changes all the time".into())))
}

fn drawn(row: &PgRow) -> Result<(i64, i64), sqlx::Error> {
    Ok((row.try_get("version")?, row.try_get("started")?))
}

/// Sets the sequence to the time in microseconds: nobody draws a million versions a second, so that is beyond all that
/// was drawn before, on whichever server; beyond its own last values in any case. A margin alone would not do: the next
/// failover may lose the jump itself.
async fn jump(context: &Context) -> Result<(), RefreshError> {
    let mut transaction = context.pool.begin().await?;
    lock(&mut transaction).await?;
    let (version, started) = drawn(
        &sqlx::query(
            "select setval('index_version', $1 + greatest(last_value,
                     (extract(epoch from clock_timestamp()) * 1000000)::bigint)) as version,
                 (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint as started
             from index_version",
        )
        .bind(MARGIN)
        .fetch_one(&mut *transaction)
        .await?,
    )?;
    transaction.commit().await?;
    context.server.meet(started);
    tracing::debug!(version, "versions go on from here: this process has not met this database server before");
    Ok(())
}

/// Keeps two processes from setting the sequence one after the other, the second one back.
async fn lock(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock(7267103)").execute(connection).await?;
    Ok(())
}

/// Whether `beaten`, which the index refused as older than what it has, were beaten by somebody newer. If what the
/// index has is not below a fresh version, the sequence went back (a restore, a failover): it is set beyond the
/// index, and the page must be done again.
pub(super) async fn were_beaten_fairly(context: &Context, beaten: &[Arc<Document>]) -> Result<bool, RefreshError> {
    let found = try_join_all(beaten.iter().map(|document| context.index.get(document.user()))).await?;
    let Some(highest) = found.into_iter().flatten().map(|document| document.version).max() else {
        return Ok(true);
    };
    if highest < next(context).await? {
        return Ok(true);
    }
    set_beyond(context, highest).await?;
    Ok(false)
}

/// Puts the sequence beyond the index where it went back. At start and after a reconnect.
pub(super) async fn check(context: &Context) -> Result<(), RefreshError> {
    let highest = context.index.highest_version().await?;
    if highest > 0 { be_beyond(context, highest).await } else { Ok(()) }
}

/// Makes sure that whatever is written from now on beats a document of the version `highest`.
pub(super) async fn be_beyond(context: &Context, highest: i64) -> Result<(), RefreshError> {
    if highest >= next(context).await? {
        set_beyond(context, highest).await?;
    }
    Ok(())
}

async fn set_beyond(context: &Context, highest: i64) -> Result<(), RefreshError> {
    let highest = highest.max(context.index.highest_version().await?);
    tracing::error!(
        highest,
        "the sequence `index_version` is behind the index, as after a restore: it is set beyond it. \
         Run `permdex rebuild`: what the index has may be newer than the database"
    );
    let mut transaction = context.pool.begin().await?;
    lock(&mut transaction).await?;
    // Not where it is beyond already: a value drawn in between would be drawn twice.
    sqlx::query("select setval('index_version', $1) from index_version where last_value < $1")
        .bind(highest.saturating_add(MARGIN))
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}
