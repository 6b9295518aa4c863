//! The full build: the next generation is filled beside the serving one, and takes its place in one step.
//!
//! Live refreshes write to both from the moment it is registered, so nothing is missed: a change committed before
//! that is in the snapshots of the fill, one committed later is written by its own job. That this held is looked at,
//! user by user, before it serves.

use super::walk::{Begin, Walked, walk};
use super::{Context, RefreshError, complete, generations};
use crate::queue::{self, Claim, Desk};
use crate::store::affected::Scopes;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Refreshes that are waited for before a first build: more are not looked at.
const MOST_IDLE: u32 = 1_000;
/// How often, and how long, they are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);
const LOOKS: usize = 200;

/// Builds the next generation for the rebuild jobs of `claim`, and serves it.
pub(super) async fn whole(
    context: &Context,
    claim: &Claim,
    scopes: &Scopes,
    lost: &CancellationToken,
) -> Result<Walked, RefreshError> {
    let_idle_jobs_end(context).await?;
    let (generation, empty) = generations::begin(context).await?;
    // What an attempt before has written was into another one.
    let begin = if empty { Begin::default() } else { Begin::of(claim) };
    let into = [generation.clone()];
    let mut walked = walk(context, &into, scopes, begin, (Desk::Rebuild, claim.token), lost).await?;
    context.index.refresh(&into).await?;
    complete::ensure(context, &generation, scopes, lost).await?;
    if lost.is_cancelled() {
        return Err(RefreshError::Fenced);
    }
    generations::serve(context, claim.token, &generation).await?;
    // It was refreshed before it began to serve: the jobs need not wait for the periodic refresh.
    walked.searchable = true;
    tracing::info!(generation = %generation, users = walked.users, "a new generation of the index serves");
    Ok(walked)
}

/// Where there is nothing to write to, refreshes are done at once: the fill has what they are about in its snapshots.
/// Registering the new generation before they are would have everybody written twice.
async fn let_idle_jobs_end(context: &Context) -> Result<(), RefreshError> {
    if !generations::to_write(context).await?.is_empty() {
        return Ok(());
    }
    let jobs = queue::unfinished_writes(&context.pool, MOST_IDLE).await?;
    let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
    for _ in 0..LOOKS {
        if queue::unfinished(&context.pool, &ids).await?.is_empty() {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}
