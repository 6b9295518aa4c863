//! Settling: what is written becomes searchable, and then its jobs are done.
//!
//! Jobs that somebody waits for share one explicit refresh, at once; the others wait for the periodic one, which is
//! this task's too: the index's own is switched off, so that "it is searchable now" is known and not guessed.

use super::leases::Leases;
use super::patience::{STATEMENT, within};
use super::{Context, RefreshError, counts, generations};
use crate::queue::{self, Ended, State};
use crate::telemetry::chain;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// So many claims can be written and not yet settled; then the workers wait.
pub(super) const BACKLOG: usize = 1_024;
/// Between two tries when the index or the database is unreachable.
const PAUSE: Duration = Duration::from_millis(500);

/// A claim whose documents are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct WrittenClaim {
    pub token: Uuid,
    pub users: i64,
    pub waited: bool,
}

/// Settles what comes until the workers are gone, or `stop`: what is left then is given back.
pub(super) async fn run(
    context: Context,
    leases: Leases,
    mut written: mpsc::Receiver<WrittenClaim>,
    stop: CancellationToken,
) {
    let mut open: Vec<WrittenClaim> = Vec::new();
    while let Some(first) = written.recv().await {
        let due = Instant::now() + context.settings.refresh_interval;
        open.push(first);
        // Whoever waits ends the gathering at once.
        while !open.iter().any(|claim| claim.waited) {
            match tokio::time::timeout_at(due, written.recv()).await {
                Ok(Some(next)) => open.push(next),
                Ok(None) | Err(_) => break,
            }
        }
        while let Ok(next) = written.try_recv() {
            open.push(next);
        }
        // What somebody waits for is not done before it is searchable. What nobody waits for has time.
        let _first = open.iter().any(|claim| claim.waited).then(|| context.precedence.small());
        while let Err(error) = settle(&context, &leases, &open).await {
            tracing::warn!(error = chain(&error), jobs = open.len(), "what is written can't be made searchable yet");
            if stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
                return;
            }
        }
        open.clear();
    }
}

async fn settle(context: &Context, leases: &Leases, open: &[WrittenClaim]) -> Result<(), RefreshError> {
    let all = within(STATEMENT, generations::to_write(context)).await?;
    context.index.refresh(&all).await?;
    finish(context, leases, open).await
}

/// Ends the claims: their effect is searchable.
pub(super) async fn finish(context: &Context, leases: &Leases, open: &[WrittenClaim]) -> Result<(), RefreshError> {
    let ended: Vec<_> = open.iter().map(|claim| Ended { token: claim.token, users: Some(claim.users) }).collect();
    let finished = within(STATEMENT, queue::finish(&context.pool, &ended)).await?;
    for claim in open {
        leases.let_go(claim.token);
    }
    context.signals.finished(&finished.ids, State::Done);
    counts::ended(context, &finished, State::Done);
    Ok(())
}
