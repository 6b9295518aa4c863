//! Users, with the name of the role that each has.

use super::{Lock, Slice, instants, instants_of};
use crate::domain::{CustomerId, RoleId, UserId};
use crate::store::StoreError;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserRecord {
    /// His id.
    pub id: UserId,
    /// His tenant, which never changes.
    pub customer_id: CustomerId,
    /// His address.
    pub email: String,
    /// His language.
    pub ui_language: String,
    /// An inactive user has nothing and may not call.
    pub active: bool,
    /// The role he has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_name: Option<String>,
    /// When he was created.
    pub created_at: Timestamp,
    /// When he was changed.
    pub updated_at: Timestamp,
    /// The role he has; not part of the answer.
    #[serde(skip)]
    pub role: Option<RoleId>,
}

/// What can be written of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserContent {
    /// His address.
    pub email: String,
    /// His language.
    pub ui_language: String,
    /// Whether he may do anything.
    pub active: bool,
    /// The role he has.
    pub role: Option<RoleId>,
}

/// Which users to list; what is `None` does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Of these customers.
    pub customers: Option<Vec<i64>>,
    /// With this address, exactly.
    pub email: Option<String>,
    /// Active or not.
    pub active: Option<bool>,
    /// With a role of this name.
    pub role_name: Option<String>,
    /// In this group.
    pub security_group: Option<i64>,
}

const COLUMNS: &str =
    concat!("u.id, u.customer_id, u.email, u.ui_language, u.active, u.role_id, r.name as role_name, ", instants!("u"));

/// The user, if there is one.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn get(conn: &mut PgConnection, id: UserId, lock: Lock) -> Result<Option<UserRecord>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(" from users u left join roles r on r.id = u.role_id where u.id = ").push_bind(id.0);
    if lock != Lock::No {
        query.push(lock.clause()).push(" of u");
    }
    query.build().fetch_optional(conn).await?.as_ref().map(read).transpose()
}

/// A page of them, by id.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn list(conn: &mut PgConnection, filter: &UserFilter, slice: Slice) -> Result<Vec<UserRecord>, StoreError> {
    let roles = match &filter.role_name {
        None => None,
        Some(name) => Some(roles(conn, name).await?),
    };
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(" from users u left join roles r on r.id = u.role_id");
    if let Some(group) = filter.security_group {
        query.push(" join security_group_members m on m.user_id = u.id and m.security_group_id = ").push_bind(group);
        query.push(" where m.user_id > ").push_bind(slice.after);
    } else {
        query.push(" where u.id > ").push_bind(slice.after);
    }
    match filter.customers.as_deref() {
        None => {}
        // The usual case, which walks the index of one tenant.
        Some([one]) => _ = query.push(" and u.customer_id = ").push_bind(*one),
        Some(many) => _ = query.push(" and u.customer_id = any (").push_bind(many.to_vec()).push(")"),
    }
    if let Some(email) = &filter.email {
        query.push(" and u.email = ").push_bind(email);
    }
    match filter.active {
        None => {}
        // As the partial index of those who are not says it.
        Some(true) => _ = query.push(" and u.active"),
        Some(false) => _ = query.push(" and not u.active"),
    }
    if let Some(roles) = roles {
        query.push(" and u.role_id = any (").push_bind(roles).push(")");
    }
    query.push(" order by u.id limit ").push_bind(i64::from(slice.limit));
    query.build().persistent(false).fetch_all(conn).await?.iter().map(read).collect()
}

/// The living roles of a name, of all customers; at most one a customer. Before the list, which is planned for these very
/// ids: how many users a subquery will leave is anybody's guess.
async fn roles(conn: &mut PgConnection, name: &str) -> Result<Vec<i64>, StoreError> {
    let sql = "select id from roles where retired_at is null and name = $1";
    Ok(sqlx::query_scalar(sql).bind(name).fetch_all(conn).await?)
}

/// Inserts one; false when the id is taken.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn insert(
    conn: &mut PgConnection,
    id: UserId,
    customer: CustomerId,
    content: &UserContent,
) -> Result<bool, StoreError> {
    let sql = "insert into users (id, customer_id, email, ui_language, active, role_id)
        values ($1, $2, $3, $4, $5, $6) on conflict do nothing";
    let query = sqlx::query(sql).bind(id.0).bind(customer.0).bind(&content.email).bind(&content.ui_language);
    let done = query.bind(content.active).bind(content.role.map(|role| role.0)).execute(conn).await?;
    Ok(done.rows_affected() == 1)
}

/// Replaces what is written of him.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn update(conn: &mut PgConnection, id: UserId, content: &UserContent) -> Result<(), StoreError> {
    let sql = "update users set email = $2, ui_language = $3, active = $4, role_id = $5, updated_at = now()
        where id = $1";
    let query = sqlx::query(sql).bind(id.0).bind(&content.email).bind(&content.ui_language);
    query.bind(content.active).bind(content.role.map(|role| role.0)).execute(conn).await?;
    Ok(())
}

/// Deletes him, with his memberships, assignments and temporary grants.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn delete(conn: &mut PgConnection, id: UserId) -> Result<(), StoreError> {
    sqlx::query("delete from users where id = $1").bind(id.0).execute(conn).await?;
    Ok(())
}

fn read(row: &PgRow) -> Result<UserRecord, StoreError> {
    let (created_at, updated_at) = instants_of(row)?;
    Ok(UserRecord {
        id: UserId(row.try_get("id")?),
        customer_id: CustomerId(row.try_get("customer_id")?),
        email: row.try_get("email")?,
        ui_language: row.try_get("ui_language")?,
        active: row.try_get("active")?,
        role_name: row.try_get("role_name")?,
        role: row.try_get::<Option<i64>, _>("role_id")?.map(RoleId),
        created_at,
        updated_at,
    })
}
