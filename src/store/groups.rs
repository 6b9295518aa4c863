//! Security groups: whose they are.

use super::StoreError;
use crate::domain::{CustomerId, SecurityGroupId};
use sqlx::PgConnection;

/// Looks one up.
pub const CUSTOMER_SQL: &str = "select customer_id from security_groups where id = $1";

/// The tenant of a group; `None` when there is no such group.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn customer(conn: &mut PgConnection, group: SecurityGroupId) -> Result<Option<CustomerId>, StoreError> {
    let id: Option<i64> = sqlx::query_scalar(CUSTOMER_SQL).bind(group.0).fetch_optional(conn).await?;
    Ok(id.map(CustomerId))
}
