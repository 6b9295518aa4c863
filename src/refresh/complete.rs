//! The comparison before a new generation serves: everybody of the database is in it, and nobody's document is older
//! than the one that serves.
//!
//! Each document of the new generation was made from a snapshot taken after its version; and whoever wrote to the
//! serving one since it was registered wrote the same version here. So ids and versions tell whatever was lost or
//! overtaken, at a fraction of what it costs to evaluate everybody a second time (`verify` does that).

use super::{Context, RefreshError, in_flight, page};
use crate::domain::UserId;
use crate::index::{Generation, IndexError, MAX_PAGE, UserRange};
use crate::store::affected::{self, Scopes};
use crate::store::snapshot::MAX_USERS;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use std::collections::{HashMap, HashSet};
use tokio_util::sync::CancellationToken;

/// So many users of the database are compared at once.
const PAGE: u32 = 5_000;
/// So many pages: while Elasticsearch reads one, the other is looked at.
const AT_ONCE: usize = 2;
/// Who is behind is written again so often.
const ROUNDS: usize = 3;

/// Compares page by page, and writes anew who is missing or older: a build that a fault hit is mended, not thrown away.
///
/// # Errors
/// [`RefreshError::Incomplete`] when that did not help: the generation must not serve. [`RefreshError::Fenced`].
pub(super) async fn ensure(
    context: &Context,
    generation: &Generation,
    scopes: &Scopes,
    lost: &CancellationToken,
) -> Result<(), RefreshError> {
    let (worker, into) = (context.clone(), generation.clone());
    let mut compared = pages(context.clone(), scopes.clone())
        .map_ok(move |(range, users)| compared(worker.clone(), into.clone(), range, users))
        .try_buffer_unordered(AT_ONCE)
        .boxed();
    while compared.next().await.transpose()?.is_some() {
        if lost.is_cancelled() {
            return Err(RefreshError::Fenced);
        }
    }
    Ok(())
}

/// Everybody, page by page; the last range has no end.
fn pages(
    context: Context,
    scopes: Scopes,
) -> impl Stream<Item = Result<(UserRange, Vec<UserId>), RefreshError>> + Send {
    stream::try_unfold((context, scopes, Some(None)), |(context, scopes, begin)| async move {
        let Some(after) = begin else { return Ok(None) };
        let users = affected::page(&mut *context.pool.acquire().await?, &scopes, after, PAGE).await?;
        let end = users.last().copied().filter(|_| users.len() == PAGE as usize);
        let range = UserRange { after, through: end };
        Ok(Some(((range, users), (context, scopes, end.map(Some)))))
    })
}

async fn compared(
    context: Context,
    generation: Generation,
    range: UserRange,
    users: Vec<UserId>,
) -> Result<(), RefreshError> {
    let _turn = context.precedence.after_small().await;
    page_is_complete(&context, &generation, range, &users).await
}

async fn page_is_complete(
    context: &Context,
    generation: &Generation,
    range: UserRange,
    users: &[UserId],
) -> Result<(), RefreshError> {
    let into = [generation.clone()];
    let mut behind = behind(context, generation, range, users).await?;
    for _ in 0..ROUNDS {
        if behind.is_empty() {
            return Ok(());
        }
        tracing::warn!(
            %generation,
            users = behind.len(),
            first = behind.first().map(|user| user.0),
            "documents of the new generation are missing or older than those that serve: they are written again"
        );
        for some in behind.chunks(MAX_USERS) {
            page::refresh(context, &into, some).await?;
        }
        context.index.refresh(&into).await?;
        let still: HashSet<_> = self::behind(context, generation, range, users).await?.into_iter().collect();
        // Who fell behind only now is being written this moment.
        behind.retain(|user| still.contains(user));
    }
    // Somebody who is changed all the time is always on his way.
    let on_their_way = in_flight::among(context, &behind).await?;
    behind.retain(|user| !on_their_way.contains(user));
    match behind.first() {
        None => Ok(()),
        Some(first) => Err(RefreshError::Incomplete { users: behind.len(), first: *first }),
    }
}

/// Who of the range is missing in `generation`, or older there than in the one that serves.
async fn behind(
    context: &Context,
    generation: &Generation,
    range: UserRange,
    users: &[UserId],
) -> Result<Vec<UserId>, RefreshError> {
    // The serving one first: what is written to both in between is new there, not behind here.
    let serving = match context.index.serving().await? {
        Some(serving) if serving != *generation => versions(context, &serving, range).await,
        _ => Ok(HashMap::new()),
    };
    let serving = match serving {
        // It was discarded meanwhile, or nothing serves.
        Err(IndexError::NotReady) => HashMap::new(),
        serving => serving?,
    };
    let here = versions(context, generation, range).await?;
    let mut behind: Vec<_> = users.iter().copied().filter(|user| !here.contains_key(user)).collect();
    let is_older = |user: &UserId, version: &i64| here.get(user).is_some_and(|here| here < version);
    behind.extend(serving.iter().filter(|(user, version)| is_older(user, version)).map(|(user, _)| *user));
    behind.sort_unstable();
    Ok(behind)
}

async fn versions(
    context: &Context,
    generation: &Generation,
    mut range: UserRange,
) -> Result<HashMap<UserId, i64>, IndexError> {
    let mut all = HashMap::new();
    loop {
        let page = context.index.versions(generation, range, MAX_PAGE).await?;
        let (count, last) = (page.len(), page.last().map(|(user, _)| *user));
        all.extend(page);
        match last {
            Some(last) if count == MAX_PAGE => range = range.above(last),
            _ => return Ok(all),
        }
    }
}
