//! Which users the jobs of a claim affect: resolved when they run, in keyset pages.

use super::{Context, RefreshError};
use crate::domain::{Scope, UserId};
use crate::queue::{Claim, ClaimedJob, JobId, Unfinished};
use crate::store::affected::{self, Scopes};
use serde_json::Value;

/// The scopes of all jobs of a claim, as one set of users.
pub(super) fn of(claim: &Claim) -> Result<Scopes, RefreshError> {
    let mut scopes = Scopes::default();
    for job in &claim.jobs {
        add(&mut scopes, job)?;
    }
    Ok(scopes)
}

/// The scope of one job.
pub(super) fn of_job(job: &ClaimedJob) -> Result<Scopes, RefreshError> {
    let mut scopes = Scopes::default();
    add(&mut scopes, job)?;
    Ok(scopes)
}

/// The scope of one that may be anybody's.
pub(super) fn of_unfinished(job: &Unfinished) -> Result<Scopes, RefreshError> {
    let mut scopes = Scopes::default();
    add_one(&mut scopes, job.id, &job.scope, job.cut_off)?;
    Ok(scopes)
}

fn add(scopes: &mut Scopes, job: &ClaimedJob) -> Result<(), RefreshError> {
    add_one(scopes, job.id, &job.scope, job.cut_off)
}

fn add_one(scopes: &mut Scopes, id: JobId, scope: &Value, cut_off: i32) -> Result<(), RefreshError> {
    let scope: Scope = serde_json::from_value(scope.clone()).map_err(RefreshError::Scope)?;
    scopes.add(scope);
    if cut_off > 0 || scope == Scope::Listed {
        scopes.add_cut_off(id.0);
    }
    Ok(())
}

/// The next page above `after`.
pub(super) async fn page(
    context: &Context,
    scopes: &Scopes,
    after: Option<UserId>,
) -> Result<Vec<UserId>, RefreshError> {
    if let Some(users) = scopes.only_users_page(after, context.settings.page_size) {
        return Ok(users);
    }
    let mut connection = context.pool.acquire().await?;
    Ok(affected::page(&mut connection, scopes, after, context.settings.page_size).await?)
}
