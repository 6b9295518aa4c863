//! Small jobs before large ones: while this process works on a change that somebody may wait for, the pages of large jobs
//! are done one after the other, not several at once, with a pause before each. Bounded, so that a large job ends however
//! busy the small lane is.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard, watch};

/// A page waits at most so long for small jobs to end, whatever else there is to do.
const AT_MOST: Duration = Duration::from_millis(100);

/// Who goes first. Clones share it.
#[derive(Debug, Clone)]
pub struct Precedence(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Small jobs under way.
    small: watch::Sender<usize>,
    turn: Mutex<()>,
}

impl Default for Precedence {
    fn default() -> Self {
        Self(Arc::new(Inner { small: watch::Sender::new(0), turn: Mutex::new(()) }))
    }
}

/// A small job that is under way until this is dropped.
#[derive(Debug)]
pub(super) struct Small(Arc<Inner>);

impl Drop for Small {
    fn drop(&mut self) {
        self.0.small.send_modify(|small| *small = small.saturating_sub(1));
    }
}

impl Precedence {
    /// Begins a small job.
    pub(super) fn small(&self) -> Small {
        self.0.small.send_modify(|small| *small = small.saturating_add(1));
        Small(Arc::clone(&self.0))
    }

    /// Lets small jobs go first. Where there are any, a turn: no other page begins before it is dropped.
    pub(super) async fn after_small(&self) -> Option<MutexGuard<'_, ()>> {
        if *self.0.small.borrow() == 0 {
            return None;
        }
        let turn = self.0.turn.lock().await;
        let mut small = self.0.small.subscribe();
        // Its sender lives as long as this.
        let _ = tokio::time::timeout(AT_MOST, small.wait_for(|small| *small == 0)).await;
        Some(turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn pages_begin_at_once_when_nothing_small_is_under_way() {
        let precedence = Precedence::default();
        drop(precedence.small());
        let (one, other) = (precedence.after_small().now_or_never(), precedence.after_small().now_or_never());
        assert!(matches!((one, other), (Some(None), Some(None))));
    }

    #[tokio::test]
    async fn pages_wait_for_the_last_small_job_and_not_for_ever() {
        let precedence = Precedence::default();
        let (one, other) = (precedence.small(), precedence.small());
        drop(one);
        assert!(precedence.after_small().now_or_never().is_none());
        // Nobody ends it.
        let turn = precedence.after_small().await;
        assert!(turn.is_some());
        let mut next = std::pin::pin!(precedence.after_small());
        assert!(next.as_mut().now_or_never().is_none());
        drop(other);
        assert!(next.as_mut().now_or_never().is_none(), "one after the other");
        drop(turn);
        assert!(next.await.is_some());
        assert!(precedence.after_small().await.is_none(), "all at once again");
    }
}
