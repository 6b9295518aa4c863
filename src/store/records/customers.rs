//! Customers.

use super::{Lock, Slice, Uses, instants, instants_of, uses};
use crate::domain::CustomerId;
use crate::store::StoreError;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// Its slug, which never changes.
    pub organization: String,
    /// For people.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// Which customers to list; what is `None` does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerFilter {
    /// Only these.
    pub among: Option<Vec<i64>>,
    /// With this slug.
    pub organization: Option<String>,
}

const COLUMNS: &str = concat!("c.id, c.organization, c.name, ", instants!("c"));

/// Locks tenants, so that judged writes in them follow one another. `FOR NO KEY UPDATE`: rows that reference them can
/// still be inserted.
pub const LOCK_SQL: &str = "select id from customers where id = any ($1) order by id for no key update";
/// What a customer has. Parameter: its id.
pub const USES_SQL: &str = "select
    (select count(*) from users where customer_id = $1),
    (select count(*) from security_groups where customer_id = $1),
    (select count(*) from policies where customer_id = $1),
    (select count(*) from roles where customer_id = $1 and retired_at is null),
    (select count(*) from assignments where customer_id = $1 and user_id is null and security_group_id is null),
    (select count(*) from assignments where scope_customer_id = $1)";

/// Takes the locks of judged writes, in the order of the ids.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn lock(conn: &mut PgConnection, customers: &[i64]) -> Result<(), StoreError> {
    sqlx::query(LOCK_SQL).bind(customers).execute(conn).await?;
    Ok(())
}

/// The customer, if there is one.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn get(conn: &mut PgConnection, id: CustomerId, lock: Lock) -> Result<Option<Customer>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(" from customers c where c.id = ").push_bind(id.0);
    query.push(lock.clause());
    query.build().fetch_optional(conn).await?.as_ref().map(read).transpose()
}

/// A page of them, by id.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn list(conn: &mut PgConnection, filter: &CustomerFilter, slice: Slice) -> Result<Vec<Customer>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(" from customers c where c.id > ").push_bind(slice.after);
    if let Some(among) = &filter.among {
        query.push(" and c.id = any (").push_bind(among).push(")");
    }
    if let Some(organization) = &filter.organization {
        query.push(" and c.organization = ").push_bind(organization);
    }
    query.push(" order by c.id limit ").push_bind(i64::from(slice.limit));
    query.build().persistent(false).fetch_all(conn).await?.iter().map(read).collect()
}

/// Inserts one; false when its id or its organization is taken.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn insert(
    conn: &mut PgConnection,
    id: CustomerId,
    organization: &str,
    name: &str,
) -> Result<bool, StoreError> {
    let sql = "insert into customers (id, organization, name) values ($1, $2, $3) on conflict do nothing";
    let done = sqlx::query(sql).bind(id.0).bind(organization).bind(name).execute(conn).await?;
    Ok(done.rows_affected() == 1)
}

/// Renames one.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn update(conn: &mut PgConnection, id: CustomerId, name: &str) -> Result<(), StoreError> {
    let sql = "update customers set name = $2, updated_at = now() where id = $1";
    sqlx::query(sql).bind(id.0).bind(name).execute(conn).await?;
    Ok(())
}

/// What it has.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn in_use(conn: &mut PgConnection, id: CustomerId) -> Result<Uses, StoreError> {
    let words = ["users", "security groups", "policies", "roles", "assignments", "assignments in other customers"];
    uses(&sqlx::query(USES_SQL).bind(id.0).fetch_one(conn).await?, &words)
}

/// The users whose permissions end or change with the customer: its own, and those of others who have something in it as
/// a scope.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn touched(conn: &mut PgConnection, id: CustomerId) -> Result<Vec<i64>, StoreError> {
    let sql = "select id from users where customer_id = $1
        union
        select user_id from assignments where scope_customer_id = $1 and user_id is not null
        union
        select m.user_id from assignments a join security_group_members m on m.security_group_id = a.security_group_id
        where a.scope_customer_id = $1";
    Ok(sqlx::query_scalar(sql).bind(id.0).fetch_all(conn).await?)
}

/// Deletes it with everything it has.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn delete(conn: &mut PgConnection, id: CustomerId) -> Result<(), StoreError> {
    // In the order of the references. Members, temporary grants and what is assigned to users and groups go with those.
    for sql in [
        "delete from assignments where customer_id = $1 or scope_customer_id = $1",
        "delete from users where customer_id = $1",
        "delete from security_groups where customer_id = $1",
        "delete from policies where customer_id = $1",
        "delete from roles where customer_id = $1",
        "delete from customers where id = $1",
    ] {
        sqlx::query(sql).bind(id.0).execute(&mut *conn).await?;
    }
    Ok(())
}

fn read(row: &PgRow) -> Result<Customer, StoreError> {
    let (created_at, updated_at) = instants_of(row)?;
    Ok(Customer {
        id: CustomerId(row.try_get("id")?),
        organization: row.try_get("organization")?,
        name: row.try_get("name")?,
        created_at,
        updated_at,
    })
}
