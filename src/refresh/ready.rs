//! Whether the index serves what every change is written to, at the start and later on; where it does not, a build is
//! queued.

use super::generations::{self, Found};
use super::{Context, RefreshError, versions};
use crate::index::Generation;
use crate::queue::{self, JobId, Kind, Lane, NewJob};
use serde_json::json;

/// Templates, the generation that serves, and versions beyond it. Where nothing serves, a build is queued: until it
/// is done checks are answered from the database.
pub(super) async fn begin(context: &Context) -> Result<(), RefreshError> {
    context.index.prepare().await?;
    if context.epoch.is_some() {
        generations::forget_all(context).await?;
    }
    let found = generations::found(context).await?;
    if is_well(context, &found).await? {
        return versions::check(context).await;
    }
    build_anew(context, found).await
}

/// The same later on: somebody may have deleted the index, or restored another one in its place.
pub(super) async fn again(context: &Context) -> Result<(), RefreshError> {
    // A release that runs on after its schema was retired has nothing to serve, and can't build it.
    if generations::is_outdated(context).await? {
        return Ok(());
    }
    let found = generations::found(context).await?;
    if is_well(context, &found).await? {
        return Ok(());
    }
    // Of several instances one does it. The lock ends with the transaction.
    let mut transaction = context.pool.begin().await?;
    let turn: bool =
        sqlx::query_scalar("select pg_try_advisory_xact_lock(7267104)").fetch_one(&mut *transaction).await?;
    if !turn || generations::is_building(&mut *transaction).await? {
        return Ok(());
    }
    let found = generations::found(context).await?;
    if !is_well(context, &found).await? {
        context.index.prepare().await?;
        build_anew(context, found).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Whether it serves what every change is written to, and has it all.
async fn is_well(context: &Context, found: &Found) -> Result<bool, RefreshError> {
    match &found.serves {
        Some(serves) if found.is_written => generations::is_itself(context, serves).await,
        _ => Ok(false),
    }
}

async fn build_anew(context: &Context, found: Found) -> Result<(), RefreshError> {
    let Found { registered, serves, is_written } = found;
    if is_written {
        tracing::warn!(
            generation = name(serves.as_ref()),
            "the index was restored from a copy, or deleted and made anew"
        );
    } else if registered.is_some() || serves.is_some() {
        let (registered, serves) = (name(registered.as_ref()), name(serves.as_ref()));
        tracing::warn!(registered, serves, "the index does not serve what is registered: it is built anew");
    }
    if serves.is_some() {
        // Somebody else's: it was not written to while this database had another engine or another index.
        context.index.withdraw().await?;
    }
    if registered.is_some() {
        generations::forget_all(context).await?;
    }
    if generations::is_newer_schema(context).await? {
        // Registered before its job is there: from then on no worker of the release before claims, which would build
        // its own schema anew instead of this one.
        generations::begin(context).await?;
    }
    queue_build(context).await
}

/// As the log names it; empty: none.
fn name(generation: Option<&Generation>) -> &str {
    generation.map_or("", |generation| &generation.0)
}

async fn queue_build(context: &Context) -> Result<(), RefreshError> {
    let job = NewJob {
        id: JobId::new(&context.clock),
        kind: Kind::Rebuild,
        scope: json!({"everyone": true}),
        customer: None,
        actor: "service:permdex".to_owned(),
        lane: Lane::Large,
        waited: true,
    };
    let mut transaction = context.pool.begin().await?;
    let joined = queue::join_or_enqueue(&mut transaction, &job).await?;
    transaction.commit().await?;
    if joined.fresh {
        context.signals.committed(&job);
    }
    Ok(())
}
