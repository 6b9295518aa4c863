//! Waking this process' own workers right after a commit, without the way through NOTIFY.

use super::Lane;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Wakes the workers of a lane. Cheap to clone; clones wake the same workers.
///
/// A wake that comes while nobody waits is kept for the next who does, so none is lost; several become one. A worker
/// that claims something and may have left more behind wakes the lane again, for its colleagues.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<[Notify; 2]>);

impl Wake {
    /// Wakes one worker of the lane.
    pub fn wake(&self, lane: Lane) {
        self.of(lane).notify_one();
    }

    /// Waits to be woken, `at_most` so long: the poll that catches what NOTIFY lost, and rows whose pause is over.
    pub async fn wait(&self, lane: Lane, at_most: Duration) {
        let _ = tokio::time::timeout(at_most, self.of(lane).notified()).await;
    }

    fn of(&self, lane: Lane) -> &Notify {
        let [small, large] = self.0.as_ref();
        match lane {
            Lane::Small => small,
            Lane::Large => large,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn a_wake_before_the_wait_is_not_lost() {
        let wake = Wake::default();
        wake.wake(Lane::Small);
        wake.wait(Lane::Small, LONG).await;
    }

    #[tokio::test]
    async fn a_wake_is_for_its_lane_alone() {
        let wake = Wake::default();
        wake.wake(Lane::Large);
        let small = wake.wait(Lane::Small, LONG);
        assert!(tokio::time::timeout(Duration::ZERO, small).await.is_err());
    }
}
