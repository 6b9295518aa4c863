//! Starting and stopping: which tasks there are, in which order they begin and end.

use super::leases::Leases;
use super::worker::Worker;
use super::{Context, RefreshError, counts, ready, settle, tidy};
use crate::queue::{self, Desk, Turn};
use crate::telemetry::chain;
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
    ready::begin(&context).await?;
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
