//! The worker: claims, walks, hands over to settling.

use super::leases::Leases;
use super::patience::{STATEMENT, within};
use super::settle::{self, WrittenClaim};
use super::walk::{Begin, Walked, walk};
use super::{Context, RefreshError, build, counts, generations, poison, scopes, told, verify};
use crate::queue::{self, Claim, ClaimRequest, Desk, Kind, Turn};
use crate::telemetry::chain;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

/// At most so many small jobs become one claim.
const MOST_MERGED: u16 = 512;

/// One worker at one desk.
pub(super) struct Worker {
    pub context: Context,
    pub desk: Desk,
    pub leases: Leases,
    pub written: mpsc::Sender<WrittenClaim>,
    pub turn: Turn,
}

impl Worker {
    /// Works until `stop`.
    pub(super) async fn run(self, stop: CancellationToken) {
        let request = self.request();
        while !stop.is_cancelled() {
            match within(STATEMENT, queue::claim(&self.context.pool, &request)).await {
                Ok(Some(claim)) => {
                    // There may be more than this one took.
                    self.context.signals.wake.wake(self.desk.lane());
                    self.work_traced(claim, &stop).await;
                }
                Ok(None) => {
                    let sleep = self.context.signals.wake.wait(self.desk, self.context.settings.poll);
                    stop.run_until_cancelled(sleep).await;
                }
                Err(error) => {
                    tracing::warn!(error = chain(&error), "no job could be claimed");
                    stop.run_until_cancelled(tokio::time::sleep(self.context.settings.pause)).await;
                }
            }
        }
    }

    fn request(&self) -> ClaimRequest {
        ClaimRequest {
            lane: self.desk.lane(),
            kinds: vec![self.desk.kind()],
            max_merged: MOST_MERGED,
            lease: self.context.settings.lease,
            schema_version: self.context.settings.schema_version,
            epoch: self.context.epoch,
            turn: self.turn.clone(),
        }
    }

    /// What is logged meanwhile names the jobs, and what Elasticsearch is asked the trace, where it is one.
    async fn work_traced(&self, claim: Claim, stop: &CancellationToken) {
        let _first = (self.desk == Desk::Small).then(|| self.context.precedence.small());
        let (span, trace) = (told::span(&claim), claim.trace());
        let work = self.work(claim, stop).instrument(span);
        match trace {
            Some(trace) => trace.scope(work).await,
            None => work.await,
        }
    }

    async fn work(&self, claim: Claim, stop: &CancellationToken) {
        let lost = self.leases.hold(claim.token);
        let ended = tokio::select! {
            ended = self.perform(&claim, &lost) => ended,
            () = lost.cancelled() => Err(RefreshError::Fenced),
            // The rows are given back by whoever stops us.
            () = stop.cancelled() => return,
        };
        if let Err(error) = ended {
            self.give_up(&claim, &error).await;
        }
    }

    async fn perform(&self, claim: &Claim, lost: &CancellationToken) -> Result<(), RefreshError> {
        if self.desk == Desk::Verify {
            return verify::perform(&self.context, claim, lost, &self.leases).await;
        }
        let scopes = scopes::of(claim)?;
        let whole = claim.jobs.iter().any(|job| job.kind == Kind::Rebuild) && scopes.is_everyone();
        let walked = if whole {
            build::whole(&self.context, claim, &scopes, lost).await?
        } else {
            let generations = generations::to_write(&self.context).await?;
            if generations.is_empty() {
                // Nothing to write to. The change is committed, so a build that begins from now on has it in its
                // snapshots: walking everybody into nothing first would only keep that build waiting.
                return self.hand_over(claim, Walked { searchable: true, ..Walked::default() }).await;
            }
            walk(&self.context, &generations, &scopes, Begin::of(claim), (self.desk, claim.token), lost).await?
        };
        self.hand_over(claim, walked).await
    }

    /// What is written is made searchable by the settling task; where it is already, the jobs end here.
    async fn hand_over(&self, claim: &Claim, walked: Walked) -> Result<(), RefreshError> {
        tracing::debug!(users = walked.users, "jobs are written");
        if !walked.poisoned.is_empty() {
            // Searchable before it is said to have failed: whoever reads the job can rely on what it names.
            let generations = generations::to_write(&self.context).await?;
            self.context.index.refresh(&generations).await?;
            poison::fail(&self.context, claim, &walked.poisoned).await?;
        }
        let written = WrittenClaim { token: claim.token, users: walked.users, waited: claim.waited() };
        if walked.searchable || self.context.index.is_visible_at_once() {
            return settle::finish(&self.context, &self.leases, &[written]).await;
        }
        // Only a process that is ending has no settling task; the claim comes back then.
        let _ = self.written.send(written).await;
        Ok(())
    }

    async fn give_up(&self, claim: &Claim, error: &RefreshError) {
        self.leases.let_go(claim.token);
        let jobs = claim.jobs.len();
        let ended = match error {
            RefreshError::Fenced => {
                tracing::info!(jobs, "a claim was lost or cancelled: somebody else goes on");
                return;
            }
            error if error.is_transient() => {
                tracing::warn!(error = chain(error), jobs, "jobs wait: something they need is unreachable");
                let released = queue::release(&self.context.pool, claim.token, self.context.settings.pause);
                within(STATEMENT, released).await.map(|_| None)
            }
            error => {
                tracing::error!(error = chain(error), jobs, "jobs failed");
                let error = error.to_string();
                let failed = queue::finish_failed(&self.context.pool, claim.token, &error, None);
                within(STATEMENT, failed).await.map(Some)
            }
        };
        match ended {
            Ok(Some(failed)) => {
                self.context.signals.finished(&failed.ids, queue::State::Failed);
                counts::ended(&self.context, &failed, queue::State::Failed);
            }
            Ok(None) => {}
            // They come back when the lease ends.
            Err(error) => tracing::warn!(error = chain(&error), jobs, "jobs could not be put back"),
        }
    }
}
