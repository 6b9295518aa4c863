//! Who is in which security group.

use super::Slice;
use crate::domain::{CustomerId, SecurityGroupId, UserId};
use crate::store::StoreError;
use sqlx::{PgConnection, Row};

/// A page of members. Parameters: group, after, limit.
pub const LIST_SQL: &str = "select user_id from security_group_members
    where security_group_id = $1 and user_id > $2 order by user_id limit $3";
/// The users of a list that are not of a customer, at most 20. Parameters: customer, ids.
pub const STRANGERS_SQL: &str = "select l.id from unnest((select $2)::bigint[]) as l (id)
    where not exists (select from users u where u.id = l.id and u.customer_id = $1) order by l.id limit 20";
/// Holds a list of users still, in the order of their ids. Parameter: ids.
pub const LOCK_SQL: &str = "select id from users where id = any ((select $1)::bigint[]) order by id for share";
/// Makes a list the whole set: who comes, and who goes. Parameters: group, customer, ids.
pub const REPLACE_SQL: &str = "
with wanted as materialized (select distinct id from unnest((select $3)::bigint[]) as l (id)),
gone as (
    delete from security_group_members m
    where m.security_group_id = $1 and not exists (select from wanted w where w.id = m.user_id)
    returning m.user_id
),
come as (
    insert into security_group_members (security_group_id, user_id, customer_id)
    select $1, w.id, $2 from wanted w
    on conflict do nothing
    returning user_id
)
select user_id, true as added from come union all select user_id, false from gone";

/// What a replacement changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replaced {
    /// Who came.
    pub added: Vec<i64>,
    /// Who went.
    pub removed: Vec<i64>,
}

/// A page of members, by id.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn list(conn: &mut PgConnection, group: SecurityGroupId, slice: Slice) -> Result<Vec<UserId>, StoreError> {
    let query = sqlx::query_scalar(LIST_SQL).bind(group.0).bind(slice.after).bind(i64::from(slice.limit));
    let ids: Vec<i64> = query.fetch_all(conn).await?;
    Ok(ids.into_iter().map(UserId).collect())
}

/// All members: for a change that touches every one of them.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn all(conn: &mut PgConnection, group: SecurityGroupId) -> Result<Vec<i64>, StoreError> {
    let sql = "select user_id from security_group_members where security_group_id = $1";
    Ok(sqlx::query_scalar(sql).bind(group.0).fetch_all(conn).await?)
}

/// Those of `users` who are not of `customer`, at most 20.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn strangers(
    conn: &mut PgConnection,
    customer: CustomerId,
    users: &[i64],
) -> Result<Vec<UserId>, StoreError> {
    let ids: Vec<i64> = sqlx::query_scalar(STRANGERS_SQL).bind(customer.0).bind(users).fetch_all(conn).await?;
    Ok(ids.into_iter().map(UserId).collect())
}

/// Holds `users` still until the end of the transaction.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn lock(conn: &mut PgConnection, users: &[i64]) -> Result<(), StoreError> {
    sqlx::query(LOCK_SQL).bind(users).execute(conn).await?;
    Ok(())
}

/// Puts one in; false when he was in.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn add(
    conn: &mut PgConnection,
    group: SecurityGroupId,
    customer: CustomerId,
    user: UserId,
) -> Result<bool, StoreError> {
    let sql = "insert into security_group_members (security_group_id, user_id, customer_id) values ($1, $2, $3)
        on conflict do nothing";
    let done = sqlx::query(sql).bind(group.0).bind(user.0).bind(customer.0).execute(conn).await?;
    Ok(done.rows_affected() == 1)
}

/// Takes one out; false when he was not in.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn remove(conn: &mut PgConnection, group: SecurityGroupId, user: UserId) -> Result<bool, StoreError> {
    let sql = "delete from security_group_members where security_group_id = $1 and user_id = $2";
    Ok(sqlx::query(sql).bind(group.0).bind(user.0).execute(conn).await?.rows_affected() == 1)
}

/// Makes `users` the whole set.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn replace(
    conn: &mut PgConnection,
    group: SecurityGroupId,
    customer: CustomerId,
    users: &[i64],
) -> Result<Replaced, StoreError> {
    let mut replaced = Replaced::default();
    for row in sqlx::query(REPLACE_SQL).bind(group.0).bind(customer.0).bind(users).fetch_all(conn).await? {
        let list = if row.try_get("added")? { &mut replaced.added } else { &mut replaced.removed };
        list.push(row.try_get("user_id")?);
    }
    Ok(replaced)
}
