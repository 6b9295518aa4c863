//! Whose documents are about to be written: an unfinished job affects them.

use super::{Context, RefreshError, scopes};
use crate::domain::UserId;
use crate::queue;
use crate::store::affected::{self, Scopes};
use std::collections::HashSet;

/// With more unfinished jobs than this everybody counts as affected: looking closer would cost too much.
const MOST_JOBS: u32 = 5_000;

/// Who of `users` is affected by a job that was unfinished when this began.
///
/// # Errors
/// The database.
pub(super) async fn among(context: &Context, users: &[UserId]) -> Result<HashSet<UserId>, RefreshError> {
    if users.is_empty() {
        return Ok(HashSet::new());
    }
    let everybody = || users.iter().copied().collect();
    let jobs = queue::unfinished_writes(&context.pool, MOST_JOBS + 1).await?;
    if jobs.len() > MOST_JOBS as usize {
        return Ok(everybody());
    }
    let mut all = Scopes::default();
    for job in &jobs {
        match scopes::of_unfinished(job) {
            Ok(scope) => all.add_all(scope),
            // A newer release's: it may affect anybody.
            Err(_) => return Ok(everybody()),
        }
    }
    let mut connection = context.pool.acquire().await?;
    Ok(affected::among(&mut connection, &all, users).await?.into_iter().collect())
}
