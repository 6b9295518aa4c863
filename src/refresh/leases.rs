//! The leases this process holds: one task keeps them alive, and says so to whoever lost his.

use super::Context;
use super::patience::within;
use crate::queue::{self, Fenced};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The claims under way. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Leases(Arc<Mutex<HashMap<Uuid, Held>>>);

#[derive(Debug)]
struct Held {
    lost: CancellationToken,
    /// When the database last said that it is ours.
    since: Instant,
}

impl Leases {
    /// Keeps the claim alive from now on; the token is cancelled when it is lost.
    pub(super) fn hold(&self, token: Uuid) -> CancellationToken {
        let lost = CancellationToken::new();
        self.0.lock().insert(token, Held { lost: lost.clone(), since: Instant::now() });
        lost
    }

    /// Keeps it no more.
    pub(super) fn let_go(&self, token: Uuid) {
        self.0.lock().remove(&token);
    }

    /// The claims held.
    pub(super) fn tokens(&self) -> Vec<Uuid> {
        self.0.lock().keys().copied().collect()
    }

    fn lost(&self, token: Uuid) {
        if let Some(held) = self.0.lock().remove(&token) {
            held.lost.cancel();
        }
    }

    fn confirmed(&self, token: Uuid) {
        if let Some(held) = self.0.lock().get_mut(&token) {
            held.since = Instant::now();
        }
    }

    /// Gives up what was not confirmed for a whole lease: others may take it, and what it waits for may never come.
    fn give_up_ended(&self, lease: Duration) {
        self.0.lock().retain(|_, held| {
            let holds = held.since.elapsed() < lease;
            if !holds {
                held.lost.cancel();
            }
            holds
        });
    }

    /// Beats until `stop`.
    pub(super) async fn beat(self, context: Context, stop: CancellationToken) {
        let (pause, lease) = (context.settings.heartbeat, context.settings.lease);
        while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
            for token in self.tokens() {
                match within(pause, queue::heartbeat(&context.pool, token, lease)).await {
                    Ok(Fenced::Held) => self.confirmed(token),
                    Ok(Fenced::Refused) => self.lost(token),
                    Err(error) => {
                        tracing::warn!(error = crate::telemetry::chain(&error), "a heartbeat did not get through");
                        break;
                    }
                }
            }
            self.give_up_ended(lease);
        }
    }
}
