//! Policies.

use super::{Lock, Slice, Uses, instants, instants_of};
use crate::domain::{CustomerId, PolicyId, Statement, write_statements};
use crate::store::StoreError;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};

/// A policy as it is stored and shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRecord {
    /// Its id.
    pub id: PolicyId,
    /// Whose it is, which never changes; none: shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    /// For people.
    pub name: String,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it says.
    pub statements: serde_json::Value,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// What can be written of one.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyContent {
    /// For people.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// What it says.
    pub statements: Vec<Statement>,
}

/// Which policies to list; what is `None` does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyFilter {
    /// Of these customers.
    pub customers: Option<Vec<i64>>,
    /// Shared ones too.
    pub shared: bool,
    /// With this name, exactly.
    pub name: Option<String>,
}

/// To whom a policy is assigned, as far as it matters for what it gives: scope customer, the user where it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Holder {
    /// What `${customerId}` is bound to.
    pub scope: CustomerId,
    /// Whose customer it is.
    pub customer: CustomerId,
    /// The user, where the target is one.
    pub user: Option<i64>,
}

const COLUMNS: &str = concat!("p.id, p.customer_id, p.name, p.description, p.statements, ", instants!("p"));

/// How often a policy is assigned. Parameter: its id.
pub const USES_SQL: &str = "select count(*) from assignments where policy_id = $1";
/// Its distinct holders; users one by one only where they matter ($2). One more than the bound. Parameters: policy,
/// whether users matter, limit.
pub const HOLDERS_SQL: &str = "select distinct coalesce(scope_customer_id, customer_id) as scope, customer_id,
    case when $2 then user_id end as user_id
    from assignments where policy_id = $1 limit $3";

/// The policy, if there is one.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn get(conn: &mut PgConnection, id: PolicyId, lock: Lock) -> Result<Option<PolicyRecord>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(" from policies p where p.id = ").push_bind(id.0);
    query.push(lock.clause());
    query.build().fetch_optional(conn).await?.as_ref().map(read).transpose()
}

/// A page of them, by id.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn list(
    conn: &mut PgConnection,
    filter: &PolicyFilter,
    slice: Slice,
) -> Result<Vec<PolicyRecord>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(" from policies p where p.id > ").push_bind(slice.after);
    match (&filter.customers, filter.shared) {
        (None, true) => {}
        (None, false) => _ = query.push(" and p.customer_id is not null"),
        (Some(customers), shared) => {
            query.push(" and (p.customer_id = any (").push_bind(customers).push(")");
            query.push(if shared { " or p.customer_id is null)" } else { ")" });
        }
    }
    if let Some(name) = &filter.name {
        query.push(" and p.name = ").push_bind(name);
    }
    query.push(" order by p.id limit ").push_bind(i64::from(slice.limit));
    query.build().persistent(false).fetch_all(conn).await?.iter().map(read).collect()
}

/// Inserts one; false when the id is taken.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn insert(
    conn: &mut PgConnection,
    id: PolicyId,
    customer: Option<CustomerId>,
    content: &PolicyContent,
) -> Result<bool, StoreError> {
    let sql = "insert into policies (id, customer_id, name, description, statements) values ($1, $2, $3, $4, $5)
        on conflict do nothing";
    let query = sqlx::query(sql).bind(id.0).bind(customer.map(|customer| customer.0)).bind(&content.name);
    let query = query.bind(content.description.as_deref()).bind(write_statements(&content.statements));
    Ok(query.execute(conn).await?.rows_affected() == 1)
}

/// Replaces what it says.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn update(conn: &mut PgConnection, id: PolicyId, content: &PolicyContent) -> Result<(), StoreError> {
    let sql = "update policies set name = $2, description = $3, statements = $4, updated_at = now() where id = $1";
    let query = sqlx::query(sql).bind(id.0).bind(&content.name).bind(content.description.as_deref());
    query.bind(write_statements(&content.statements)).execute(conn).await?;
    Ok(())
}

/// How often it is assigned.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn in_use(conn: &mut PgConnection, id: PolicyId) -> Result<Uses, StoreError> {
    super::uses(&sqlx::query(USES_SQL).bind(id.0).fetch_one(conn).await?, &["assignments"])
}

/// Its holders, at most `limit`; one by one when `users` matter.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn holders(
    conn: &mut PgConnection,
    id: PolicyId,
    users: bool,
    limit: u32,
) -> Result<Vec<Holder>, StoreError> {
    let rows = sqlx::query(HOLDERS_SQL).bind(id.0).bind(users).bind(i64::from(limit)).fetch_all(conn).await?;
    let read = |row: &PgRow| -> Result<Holder, StoreError> {
        Ok(Holder {
            scope: CustomerId(row.try_get("scope")?),
            customer: CustomerId(row.try_get("customer_id")?),
            user: row.try_get("user_id")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Deletes it, with its assignments.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn delete(conn: &mut PgConnection, id: PolicyId) -> Result<(), StoreError> {
    for sql in ["delete from assignments where policy_id = $1", "delete from policies where id = $1"] {
        sqlx::query(sql).bind(id.0).execute(&mut *conn).await?;
    }
    Ok(())
}

fn read(row: &PgRow) -> Result<PolicyRecord, StoreError> {
    let (created_at, updated_at) = instants_of(row)?;
    Ok(PolicyRecord {
        id: PolicyId(row.try_get("id")?),
        customer_id: row.try_get::<Option<i64>, _>("customer_id")?.map(CustomerId),
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        statements: row.try_get("statements")?,
        created_at,
        updated_at,
    })
}
