//! Security groups. Who is in them: `members`.

use super::{Lock, Slice, Uses, instants, instants_of, uses};
use crate::domain::{CustomerId, SecurityGroupId};
use crate::store::StoreError;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};

/// A group of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecurityGroup {
    /// Its id.
    pub id: SecurityGroupId,
    /// Its tenant, which never changes.
    pub customer_id: CustomerId,
    /// For people.
    pub name: String,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// Which groups to list; what is `None` does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupFilter {
    /// Of these customers.
    pub customers: Option<Vec<i64>>,
    /// With this name, exactly.
    pub name: Option<String>,
    /// That this user is in.
    pub user: Option<i64>,
}

const COLUMNS: &str = concat!("g.id, g.customer_id, g.name, g.description, ", instants!("g"));

/// What uses a group. Parameter: its id.
pub const USES_SQL: &str = "select
    (select count(*) from security_group_members where security_group_id = $1),
    (select count(*) from assignments where security_group_id = $1 and security_group_id is not null)";
/// What a group gives: each policy with the scope it is assigned in. Parameter: the group's id.
pub const GIVES_SQL: &str = "select a.policy_id, a.scope_customer_id, p.statements::text as statements
    from assignments a join policies p on p.id = a.policy_id
    where a.security_group_id = $1 and a.security_group_id is not null";

/// The group, if there is one.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn get(
    conn: &mut PgConnection,
    id: SecurityGroupId,
    lock: Lock,
) -> Result<Option<SecurityGroup>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(" from security_groups g where g.id = ").push_bind(id.0);
    query.push(lock.clause());
    query.build().fetch_optional(conn).await?.as_ref().map(read).transpose()
}

/// A page of them, by id.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn list(
    conn: &mut PgConnection,
    filter: &GroupFilter,
    slice: Slice,
) -> Result<Vec<SecurityGroup>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(" from security_groups g where g.id > ").push_bind(slice.after);
    if let Some(user) = filter.user {
        let ids = " and g.id = any (array(select security_group_id from security_group_members where user_id = ";
        query.push(ids).push_bind(user).push("))");
    }
    if let Some(customers) = &filter.customers {
        query.push(" and g.customer_id = any (").push_bind(customers).push(")");
    }
    if let Some(name) = &filter.name {
        query.push(" and g.name = ").push_bind(name);
    }
    query.push(" order by g.id limit ").push_bind(i64::from(slice.limit));
    query.build().persistent(false).fetch_all(conn).await?.iter().map(read).collect()
}

/// Inserts one; false when the id is taken.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn insert(
    conn: &mut PgConnection,
    id: SecurityGroupId,
    customer: CustomerId,
    name: &str,
    description: Option<&str>,
) -> Result<bool, StoreError> {
    let sql = "insert into security_groups (id, customer_id, name, description) values ($1, $2, $3, $4)
        on conflict do nothing";
    let query = sqlx::query(sql).bind(id.0).bind(customer.0).bind(name).bind(description);
    Ok(query.execute(conn).await?.rows_affected() == 1)
}

/// Replaces its texts.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn update(
    conn: &mut PgConnection,
    id: SecurityGroupId,
    name: &str,
    description: Option<&str>,
) -> Result<(), StoreError> {
    let sql = "update security_groups set name = $2, description = $3, updated_at = now() where id = $1";
    sqlx::query(sql).bind(id.0).bind(name).bind(description).execute(conn).await?;
    Ok(())
}

/// What uses it.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn in_use(conn: &mut PgConnection, id: SecurityGroupId) -> Result<Uses, StoreError> {
    uses(&sqlx::query(USES_SQL).bind(id.0).fetch_one(conn).await?, &["members", "assignments"])
}

/// What it gives its members: statements as they are stored, with the scope of each assignment.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn gives(
    conn: &mut PgConnection,
    id: SecurityGroupId,
) -> Result<Vec<(Option<CustomerId>, String)>, StoreError> {
    let rows = sqlx::query(GIVES_SQL).bind(id.0).fetch_all(conn).await?;
    let read = |row: &PgRow| -> Result<_, StoreError> {
        let scope: Option<i64> = row.try_get("scope_customer_id")?;
        Ok((scope.map(CustomerId), row.try_get("statements")?))
    };
    rows.iter().map(read).collect()
}

/// Deletes it, with its memberships and what is assigned to it.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn delete(conn: &mut PgConnection, id: SecurityGroupId) -> Result<(), StoreError> {
    sqlx::query("delete from security_groups where id = $1").bind(id.0).execute(conn).await?;
    Ok(())
}

fn read(row: &PgRow) -> Result<SecurityGroup, StoreError> {
    let (created_at, updated_at) = instants_of(row)?;
    Ok(SecurityGroup {
        id: SecurityGroupId(row.try_get("id")?),
        customer_id: CustomerId(row.try_get("customer_id")?),
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        created_at,
        updated_at,
    })
}
