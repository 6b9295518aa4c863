//! Starting and stopping: which tasks there are, in which order they begin and end.

use super::leases::Leases;
use super::worker::Worker;
use super::{Context, RefreshError, counts, generations, settle, tidy, versions};
use crate::index::Generation;
use crate::queue::{self, Desk, JobId, Kind, Lane, NewJob, Turn};
use crate::telemetry::chain;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The running refresh of one database and its index.
#[derive(Debug)]
pub struct Refresher {
    context: Context,
    stop: CancellationToken,
    leases: Leases,
    tasks: JoinSet<()>,
}

/// Makes the index ready (or has it built) and starts the workers.
///
/// # Errors
/// The database or the index did not answer; nothing runs then, and it may be called again.
pub async fn start(context: Context) -> Result<Refresher, RefreshError> {
    counts::begin(&context);
    ready(&context).await?;
    let (stop, leases) = (CancellationToken::new(), Leases::default());
    let mut tasks = JoinSet::new();
    let (sender, receiver) = mpsc::channel(settle::BACKLOG);
    tasks.spawn(settle::run(context.clone(), leases.clone(), receiver, stop.clone()));
    tasks.spawn(leases.clone().beat(context.clone(), stop.clone()));
    tasks.spawn(tidy::run(context.clone(), stop.clone()));
    let desks = [
        (Desk::Small, context.settings.small_workers),
        (Desk::Large, context.settings.large_workers),
        (Desk::Rebuild, 1),
        (Desk::Verify, 1),
    ];
    for (desk, count) in desks {
        let turn = Turn::default();
        for _ in 0..count.max(1) {
            let worker = Worker {
                context: context.clone(),
                desk,
                leases: leases.clone(),
                written: sender.clone(),
                turn: turn.clone(),
            };
            tasks.spawn(worker.run(stop.clone()));
        }
    }
    Ok(Refresher { context, stop, leases, tasks })
}

impl Refresher {
    /// Stops: nothing new is claimed, and what is under way is given back for others to go on with.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
        if let Err(error) = queue::give_back(&self.context.pool, &self.leases.tokens()).await {
            tracing::warn!(
                error = chain(&error),
                "jobs could not be given back: others take them when their leases end"
            );
        }
    }
}

/// Templates, the generation that serves, and versions beyond it. Where nothing serves, a build is queued: until it
/// is done checks are answered from the database.
async fn ready(context: &Context) -> Result<(), RefreshError> {
    context.index.prepare().await?;
    if context.epoch.is_some() {
        generations::forget_all(context).await?;
    }
    let generations::Found { registered, serves, is_written } = generations::found(context).await?;
    if is_written {
        return versions::check(context).await;
    }
    if registered.is_some() || serves.is_some() {
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
