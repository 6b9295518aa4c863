//! The leases this process holds: one task keeps them alive, and says so to whoever lost his.

use super::Context;
use crate::queue::{self, Fenced};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The claims under way. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Leases(Arc<Mutex<HashMap<Uuid, CancellationToken>>>);

impl Leases {
    /// Keeps the claim alive from now on; the token is cancelled when it is lost.
    pub(super) fn hold(&self, token: Uuid) -> CancellationToken {
        let lost = CancellationToken::new();
        self.0.lock().insert(token, lost.clone());
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
        if let Some(lost) = self.0.lock().remove(&token) {
            lost.cancel();
        }
    }

    /// Beats until `stop`.
    pub(super) async fn beat(self, context: Context, stop: CancellationToken) {
        let pause = context.settings.heartbeat;
        while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
            for token in self.tokens() {
                match queue::heartbeat(&context.pool, token, context.settings.lease).await {
                    Ok(Fenced::Held) => {}
                    Ok(Fenced::Refused) => self.lost(token),
                    Err(error) => {
                        tracing::warn!(error = crate::telemetry::chain(&error), "a heartbeat did not get through");
                        break;
                    }
                }
            }
        }
    }
}
