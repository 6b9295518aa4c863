//! What a change would give and take, from whom: `dryRun`.
//!
//! The change is judged as the write is, in a transaction that is rolled back. Then whom it affects is looked at page by
//! page: each user's permissions are put together twice from one snapshot, without the change and with it, by the code
//! that puts index documents together, and compared by `domain`. Bounded in time, and in memory by the rows of a page.

use super::assign::{AssignRequest, Change};
use super::caller::Caller;
use super::cluster::{Cluster, Limited};
use super::error::ServiceError;
use super::written::WriteContext;
use crate::domain::{Difference, Effort, Pair, Permissions, Scope, UserId};
use crate::index::Document;
use crate::store::affected::{self, Scopes};
use crate::store::assignments::Assignment;
use crate::store::snapshot::{self, Both, Loaded, Supposed};
use crate::store::{StoreError, policies};
use sqlx::PgConnection;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

/// At most so many users are listed.
pub const MAX_PREVIEWED: usize = 100;
/// At most so many gains, and so many losses, are listed of a user.
pub const MAX_PREVIEWED_PAIRS: usize = 50;
/// Users looked at together.
const PAGE: u32 = 500;
/// So many comparisons of patterns a user, which is a part of a second: with very large policies there may be more to do.
const COMPARISONS: usize = 20_000_000;

/// What a change would come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Whether it would change anything, even if nobody gains or loses by it.
    pub changed: bool,
    /// How many users would gain something.
    pub gaining: u64,
    /// How many users would lose something.
    pub losing: u64,
    /// The first [`MAX_PREVIEWED`] of them, by id.
    pub users: Vec<UserDifference>,
    /// Whether everybody was looked at; else there may be more than is said.
    pub complete: bool,
}

/// What one user would gain and lose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserDifference {
    /// Who.
    pub id: UserId,
    /// Sorted; of more than [`MAX_PREVIEWED_PAIRS`], so many.
    pub gains: Vec<Pair>,
    /// Sorted; of more than [`MAX_PREVIEWED_PAIRS`], so many.
    pub loses: Vec<Pair>,
}

/// A turn among the dry runs. It is given back when the last clone goes: when nothing is computed any more.
#[derive(Clone)]
pub(super) struct DryRun {
    _turn: Arc<OwnedSemaphorePermit>,
}

impl Preview {
    /// Nobody gains or loses.
    pub(super) const fn nobody(changed: bool) -> Self {
        Self { changed, gaining: 0, losing: 0, users: Vec::new(), complete: true }
    }
}

impl Cluster {
    /// What [`Cluster::assign`] would come to.
    ///
    /// # Errors
    /// As that; `TooMany`.
    pub async fn preview_assign(
        &self,
        caller: &Caller,
        request: AssignRequest,
        context: &WriteContext,
    ) -> Result<Preview, ServiceError> {
        let run = self.dry_run()?;
        let judged = self.suppose_assigned(caller, request).await;
        match self.attempted(caller, context, request.change.right(), &request.told(), judged).await? {
            Some((scope, supposed)) => self.preview(run, scope, supposed).await,
            None => Ok(Preview::nobody(false)),
        }
    }

    /// The change, and whom it affects; `None` when there is nothing to change.
    async fn suppose_assigned(
        &self,
        caller: &Caller,
        request: AssignRequest,
    ) -> Result<Option<(Scope, Supposed)>, ServiceError> {
        let mut tx = self.observed(self.pool.begin().await)?;
        let outcome = self.judge_and_make(&mut tx, caller, request).await?;
        let text = self.observed(policies::text(&mut tx, request.policy).await)?;
        self.observed(tx.rollback().await)?;
        let assignment = Assignment { policy: request.policy, target: request.target, scope: outcome.facts.scope };
        let supposed = match request.change {
            Change::Assign => Supposed::assign(assignment, text.as_deref().unwrap_or_default(), &self.snapshots),
            Change::Remove => Supposed::remove(assignment),
        };
        Ok(outcome.changed.then_some((outcome.affected, supposed)))
    }

