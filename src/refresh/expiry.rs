//! What has had its time: documents are rid of grants that expired, and roles that were replaced are deleted.
//!
//! No answer waits for it: an expired grant gives nothing from its instant on, and a replaced role is not shown any more.

use super::{Context, RefreshError};
use crate::domain::{READABLE_AFTER, Scope};
use crate::queue::{self, JobId, Kind, Lane, NewJob};
use crate::store::records::{roles, temporary_grants};
use crate::store::snapshot::CERTAINLY_EXPIRED;

/// So many grants or roles at a time: their users fit in a small job.
const BATCH: u32 = 1_000;
/// So many batches each time.
const BATCHES: usize = 20;

/// Tidies a bounded number of each.
///
/// # Errors
/// The database went away; the rest is tidied another time.
pub async fn tidy(context: &Context) -> Result<(), RefreshError> {
    for _ in 0..BATCHES {
        if tidy_documents(context).await? < BATCH as usize {
            break;
        }
    }
    let kept = i64::try_from(READABLE_AFTER.as_micros()).unwrap_or(i64::MAX);
    roles::purge(&context.pool, context.clock.micros().saturating_sub(kept), BATCH).await?;
    Ok(())
}

/// Enqueues a refresh of users whose grants have certainly expired, in the transaction that notes it: how many grants.
async fn tidy_documents(context: &Context) -> Result<usize, RefreshError> {
    let before = context.clock.micros().saturating_sub(CERTAINLY_EXPIRED);
    let mut transaction = context.pool.begin().await?;
    let users = temporary_grants::tidy(&mut transaction, before, BATCH).await?;
    if users.is_empty() {
        return Ok(0);
    }
    let job = NewJob {
        id: JobId::new(&context.clock),
        kind: Kind::Refresh,
        scope: serde_json::to_value(Scope::Listed).unwrap_or_default(),
        customer: None,
        actor: "service:permdex".to_owned(),
        lane: Lane::Small,
        waited: false,
    };
    queue::enqueue(&mut transaction, &job, &users).await?;
    transaction.commit().await?;
    context.signals.committed(&job);
    Ok(users.len())
}
