//! Customers and their organizations: the small table that everybody needs both ways, kept in memory by its callers.

use super::StoreError;
use crate::domain::CustomerId;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

/// Loads all of it.
pub const ALL_SQL: &str = "select id, organization from customers order by id";
/// Looks one up.
pub const BY_ID_SQL: &str = "select id, organization from customers where id = $1";
/// Looks one up.
pub const BY_ORGANIZATION_SQL: &str = "select id, organization from customers where organization = $1";

/// All customers with their organizations (slugs), by id.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn all(conn: &mut PgConnection) -> Result<Vec<(CustomerId, String)>, StoreError> {
    let rows = sqlx::query(ALL_SQL).fetch_all(conn).await?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// The organization of `customer`.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn organization(conn: &mut PgConnection, customer: CustomerId) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(BY_ID_SQL).bind(customer.0).fetch_optional(conn).await?;
    Ok(row.as_ref().map(read).transpose()?.map(|(_, organization)| organization))
}

/// The customer of `organization`.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn customer(conn: &mut PgConnection, organization: &str) -> Result<Option<CustomerId>, StoreError> {
    let row = sqlx::query(BY_ORGANIZATION_SQL).bind(organization).fetch_optional(conn).await?;
    Ok(row.as_ref().map(read).transpose()?.map(|(customer, _)| customer))
}

fn read(row: &PgRow) -> Result<(CustomerId, String), sqlx::Error> {
    Ok((CustomerId(row.try_get(0)?), row.try_get(1)?))
}
