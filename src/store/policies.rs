//! Policies: what they say.

use super::StoreError;
use crate::domain::{PolicyId, Statement, read_statements};
use crate::json::{self, Errors};
use sqlx::PgConnection;

/// Reads what a policy says.
pub const STATEMENTS_SQL: &str = "select statements::text from policies where id = $1";

/// The statements of a policy; `None` when there is none, or its statements can't be read. Whoever locked it reads
/// what stays until the end of the transaction.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn statements(conn: &mut PgConnection, policy: PolicyId) -> Result<Option<Vec<Statement>>, StoreError> {
    Ok(text(conn, policy).await?.and_then(|text| read_stored(&text)))
}

/// The statements of a policy as they are stored; `None` when there is none.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn text(conn: &mut PgConnection, policy: PolicyId) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar(STATEMENTS_SQL).bind(policy.0).fetch_optional(conn).await?)
}

/// Statements as they are stored; `None` when they can't be read.
#[must_use]
pub fn read_stored(text: &str) -> Option<Vec<Statement>> {
    let node = json::parse(text.as_bytes()).ok()?;
    let mut errors = Errors::default();
    let statements = read_statements(node, "", &mut errors);
    errors.check(statements).ok()
}
