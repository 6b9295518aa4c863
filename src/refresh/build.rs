//! The full build: the next generation is filled beside the serving one, and takes its place in one step.
//!
//! Live refreshes write to both from the moment it is registered, so nothing is missed: a change committed before
//! that is in the snapshots of the fill, one committed later is written by its own job.

use super::walk::{Walked, walk};
use super::{Context, RefreshError, generations};
use crate::domain::UserId;
use crate::queue::Claim;
use crate::store::affected::Scopes;
use tokio_util::sync::CancellationToken;

/// Builds the next generation for the rebuild jobs of `claim`, and serves it.
pub(super) async fn whole(
    context: &Context,
    claim: &Claim,
    scopes: &Scopes,
    lost: &CancellationToken,
) -> Result<Walked, RefreshError> {
    let (generation, empty) = generations::begin(context).await?;
    let from = claim.position().filter(|_| !empty).map(UserId);
    let into = [generation.clone()];
    let mut walked = walk(context, &into, scopes, from, claim.token, lost).await?;
    context.index.refresh(&into).await?;
    if lost.is_cancelled() {
        return Err(RefreshError::Fenced);
    }
    generations::serve(context, &generation).await?;
    // It was refreshed before it began to serve: the jobs need not wait for the periodic refresh.
    walked.searchable = true;
    tracing::info!(generation = %generation, users = walked.users, "a new generation of the index serves");
    Ok(walked)
}