    /// A turn among the dry runs.
    ///
    /// # Errors
    /// `TooMany`.
    pub(super) fn dry_run(&self) -> Result<DryRun, ServiceError> {
        Ok(DryRun { _turn: Arc::new(self.turn(Limited::DryRun)?) })
    }

    /// Looks at everybody in `scope`, for [`super::Settings::dry_run_time`] at most.
    ///
    /// # Errors
    /// `Unavailable`, `Internal`.
    pub(super) async fn preview(&self, run: DryRun, scope: Scope, supposed: Supposed) -> Result<Preview, ServiceError> {
        let deadline = Instant::now() + self.settings.dry_run_time;
        let (scopes, supposed) = (Scopes::from(scope), Arc::new(supposed));
        let mut tally = Tally { preview: Preview::nobody(true), now: self.now(), deadline, comparisons: COMPARISONS };
        let mut after = None;
        loop {
            let Ok(page) = timeout_at(deadline, self.supposed_page(&scopes, after, &supposed)).await else {
                tally.preview.complete = false;
                break;
            };
            let Some(page) = page? else { break };
            after = Some(page.last);
            let run = run.clone();
            // Apart from the requests: it uses the processor, and may do so for long.
            let compared = tokio::task::spawn_blocking(move || {
                let _held_to_the_end = run;
                tally.preview.complete &= page.is_whole;
                tally.add(page.parts.iter().flat_map(Both::states));
                tally
            });
            tally = compared.await.map_err(|error| ServiceError::Internal(Box::new(error)))?;
        }
        Ok(tally.preview)
    }

    /// The next page above `after`; `None` behind the last.
    async fn supposed_page(
        &self,
        scopes: &Scopes,
        after: Option<UserId>,
        supposed: &Arc<Supposed>,
    ) -> Result<Option<Page>, ServiceError> {
        let mut connection = self.connection().await?;
        let users = self.observed(affected::page(&mut connection, scopes, after, PAGE).await)?;
        let Some(last) = users.last().copied() else { return Ok(None) };
        let (parts, is_whole) = self.load_both(&mut connection, &users, supposed).await?;
        Ok(Some(Page { last, parts, is_whole }))
    }

    /// Loads a page, by id. What is too much at once is loaded in parts; a single user who is too much is left out.
    async fn load_both(
        &self,
        conn: &mut PgConnection,
        users: &[UserId],
        supposed: &Arc<Supposed>,
    ) -> Result<(Vec<Both>, bool), ServiceError> {
        let mut parts = Vec::new();
        let (mut left, mut is_whole) = (vec![users], true);
        while let Some(part) = left.pop() {
            match snapshot::load_both(conn, part, self.now(), &self.snapshots, supposed).await {
                Err(StoreError::TooMuch { .. }) if part.len() > 1 => {
                    let (first, rest) = part.split_at(part.len() / 2);
                    left.extend([rest, first]);
                }
                Err(StoreError::TooMuch { .. }) => is_whole = false,
                loaded => parts.push(self.observed(loaded)?),
            }
        }
        Ok((parts, is_whole))
    }
}

/// Users in both states.
struct Page {
    last: UserId,
    parts: Vec<Both>,
    /// Whether all of the page's users are in it.
    is_whole: bool,
}

/// A preview in the making.
struct Tally {
    preview: Preview,
    now: i64,
    deadline: Instant,
    /// A user.
    comparisons: usize,
}

impl Tally {
    /// Adds users without the change and with it.
    fn add(&mut self, states: impl Iterator<Item = (Loaded, Loaded)>) {
        for (before, after) in states {
            if Instant::now() >= self.deadline {
                self.preview.complete = false;
                return;
            }
            if let Some((before, after)) = permissions(before).zip(permissions(after)) {
                self.compare(&before, &after);
            }
        }
    }

