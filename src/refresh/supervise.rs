//! Keeping the refresh running: over an index that is away at start, and over a lost lock of the embedded engine.

use super::patience::{SEVERAL, STATEMENT, within};
use super::{Context, EngineLock, LockError, RefreshError, counts, run};
use crate::queue;
use crate::telemetry::chain;
use backon::{BackoffBuilder, ExponentialBuilder};
use sqlx::postgres::PgConnectOptions;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const LONGEST_PAUSE: Duration = Duration::from_secs(5);

fn pauses() -> impl Iterator<Item = Duration> {
    let backoff = ExponentialBuilder::default().with_min_delay(Duration::from_millis(100)).with_jitter();
    backoff.with_max_delay(LONGEST_PAUSE).without_max_times().build()
}

/// Runs the refresh on an index that others may write to too, until `stop`.
pub async fn shared(context: Context, stop: CancellationToken) {
    let Some(refresher) = started(&context, &stop).await else { return };
    stop.cancelled().await;
    refresher.stop().await;
}

/// Runs the refresh on the embedded index, until `stop`. When the lock is lost nothing is answered from memory and
/// nothing claimed any more, until the lock is taken again and the index filled anew.
pub async fn embedded(mut context: Context, mut lock: EngineLock, options: PgConnectOptions, stop: CancellationToken) {
    loop {
        let Some(epoch) = epoch(&context, &stop).await else { return };
        context.epoch = Some(epoch);
        let Some(refresher) = started(&context, &stop).await else { return };
        let lost = stop.run_until_cancelled(lock.lost()).await;
        if let Err(error) = context.index.withdraw().await {
            tracing::error!(error = chain(&error), "the embedded index could not be withdrawn");
        }
        if let Some(cause) = &lost {
            tracing::error!(
                cause,
                "the embedded index lost its lock: checks are answered from the database until it is filled again"
            );
        }
        refresher.stop().await;
        if lost.is_none() {
            return;
        }
        // Where its connection lives on after all, the database would keep the lock from ourselves.
        drop(lock);
        let Some(again) = taken(&options, &stop).await else { return };
        lock = again;
    }
}

async fn epoch(context: &Context, stop: &CancellationToken) -> Option<i64> {
    for pause in pauses() {
        match within(STATEMENT, queue::take_over(&context.pool, context.settings.max_attempts)).await {
            Ok((epoch, reaped)) => {
                context.signals.finished(&reaped.failed, queue::State::Failed);
                counts::lost(context, &reaped);
                return Some(epoch);
            }
            Err(error) => tracing::warn!(error = chain(&error), "the embedded index can't begin its epoch yet"),
        }
        stop.run_until_cancelled(tokio::time::sleep(pause)).await?;
    }
    None
}

async fn started(context: &Context, stop: &CancellationToken) -> Option<run::Refresher> {
    for pause in pauses() {
        match within(SEVERAL, run::start(context.clone())).await {
            Ok(refresher) => return Some(refresher),
            Err(error) => say(&error),
        }
        stop.run_until_cancelled(tokio::time::sleep(pause)).await?;
    }
    None
}

fn say(error: &RefreshError) {
    if error.is_transient() {
        tracing::warn!(error = chain(error), "the workers can't start yet");
    } else {
        tracing::error!(error = chain(error), "the workers can't start");
    }
}

async fn taken(options: &PgConnectOptions, stop: &CancellationToken) -> Option<EngineLock> {
    for pause in pauses() {
        match EngineLock::take(options).await {
            Ok(lock) => return Some(lock),
            Err(LockError::Taken) => tracing::warn!("another process has the embedded index' lock"),
            Err(error) => tracing::warn!(error = chain(&error), "the embedded index' lock can't be taken yet"),
        }
        stop.run_until_cancelled(tokio::time::sleep(pause)).await?;
    }
    None
}
