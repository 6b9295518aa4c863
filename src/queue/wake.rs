//! Waking this process' own workers right after a commit, without the way through NOTIFY.

use super::{Kind, Lane};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// What a worker takes. In the large lane each kind has workers of its own: a change that concerns a whole tenant must
/// not wait until an index is built or compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Desk {
    /// Refreshes of few users.
    Small,
    /// Refreshes of many.
    Large,
    /// Rebuilds.
    Rebuild,
    /// Comparisons of index and database.
    Verify,
}

impl Desk {
    /// The lane whose jobs it takes.
    #[must_use]
    pub const fn lane(self) -> Lane {
        match self {
            Self::Small => Lane::Small,
            Self::Large | Self::Rebuild | Self::Verify => Lane::Large,
        }
    }

    /// What it takes of the lane.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Small | Self::Large => Kind::Refresh,
            Self::Rebuild => Kind::Rebuild,
            Self::Verify => Kind::Verify,
        }
    }
}

/// Wakes the workers of a lane. Cheap to clone; clones wake the same workers.
///
/// A wake that comes while nobody waits is kept for the next who does, so none is lost; several become one. A worker
/// that claims something and may have left more behind wakes the lane again, for its colleagues.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<[Notify; 4]>);

impl Wake {
    /// Wakes one worker at each desk of the lane: who finds nothing for him has asked once for nothing.
    pub fn wake(&self, lane: Lane) {
        for desk in [Desk::Small, Desk::Large, Desk::Rebuild, Desk::Verify] {
            if desk.lane() == lane {
                self.of(desk).notify_one();
            }
        }
    }

    /// Waits to be woken, `at_most` so long: the poll that catches what NOTIFY lost, and rows whose pause is over.
    pub async fn wait(&self, desk: Desk, at_most: Duration) {
        let _ = tokio::time::timeout(at_most, self.of(desk).notified()).await;
    }

    fn of(&self, desk: Desk) -> &Notify {
        let [small, large, rebuild, verify] = self.0.as_ref();
        match desk {
            Desk::Small => small,
            Desk::Large => large,
            Desk::Rebuild => rebuild,
            Desk::Verify => verify,
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
        wake.wait(Desk::Small, LONG).await;
    }

    #[tokio::test]
    async fn a_wake_is_for_its_lane_alone() {
        let wake = Wake::default();
        wake.wake(Lane::Large);
        let small = wake.wait(Desk::Small, LONG);
        assert!(tokio::time::timeout(Duration::ZERO, small).await.is_err());
        for desk in [Desk::Large, Desk::Rebuild, Desk::Verify] {
            wake.wait(desk, LONG).await;
        }
    }
}
