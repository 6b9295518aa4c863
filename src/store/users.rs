//! Users: who they are. What they may do is `snapshot`'s.

use super::StoreError;
use crate::domain::{CustomerId, UserId};
use sqlx::{PgConnection, Row};

/// What there is to know before anything says "unknown user".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// His id.
    pub id: UserId,
    /// His tenant.
    pub customer: CustomerId,
    /// An inactive user has nothing and may not call.
    pub active: bool,
}

/// Looks one up.
pub const FIND_SQL: &str = "select id, customer_id, active from users where id = $1";

/// The user, if there is one. Confirms a miss in the index: who was just created is not refused.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn find(conn: &mut PgConnection, user: UserId) -> Result<Option<User>, StoreError> {
    let Some(row) = sqlx::query(FIND_SQL).bind(user.0).fetch_optional(conn).await? else { return Ok(None) };
    let customer = CustomerId(row.try_get("customer_id")?);
    Ok(Some(User { id: UserId(row.try_get("id")?), customer, active: row.try_get("active")? }))
}

/// The organization (slug) of a user.
pub const ORGANIZATION_SQL: &str =
    "select c.organization from users u join customers c on c.id = u.customer_id where u.id = $1";

/// The organization of `user`, if there is such a user: what a token of his says.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn organization(conn: &mut PgConnection, user: UserId) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar(ORGANIZATION_SQL).bind(user.0).fetch_optional(conn).await?)
}
