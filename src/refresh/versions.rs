//! Versions: taken before the data is read, and never behind the index.

use super::{Context, RefreshError};
use crate::index::Document;
use futures::future::try_join_all;
use std::sync::Arc;

/// How far beyond the index's highest version a sequence that went back is set.
const MARGIN: i64 = 1_000_000;

/// The next version. A statement of its own, committed before the snapshot that the documents are made from:
/// inside a transaction that reads, the snapshot could be older than the version, and old data would win.
pub(super) async fn next(context: &Context) -> Result<i64, RefreshError> {
    Ok(sqlx::query_scalar("select nextval('index_version')").fetch_one(&context.pool).await?)
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
    // The lock keeps two processes from setting it one after the other, the second one back.
    sqlx::query(
        "select setval('index_version', greatest($1, (select last_value from index_version)))
         from (select pg_advisory_xact_lock(7267103)) locked",
    )
    .bind(highest.saturating_add(MARGIN))
    .execute(&context.pool)
    .await?;
    Ok(())
}
