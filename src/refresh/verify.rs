//! Verify: index and database compared user by user, in bounded memory; what differs can be mended.
//!
//! While changes go on, a document may well be behind the database: its job is under way. So who differs is looked at
//! again until he is settled, or it is certain that nothing is on its way to him: no unfinished job affects him, and
//! neither what the database says nor what the index has has moved since he was looked at before.

use super::compare::{self, Finding};
use super::leases::Leases;
use super::report::Report;
use super::{Context, RefreshError, counts, in_flight, versions};
use crate::domain::{Scope, UserId};
use crate::index::UserRange;
use crate::queue::{self, Claim, Fenced, JobId, Kind, Lane, NewJob, Progress, State};
use crate::store::affected::{self, Scopes};
use crate::telemetry::Trace;
use backon::{BackoffBuilder, ExponentialBuilder};
use futures::{StreamExt, TryStreamExt, stream};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

/// Users of the database compared in one step.
const PAGE: u32 = 1_000;
/// Steps under way at once.
const AT_ONCE: usize = 2;
/// Who differs is remembered up to this number, then looked at again before the walk goes on.
const MOST_SUSPECTS: usize = 50_000;
/// Who differs is looked at again so often; who is still being written then is left out.
const ROUNDS: usize = 12;
/// Users a job that mends.
const MENDED_AT_ONCE: usize = 10_000;
/// How long the jobs that mend are waited for.
const PATIENCE: Duration = Duration::from_mins(2);

/// Somebody who differed when he was looked at.
#[derive(Debug, Clone, Copy)]
struct Suspect {
    user: UserId,
    digest: u64,
}

/// Compares for the jobs of `claim`, and ends them with what was found.
pub(super) async fn perform(
    context: &Context,
    claim: &Claim,
    lost: &CancellationToken,
    leases: &Leases,
) -> Result<(), RefreshError> {
    let mends = claim.jobs.iter().any(|job| job.scope.get("repair").is_some());
    let mut verify =
        Verify { context, claim, lost, report: Report::default(), mends, differing: Vec::new(), highest: 0 };
    verify.walk().await?;
    if mends {
        verify.mend().await?;
    }
    let Verify { mut report, .. } = verify;
    report.sort();
    if report.differences > 0 {
        tracing::error!(
            users = report.users,
            differences = report.differences,
            "index and database differ: the job names users; `permdex verify --repair` mends them"
        );
    }
    let result = serde_json::to_value(&report).map_err(RefreshError::Scope)?;
    let finished = queue::finish_with_result(&context.pool, claim.token, &result).await?;
    leases.let_go(claim.token);
    context.signals.finished(&finished.ids, State::Done);
    counts::ended(context, &finished, State::Done);
    counts::compared(context, &report);
    Ok(())
}

struct Verify<'a> {
    context: &'a Context,
    claim: &'a Claim,
    lost: &'a CancellationToken,
    report: Report,
    mends: bool,
    /// Who differs, where he is to be mended.
    differing: Vec<UserId>,
    /// The highest version among what differs.
    highest: i64,
}

