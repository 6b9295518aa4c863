//! Whether the index has converged to PostgreSQL. The one place that says how they are compared: `permdex verify` does the
//! same from outside, where it is there.

use permdex::clock::Clock;
use permdex::domain::UserId;
use permdex::index::PermissionIndex;
use permdex::store::snapshot::{Loaded, SnapshotCache, load};
use sqlx::PgPool;

/// Users compared at a time.
const PAGE: usize = 1_000;

/// Compares the document of every user with what PostgreSQL gives him; all that differs is in the error, ten of it.
pub async fn index_is_as_the_database(pool: &PgPool, index: &dyn PermissionIndex) -> Result<usize, String> {
    let users: Vec<i64> = sqlx::query_scalar("select id from users order by id").fetch_all(pool).await.map_err(text)?;
    let users: Vec<UserId> = users.into_iter().map(UserId).collect();
    let cache = SnapshotCache::default();
    let mut connection = pool.acquire().await.map_err(text)?;
    let mut different = Vec::new();
    for page in users.chunks(PAGE) {
        for one in load(&mut connection, page, Clock::System.micros(), &cache).await.map_err(text)? {
            let Loaded::User(user) = one else { return Err(format!("{one:?}")) };
            let expected = user.permissions.without_what_is_taken_back();
            let document = index.get(expected.user).await.map_err(text)?;
            let found = document.as_deref().map(|document| &document.permissions);
            if found != Some(&expected) {
                different.push(format!("user {}: the index has {found:?}, the database {expected:?}", expected.user));
            }
        }
    }
    if different.is_empty() {
        return Ok(users.len());
    }
    let count = different.len();
    different.truncate(10);
    Err(format!("{count} users differ:\n{}", different.join("\n")))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
