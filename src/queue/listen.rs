//! The task that hears what other processes tell by NOTIFY, on a connection of its own.

use super::message::{FINISHED, FinishedMessage, JOBS, JobMessage};
use super::{Lane, QueueError, Signals};
use backon::{BackoffBuilder, ExponentialBuilder};
use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgNotification, PgPoolOptions};
use std::future::Future;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// How often the jobs waited for are looked up.
const LOOK_UP_EVERY: Duration = Duration::from_secs(1);
/// After so much silence the connection is tried.
const SILENCE: Duration = Duration::from_secs(15);
/// How long anything may take on it: only so is a stalled connection, which never says that it is dead, noticed.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Why a connection was given up.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("the database closed the connection")]
    Closed,
    #[error("the database did not answer within {} s", ANSWER_WITHIN.as_secs())]
    Stalled,
    #[error("the connection failed")]
    Failed(#[from] QueueError),
}

impl From<sqlx::Error> for Lost {
    fn from(cause: sqlx::Error) -> Self {
        Self::Failed(cause.into())
    }
}

/// Hears both channels, and looks up the jobs waited for once a second, until `stop`. Runs as a task of its own for as long
/// as the process; reconnects for ever, pausing from 50 ms to 5 s. After each (re)connection it loads the hints anew and
/// wakes the workers, since anything may have been told meanwhile.
pub async fn listen(pool: PgPool, signals: Signals, stop: CancellationToken) {
    let both = async { tokio::join!(hear(&pool, &signals), look_up(&pool, &signals)) };
    let _ = stop.run_until_cancelled(Box::pin(both)).await;
}

/// One query a second for exactly the ids waited for; none while nobody waits.
async fn look_up(pool: &PgPool, signals: &Signals) {
    loop {
        tokio::time::sleep(LOOK_UP_EVERY).await;
        match within(ANSWER_WITHIN, signals.waiters.look_up(pool)).await {
            Ok(()) => {}
            Err(cause) => debug!(error = &cause as &dyn std::error::Error, "jobs waited for could not be looked up"),
        }
    }
}

async fn hear(pool: &PgPool, signals: &Signals) {
    let pauses =
        || ExponentialBuilder::default().with_min_delay(Duration::from_millis(50)).with_max_delay(ANSWER_WITHIN);
    let mut pause = pauses().without_max_times().build();
    loop {
        let mut connected = false;
        let lost = match connection(pool, signals, &mut connected).await {
            Err(lost) => lost,
            Ok(never) => match never {},
        };
        if connected {
            pause = pauses().without_max_times().build();
        }
        warn!(error = &lost as &dyn std::error::Error, "lost the connection that hears of jobs: connecting again");
        tokio::time::sleep(pause.next().unwrap_or(ANSWER_WITHIN)).await;
    }
}

/// One connection, from its beginning to its loss.
async fn connection(pool: &PgPool, signals: &Signals, connected: &mut bool) -> Result<std::convert::Infallible, Lost> {
    // A pool of its own, of one: the workers' pool may be busy, and this connection is kept for ever.
    let options = pool.connect_options().as_ref().clone().application_name("permdex-listen");
    let own = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None).connect_lazy_with(options);
    let mut listener = within(ANSWER_WITHIN, PgListener::connect_with(&own)).await?;
    listener.eager_reconnect(false);
    within(ANSWER_WITHIN, listener.listen_all([JOBS, FINISHED])).await?;
    // Only now: what commits after the load's snapshot is told on this connection.
    within(ANSWER_WITHIN, signals.pending.load(&mut listener)).await?;
    *connected = true;
    signals.wake.wake(Lane::Small);
    signals.wake.wake(Lane::Large);
    loop {
        match tokio::time::timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(notification))) => dispatch(signals, &notification),
            Ok(Ok(None)) => return Err(Lost::Closed),
            Ok(Err(cause)) => return Err(cause.into()),
            Err(_silence) => {
                within(ANSWER_WITHIN, sqlx::query("select 1").execute(&mut listener)).await?;
            }
        }
    }
}

async fn within<T, E>(at_most: Duration, work: impl Future<Output = Result<T, E>>) -> Result<T, Lost>
where
    Lost: From<E>,
{
    match tokio::time::timeout(at_most, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Lost::Stalled),
    }
}

fn dispatch(signals: &Signals, notification: &PgNotification) {
    let payload = notification.payload();
    let heard = match notification.channel() {
        JOBS => serde_json::from_str::<JobMessage>(payload).map(|message| signals.heard_job(message)),
        _ => serde_json::from_str::<FinishedMessage>(payload).map(|message| signals.heard_finished(&message)),
    };
    if let Err(cause) = heard {
        // A newer release's, or somebody else's on this channel: polls catch what it meant.
        debug!(error = &cause as &dyn std::error::Error, "a notification was not understood");
    }
}
