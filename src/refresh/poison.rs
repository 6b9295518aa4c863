//! Users whose document can't be kept: they have an empty one, and the jobs that met them fail and name them.

use super::{Context, RefreshError, counts, scopes};
use crate::domain::UserId;
use crate::queue::{self, Claim, JobId};
use crate::store::affected;
use serde_json::json;

/// A failed job names so many at most.
const NAMED: usize = 20;
/// A failed job keeps so many ids.
const KEPT: usize = 1_000;

/// A user whose document could not be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Poisoned {
    pub user: UserId,
    pub why: String,
}

/// Fails the jobs of `claim` that affect one of `poisoned`; the others stay, to be finished.
pub(super) async fn fail(context: &Context, claim: &Claim, poisoned: &[Poisoned]) -> Result<(), RefreshError> {
    let cluster = context.settings.cluster.to_string();
    metrics::counter!("permdex_users_without_document_total", "cluster" => cluster).increment(poisoned.len() as u64);
    let names: Vec<_> = poisoned.iter().take(NAMED).map(|one| format!("user `{}`: {}", one.user, one.why)).collect();
    let error = format!("{} users have no permissions until this is mended: {}", poisoned.len(), names.join("; "));
    tracing::error!(users = poisoned.len(), error, "documents could not be kept");
    let users: Vec<_> = poisoned.iter().take(KEPT).map(|one| one.user).collect();
    let failing = affected_jobs(context, claim, &users).await?;
    let ended =
        queue::finish_failed_some(&context.pool, claim.token, &failing, &error, Some(&json!({ "users": users })))
            .await?;
    context.signals.finished(&ended.ids, queue::State::Failed);
    counts::ended(context, &ended, queue::State::Failed);
    Ok(())
}

async fn affected_jobs(context: &Context, claim: &Claim, users: &[UserId]) -> Result<Vec<JobId>, RefreshError> {
    if let [only] = &claim.jobs[..] {
        return Ok(vec![only.id]);
    }
    let mut failing = Vec::new();
    for job in &claim.jobs {
        // Rare enough for a query a job: the claim met somebody who can't be written.
        let scopes = scopes::of_job(job)?;
        let affects = affected::any_of(&mut *context.pool.acquire().await?, &scopes, users).await?;
        if affects {
            failing.push(job.id);
        }
    }
    Ok(failing)
}
