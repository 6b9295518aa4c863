//! What is done every now and then: leases that ended, jobs kept long enough, failed refreshes, retired generations, an index
//! that is not what it was.

use super::patience::{SEVERAL, STATEMENT, within};
use super::{Context, RefreshError, counts, expiry, generations, ready};
use crate::queue::{self, JobId, State};
use crate::store::audit;
use crate::telemetry::chain;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const REAP_EVERY: Duration = Duration::from_secs(5);
const PURGE_BATCH: u32 = 1_000;
const RETRY_BATCH: i64 = 100;

/// Tidies until `stop`.
pub(super) async fn run(context: Context, stop: CancellationToken) {
    let tidy_every = context.settings.tidy_every;
    let mut next = Instant::now() + tidy_every;
    while stop.run_until_cancelled(tokio::time::sleep(REAP_EVERY.min(tidy_every))).await.is_some() {
        say(within(STATEMENT, reap(&context)).await);
        let looked = within(SEVERAL, ready::again(&context)).await;
        if Instant::now() >= next {
            next = Instant::now() + tidy_every;
            // An index that is away is no news every few seconds.
            say(looked);
            say(within(SEVERAL, tidy(&context)).await);
        }
    }
}

fn say(tidied: Result<(), RefreshError>) {
    if let Err(error) = tidied {
        tracing::warn!(error = chain(&error), "tidying has to wait");
    }
}

async fn reap(context: &Context) -> Result<(), RefreshError> {
    let reaped = queue::reap(&context.pool, context.settings.max_attempts).await?;
    context.signals.finished(&reaped.failed, State::Failed);
    counts::lost(context, &reaped);
    Ok(())
}

async fn tidy(context: &Context) -> Result<(), RefreshError> {
    queue::purge(&context.pool, PURGE_BATCH).await?;
    retry_failed(context).await?;
    expiry::tidy(context).await?;
    generations::retire_abandoned(context).await?;
    generations::discard_retired(context, context.settings.retire_after).await?;
    // Last: who may not make partitions shall still have the rest done.
    Ok(audit::months_ahead(&context.pool).await?)
}

/// Users whose document could not be kept are tried again: somebody may have taken policies from them.
async fn retry_failed(context: &Context) -> Result<(), RefreshError> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "select id from jobs where state = 'failed' and kind = 'refresh'
             and finished_at < now() - make_interval(secs => $1) order by id limit $2",
    )
    .bind(context.settings.retry_after.as_secs_f64())
    .bind(RETRY_BATCH)
    .fetch_all(&context.pool)
    .await?;
    for id in ids {
        queue::retry(&context.pool, JobId(id)).await?;
    }
    Ok(())
}