impl Verify<'_> {
    /// Everybody, page by page.
    async fn walk(&mut self) -> Result<(), RefreshError> {
        let context = self.context;
        let everyone = Scopes::from(Scope::Everyone);
        let total = affected::count(&mut *context.pool.acquire().await?, &everyone).await?;
        // Done means searchable: what is written and not yet refreshed is another's business.
        context.index.refresh(&[compare::serving(context).await?]).await?;
        let steps = steps(context.clone(), everyone).map_ok(|step| compared(context.clone(), step));
        let mut steps = steps.try_buffered(AT_ONCE).boxed();
        let mut suspects = Vec::new();
        while let Some((step, findings)) = steps.next().await.transpose()? {
            self.report.users += i64::try_from(step.users.len()).unwrap_or(i64::MAX);
            let now = context.clock.micros();
            suspects.extend(findings.iter().map(|finding| Suspect { user: finding.user, digest: finding.digest(now) }));
            if suspects.len() >= MOST_SUSPECTS {
                self.settle(std::mem::take(&mut suspects)).await?;
            }
            self.say(step.users.last().copied(), total).await?;
        }
        drop(steps);
        self.settle(suspects).await
    }

    /// Says how far it is, and hears whether the claim is still its own.
    async fn say(&self, last: Option<UserId>, total: i64) -> Result<(), RefreshError> {
        let users = self.report.users;
        let position = last.map_or(0, |user| user.0);
        let at = Progress { position, processed: users, total: Some(total.max(users)) };
        let held = queue::progress(&self.context.pool, self.claim.token, at).await?;
        if held == Fenced::Refused || self.lost.is_cancelled() {
            return Err(RefreshError::Fenced);
        }
        Ok(())
    }

    /// Tells those who differ from those who are being written.
    async fn settle(&mut self, mut open: Vec<Suspect>) -> Result<(), RefreshError> {
        for pause in pauses().take(ROUNDS) {
            if open.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(pause).await;
            let mut next = Vec::new();
            for part in open.chunks(PAGE as usize) {
                if self.lost.is_cancelled() {
                    return Err(RefreshError::Fenced);
                }
                let mut users: Vec<_> = part.iter().map(|suspect| suspect.user).collect();
                users.sort_unstable();
                // In this order: a change that is in the database but in no unfinished job has been written.
                let writing = in_flight::among(self.context, &users).await?;
                let now = self.context.clock.micros();
                for finding in compare::again(self.context, &users).await? {
                    let suspect = Suspect { user: finding.user, digest: finding.digest(now) };
                    let stays =
                        part.iter().any(|before| before.user == suspect.user && before.digest == suspect.digest);
                    if stays && !writing.contains(&finding.user) {
                        self.note(&finding, now);
                    } else {
                        next.push(suspect);
                    }
                }
            }
            open = next;
        }
        if !open.is_empty() {
            tracing::warn!(
                users = open.len(),
                "users were written all the time while they were compared: they are left out"
            );
        }
        Ok(())
    }

    fn note(&mut self, finding: &Finding, now: i64) {
        self.report.differs(finding, now);
        self.highest = self.highest.max(finding.version.unwrap_or(0));
        if self.mends {
            self.differing.push(finding.user);
        }
    }

    /// Has those who differ written anew, waits for it, and compares them once more.
    async fn mend(&mut self) -> Result<(), RefreshError> {
        let mut differing = std::mem::take(&mut self.differing);
        differing.sort_unstable();
        // What differs must not win by its version.
        versions::be_beyond(self.context, self.highest).await?;
        let mut jobs = Vec::new();
        for users in differing.chunks(MENDED_AT_ONCE) {
            jobs.push(self.enqueue(users).await?);
        }
        let ended = tokio::time::timeout(PATIENCE, self.all_ended(&jobs)).await;
        if let Ok(ended) = ended {
            ended?;
        }
        let mut left = 0;
        for users in differing.chunks(PAGE as usize) {
            left += compare::again(self.context, users).await?.len();
        }
        self.report.repaired = Some(differing.len().saturating_sub(left));
        self.report.differences = left;
        Ok(())
    }

    async fn enqueue(&self, users: &[UserId]) -> Result<JobId, RefreshError> {
        let context = self.context;
        let actor = self.claim.jobs.first().map_or_else(|| "service:permdex".to_owned(), |job| job.actor.clone());
        let job = NewJob {
            id: JobId::new(&context.clock),
            kind: Kind::Refresh,
            scope: serde_json::to_value(Scope::Listed).map_err(RefreshError::Scope)?,
            customer: None,
            actor,
            lane: Lane::Large,
            waited: true,
        };
        let mut transaction = context.pool.begin().await?;
        let ids: Vec<i64> = users.iter().map(|user| user.0).collect();
        queue::enqueue(&mut transaction, &job, &ids).await?;
        transaction.commit().await?;
        context.signals.committed(&job);
        Ok(job.id)
    }

    async fn all_ended(&self, jobs: &[JobId]) -> Result<(), RefreshError> {
        for job in jobs {
            for pause in pauses() {
                if self.lost.is_cancelled() {
                    return Err(RefreshError::Fenced);
                }
                if queue::get(&self.context.pool, *job).await?.is_none_or(|job| job.state.is_final()) {
                    break;
                }
                tokio::time::sleep(pause).await;
            }
        }
        Ok(())
    }
}

fn pauses() -> impl Iterator<Item = Duration> {
    let growing = ExponentialBuilder::default().with_min_delay(Duration::from_millis(100));
    growing.with_max_delay(Duration::from_secs(2)).without_max_times().build()
}

/// A part of the walk: these are all users that the database has in this range.
struct Step {
    range: UserRange,
    users: Vec<UserId>,
}

/// The parts, each looked up when there is room for it; the last one has no end, for whoever is in the index alone.
fn steps(context: Context, scopes: Scopes) -> impl futures::Stream<Item = Result<Step, RefreshError>> + Send {
    let start = Some(None::<UserId>);
    stream::try_unfold((context, scopes, start), |(context, scopes, start)| async move {
        let Some(after) = start else { return Ok(None) };
        let users = affected::page(&mut *context.pool.acquire().await?, &scopes, after, PAGE).await?;
        let last = users.last().copied().filter(|_| users.len() == PAGE as usize);
        let step = Step { range: UserRange { after, through: last }, users };
        Ok(Some((step, (context, scopes, last.map(Some)))))
    })
}

/// One part, as a task of its own: it uses the processor.
async fn compared(context: Context, step: Step) -> Result<(Step, Vec<Finding>), RefreshError> {
    let work = async move {
        // Asked for each time: a rebuild may have put another in its place.
        let generation = compare::serving(&context).await?;
        let findings = compare::range(&context, &generation, step.range, &step.users).await?;
        Ok((step, findings))
    };
    let work = AbortOnDropHandle::new(tokio::spawn(Trace::carried(work).in_current_span()));
    work.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}
