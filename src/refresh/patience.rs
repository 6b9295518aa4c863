//! A time limit for what is asked of the database outside of a claim; what is asked for a claim ends with its lease.
//!
//! The server ends statements that take too long, and the pool gives up on connections that can't be made. Neither helps
//! against a server whose machine is gone: its connections stay as they are, and nobody ever says anything on them.

use super::RefreshError;
use std::time::Duration;

/// For one statement of the queue or the register and its connection: they take milliseconds, and are tried again.
pub(super) const STATEMENT: Duration = Duration::from_secs(20);
/// For a row of them.
pub(super) const SEVERAL: Duration = Duration::from_mins(5);

/// Does `work`, or gives it up.
///
/// # Errors
/// Its own; [`RefreshError::Silent`], and then it may be done all the same.
pub(super) async fn within<T, E>(limit: Duration, work: impl Future<Output = Result<T, E>>) -> Result<T, RefreshError>
where
    RefreshError: From<E>,
{
    match tokio::time::timeout(limit, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(RefreshError::Silent(limit)),
    }
}