    fn compare(&mut self, before: &Permissions, after: &Permissions) {
        let is_listed = self.preview.users.len() < MAX_PREVIEWED;
        // Of whom is not listed it matters only whether there is something.
        let pairs = if is_listed { MAX_PREVIEWED_PAIRS } else { 1 };
        let effort = Effort { pairs, comparisons: self.comparisons };
        let Difference { gains, losses, is_cut } = Difference::between(before, after, self.now, effort);
        self.preview.complete &= !is_cut;
        self.preview.gaining += u64::from(!gains.is_empty());
        self.preview.losing += u64::from(!losses.is_empty());
        if is_listed && !(gains.is_empty() && losses.is_empty()) {
            let (gains, loses) = (gains.into_iter().collect(), losses.into_iter().collect());
            self.preview.users.push(UserDifference { id: before.user, gains, loses });
        }
    }
}

/// What a user has by the index document that there would be of him; `None` when there is no such user.
fn permissions(loaded: Loaded) -> Option<Permissions> {
    let document = match loaded {
        Loaded::Missing(_) => return None,
        Loaded::Unreadable(why) => Document::empty(why.user, why.customer, 0),
        Loaded::User(user) => {
            let permissions = user.permissions.without_what_is_taken_back();
            let document = Document { email: user.email, ui_language: user.ui_language, permissions, version: 0 };
            match document.check_size() {
                Ok(()) => document,
                Err(_) => Document::empty(document.user(), document.permissions.customer, 0),
            }
        }
    };
    Some(document.permissions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ActionPattern, Conditions, CustomerId, Effect, Effective, Origin, ResourcePattern};
    use crate::store::snapshot::LoadedUser;
    use std::time::Duration;

    fn loaded(user: i64, statements: Vec<Arc<Effective>>) -> Loaded {
        let permissions = Permissions { user: UserId(user), customer: CustomerId(1), active: true, statements };
        Loaded::User(LoadedUser {
            email: "a".into(),
            ui_language: "en".into(),
            organization: "acme".into(),
            permissions,
        })
    }

    fn allow(resources: usize) -> Vec<Arc<Effective>> {
        let resource = |number| ResourcePattern::parse(&format!("acrn:app:1:doc/{number}")).unwrap();
        vec![Arc::new(Effective {
            effect: Effect::Allow,
            actions: vec![ActionPattern::parse("doc:read").unwrap()],
            resources: (0..resources).map(resource).collect(),
            conditions: Conditions::new(),
            until: None,
            policy: None,
            origin: Origin::Customer(CustomerId(1)),
        })]
    }

    fn tally(seconds: u64, comparisons: usize) -> Tally {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        Tally { preview: Preview::nobody(true), now: 0, deadline, comparisons }
    }

    fn page(users: i64) -> impl Iterator<Item = (Loaded, Loaded)> {
        (1..=users).map(|id| (loaded(id, allow(1)), loaded(id, allow(61))))
    }

    #[test]
    fn all_are_counted_and_the_first_are_listed_and_not_with_everything() {
        let mut tally = tally(3_600, COMPARISONS);
        tally.add(page(120));
        let Preview { gaining, losing, users, complete, .. } = tally.preview;
        assert_eq!((gaining, losing, users.len(), complete), (120, 0, MAX_PREVIEWED, true));
        assert!(users.iter().all(|user| user.gains.len() == MAX_PREVIEWED_PAIRS && user.loses.is_empty()));
    }

    #[test]
    fn what_was_left_out_is_never_called_complete() {
        for mut tally in [tally(3_600, 0), tally(0, COMPARISONS)] {
            tally.add(page(3));
            assert_eq!((tally.preview.complete, tally.preview.gaining), (false, 0));
        }
    }

    #[test]
    fn who_has_no_document_that_can_be_kept_has_nothing() {
        // More bytes than a document may have: there would be an empty one in the index.
        let (little, much) = (allow(60), allow(400_000));
        let mut tally = tally(3_600, COMPARISONS);
        let states =
            vec![(loaded(1, little), loaded(1, much)), (Loaded::Missing(UserId(2)), Loaded::Missing(UserId(2)))];
        tally.add(states.into_iter());
        assert_eq!((tally.preview.gaining, tally.preview.losing), (0, 1));
    }
}
