//! The audit log: who changed what when. Append-only; the database refuses the rest.

use super::StoreError;
use serde_json::Value as Json;
use sqlx::PgConnection;

/// One row of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entry<'a> {
    /// Who: a user's `{org}_{id}`, `service:<name>`, `cli:<login>`.
    pub actor: &'a str,
    /// On behalf of which organization, if another than his own.
    pub organization: Option<&'a str>,
    /// What was done, such as `permdex:permission:assign`.
    pub action: &'a str,
    /// To what, such as `user:17`.
    pub target: &'a str,
    /// The tenant whose thing it is: who may read the row.
    pub customer: Option<i64>,
    /// What differs, as it was: at most 64 KiB, which is the caller's to see to.
    pub before: Option<&'a Json>,
    /// What differs, as it is.
    pub after: Option<&'a Json>,
    /// The request it came with.
    pub request_id: Option<&'a str>,
    /// Why, where a reason is asked for.
    pub justification: Option<&'a str>,
}

/// Adds one row.
pub const INSERT_SQL: &str = "
insert into audit (actor, organization, action, target, customer_id, before, after, request_id, justification)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Adds one row, in the transaction of the change it tells of.
///
/// # Errors
/// [`StoreError::Database`]: the caller's transaction is broken then.
pub async fn insert(conn: &mut PgConnection, entry: &Entry<'_>) -> Result<(), StoreError> {
    sqlx::query(INSERT_SQL)
        .bind(entry.actor)
        .bind(entry.organization)
        .bind(entry.action)
        .bind(entry.target)
        .bind(entry.customer)
        .bind(entry.before)
        .bind(entry.after)
        .bind(entry.request_id)
        .bind(entry.justification)
        .execute(conn)
        .await?;
    Ok(())
}
