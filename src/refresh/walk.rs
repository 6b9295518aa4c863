//! Walking the users that a claim affects, page after page, several under way at once.

use super::poison::Poisoned;
use super::{Context, RefreshError, page, scopes};
use crate::domain::UserId;
use crate::index::Generation;
use crate::queue::{self, Claim, Desk, Fenced, Progress};
use crate::store::affected::{self, Scopes};
use crate::telemetry::Trace;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;
use uuid::Uuid;

/// Poisoned users beyond this are counted no more: something larger is wrong, and the job says so anyway.
const MOST_POISONED: usize = 10_000;

/// What a walk did.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub users: i64,
    pub poisoned: Vec<Poisoned>,
    /// Whether all of it is searchable already: no refresh is owed.
    pub searchable: bool,
}

/// Where a walk begins.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Begin {
    /// Above this user; none: at the first.
    after: Option<UserId>,
    /// So many are written up to there.
    users: i64,
}

impl Begin {
    /// Where the attempt before stood.
    pub(super) fn of(claim: &Claim) -> Self {
        Self { after: claim.position().map(UserId), users: claim.processed() }
    }
}

/// Refreshes everybody in `scopes` from `begin` on. The position is saved after each page, in order, so that the next
/// attempt goes on behind it; of large jobs behind small ones ([`super::Precedence`]).
pub(super) async fn walk(
    context: &Context,
    generations: &[Generation],
    scopes: &Scopes,
    begin: Begin,
    (desk, token): (Desk, Uuid),
    lost: &CancellationToken,
) -> Result<Walked, RefreshError> {
    let first = scopes::page(context, scopes, begin.after).await?;
    let single = first.len() < usize::try_from(context.settings.page_size).unwrap_or(usize::MAX);
    let mut walked = Walked { users: begin.users, ..Walked::default() };
    if single {
        // One page, as for nearly every change: no total, no saved position, no round trip for either.
        walked.poisoned =
            if first.is_empty() { Vec::new() } else { page::refresh(context, generations, &first).await? };
        walked.users += i64::try_from(first.len()).unwrap_or(i64::MAX);
        return Ok(walked);
    }
    let at_once = context.settings.pages_at_once.max(1);
    let total = affected::count(&mut *context.pool.acquire().await?, scopes).await?;
    let pages = pages(context.clone(), scopes.clone(), first);
    let (worker, into) = (context.clone(), generations.to_vec());
    let mut done =
        pages.map_ok(move |users| refreshed(worker.clone(), into.clone(), users, desk)).try_buffered(at_once).boxed();
    while let Some((users, poisoned)) = done.next().await.transpose()? {
        if lost.is_cancelled() {
            return Err(RefreshError::Fenced);
        }
        walked.users += i64::try_from(users.len()).unwrap_or(i64::MAX);
        if walked.poisoned.len() < MOST_POISONED {
            walked.poisoned.extend(poisoned);
        }
        let position = users.last().map_or(0, |user| user.0);
        let at = Progress { position, processed: walked.users, total: Some(total) };
        if queue::progress(&context.pool, token, at).await? == Fenced::Refused {
            return Err(RefreshError::Fenced);
        }
    }
    Ok(walked)
}

/// The pages from `first` on, each looked up when there is room for it.
fn pages(
    context: Context,
    scopes: Scopes,
    first: Vec<UserId>,
) -> impl Stream<Item = Result<Vec<UserId>, RefreshError>> + Send {
    stream::try_unfold((context, scopes, first), |(context, scopes, page)| async move {
        let Some(last) = page.last().copied() else { return Ok(None) };
        let next = scopes::page(&context, &scopes, Some(last)).await?;
        Ok(Some((page, (context, scopes, next))))
    })
}

/// One page, as a task of its own: evaluation uses the processor, and pages should use several.
async fn refreshed(
    context: Context,
    generations: Vec<Generation>,
    users: Vec<UserId>,
    desk: Desk,
) -> Result<(Vec<UserId>, Vec<Poisoned>), RefreshError> {
    let page = async move {
        let _turn = if desk == Desk::Small { None } else { context.precedence.after_small().await };
        let poisoned = page::refresh(&context, &generations, &users).await?;
        Ok((users, poisoned))
    };
    // Ends with whoever waits: a claim that was lost must not keep a connection that says nothing any more.
    let work = AbortOnDropHandle::new(tokio::spawn(Trace::carried(page).in_current_span()));
    // A panic goes on in whoever waits; nobody else cancels the task.
    work.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}
