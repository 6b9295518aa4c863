//! Roles: the living one of a name, those that were replaced lately, and who moves from one to the next.

use crate::domain::{CustomerId, FrontendView, PermissionGrant, RoleId, write_grant};
use crate::store::StoreError;
use crate::store::snapshot::read_grants;
use serde_json::Value as Json;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};
use std::collections::HashMap;

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its id.
    pub id: RoleId,
    /// Its tenant.
    pub customer: CustomerId,
    /// What is said of it.
    pub content: RoleContent,
}

/// What is said of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleContent {
    /// Trimmed; of all living roles of a customer, only one has it.
    pub name: String,
    /// For people.
    pub description: String,
    /// What its users see first.
    pub frontend_view: FrontendView,
    /// What it gives.
    pub grants: Vec<PermissionGrant>,
}

/// How a role is held still until the end of the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Somebody relies on it.
    Share,
    /// It is changed.
    Update,
}

/// Which roles of a customer. Both filters hold; none given: every living role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleFilter {
    /// With one of these ids: then also those replaced lately.
    pub ids: Vec<i64>,
    /// With one of these names.
    pub names: Vec<String>,
}

/// A role in a list, without what it gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// For people.
    pub description: String,
    /// What its users see first.
    pub frontend_view: FrontendView,
    /// How many permission grants it has.
    pub grants: usize,
}

macro_rules! living {
    ($lock:literal) => {
        concat!(
            "select id, name, description, frontend_view, permission_grants::text as grants from roles
where customer_id = $1 and name = $2 and retired_at is null for ",
            $lock
        )
    };
}

/// The living role of a name, relied on. Parameters: customer, name.
pub const LIVING_SQL: &str = living!("share");
/// The same of its id alone.
pub const LIVING_ID_SQL: &str =
    "select id from roles where customer_id = $1 and name = $2 and retired_at is null for share";
const LIVING_TO_CHANGE_SQL: &str = living!("update");

/// The role of an id, relied on. Parameter: id.
pub const BY_ID_SQL: &str =
    "select id, customer_id, name, description, frontend_view, permission_grants::text as grants
from roles where id = $1 for share";

/// Roles of a customer. Parameters: customer, ids (null: any living), names (null: any), since when replaced ones are still
/// shown (microseconds since 1970), how many at most.
pub const LIST_SQL: &str =
    "select id, name, description, frontend_view, jsonb_array_length(permission_grants) as grants
from roles
where customer_id = $1 and ($2::bigint[] is null or id = any ($2)) and ($3::text[] is null or name = any ($3))
  and (retired_at is null or ($2 is not null and retired_at > timestamptz 'epoch' + $4 * interval '1 microsecond'))
order by id limit $5";

/// What roles give. Parameter: their ids.
pub const GRANTS_SQL: &str = "select id, permission_grants::text as grants from roles where id = any ($1)";

/// Whether anybody has a role. Parameter: its id.
pub const IS_HELD_SQL: &str = "select exists (select from users where role_id = $1)";

/// Moves everybody from one role to another. Parameters: from, to.
pub const MOVE_SQL: &str = "update users set role_id = $2, updated_at = now() where role_id = $1";

/// Deletes roles that were replaced before an instant and that nobody has. Parameters: the instant (microseconds since
/// 1970), how many at most.
pub const PURGE_SQL: &str = "delete from roles r where r.id = any (array(
    select id from roles where retired_at <= timestamptz 'epoch' + $1 * interval '1 microsecond' order by retired_at limit $2))
  and not exists (select from users u where u.role_id = r.id)";

/// The living role of a name in a customer, held still. Who waits for somebody replacing it gets the one that took over.
///
/// # Errors
/// [`StoreError::Database`]; [`StoreError::Stored`] when it can't be read as it is stored.
pub async fn living(
    conn: &mut PgConnection,
    customer: CustomerId,
    name: &str,
    hold: Hold,
) -> Result<Option<Role>, StoreError> {
    let sql = match hold {
        Hold::Share => LIVING_SQL,
        Hold::Update => LIVING_TO_CHANGE_SQL,
    };
    held(conn, sql, customer, name).await?.map(|row| read(&row, customer)).transpose()
}

/// The id of the living role of a name, relied on.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn living_id(
    conn: &mut PgConnection,
    customer: CustomerId,
    name: &str,
) -> Result<Option<RoleId>, StoreError> {
    let row = held(conn, LIVING_ID_SQL, customer, name).await?;
    row.map(|row| Ok(RoleId(row.try_get("id")?))).transpose()
}

/// A statement that waited for the lock sees the old role retired and not yet the new one: the next one sees it.
async fn held(
    conn: &mut PgConnection,
    sql: &'static str,
    customer: CustomerId,
    name: &str,
) -> Result<Option<PgRow>, StoreError> {
    for _ in 0..2 {
        let found = sqlx::query(sql).bind(customer.0).bind(name).fetch_optional(&mut *conn).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The role of an id, held still; also one that was replaced.
///
/// # Errors
/// As [`living`].
pub async fn by_id(conn: &mut PgConnection, id: RoleId) -> Result<Option<Role>, StoreError> {
    let row = sqlx::query(BY_ID_SQL).bind(id.0).fetch_optional(conn).await?;
    row.map(|row| read(&row, CustomerId(row.try_get("customer_id")?))).transpose()
}

/// An id that no role has.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn next_id(conn: &mut PgConnection) -> Result<RoleId, StoreError> {
    let sql = "select nextval(pg_get_serial_sequence('roles', 'id'))";
    Ok(RoleId(sqlx::query_scalar(sql).fetch_one(conn).await?))
}

/// Inserts one; false when its name is taken.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn insert(conn: &mut PgConnection, role: &Role) -> Result<bool, StoreError> {
    let sql = "insert into roles (id, customer_id, name, description, frontend_view, permission_grants)
        values ($1, $2, $3, $4, $5, $6) on conflict (customer_id, name) where retired_at is null do nothing";
    let grants: Json = role.content.grants.iter().map(write_grant).collect();
    let query = sqlx::query(sql).bind(role.id.0).bind(role.customer.0).bind(&role.content.name);
    let query = query.bind(&role.content.description).bind(role.content.frontend_view.as_str()).bind(grants);
    Ok(query.execute(conn).await?.rows_affected() == 1)
}

/// Describes one anew.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn describe(conn: &mut PgConnection, id: RoleId, description: &str) -> Result<(), StoreError> {
    let sql = "update roles set description = $2, updated_at = now() where id = $1";
    sqlx::query(sql).bind(id.0).bind(description).execute(conn).await?;
    Ok(())
}

/// From `now` (microseconds since 1970) on, another takes over.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn retire(conn: &mut PgConnection, id: RoleId, now: i64) -> Result<(), StoreError> {
    let sql = "update roles set retired_at = timestamptz 'epoch' + $2 * interval '1 microsecond' where id = $1";
    sqlx::query(sql).bind(id.0).bind(now).execute(conn).await?;
    Ok(())
}

/// Whether anybody has it.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn is_held(conn: &mut PgConnection, id: RoleId) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(IS_HELD_SQL).bind(id.0).fetch_one(conn).await?)
}

/// Moves everybody from one role to another: how many.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn move_users(conn: &mut PgConnection, from: RoleId, to: RoleId) -> Result<u64, StoreError> {
    Ok(sqlx::query(MOVE_SQL).bind(from.0).bind(to.0).execute(conn).await?.rows_affected())
}

/// Gives a user a role.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn assign(conn: &mut PgConnection, user: crate::domain::UserId, role: RoleId) -> Result<(), StoreError> {
    let sql = "update users set role_id = $2, updated_at = now() where id = $1";
    sqlx::query(sql).bind(user.0).bind(role.0).execute(conn).await?;
    Ok(())
}

/// At most `most` roles of a customer, by id; those replaced at `since` (microseconds since 1970) or before are gone.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn list(
    conn: &mut PgConnection,
    customer: CustomerId,
    filter: &RoleFilter,
    since: i64,
    most: usize,
) -> Result<Vec<Listed>, StoreError> {
    let ids = (!filter.ids.is_empty()).then_some(&filter.ids);
    let names = (!filter.names.is_empty()).then_some(&filter.names);
    let query = sqlx::query(LIST_SQL).bind(customer.0).bind(ids).bind(names).bind(since);
    let rows = query.bind(i64::try_from(most).unwrap_or(i64::MAX)).fetch_all(conn).await?;
    rows.iter().map(listed).collect()
}

/// What each of these roles gives.
///
/// # Errors
/// As [`living`].
pub async fn grants(
    conn: &mut PgConnection,
    ids: &[RoleId],
) -> Result<HashMap<RoleId, Vec<PermissionGrant>>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query(GRANTS_SQL).bind(ids).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((RoleId(row.try_get("id")?), grants_of(row)?))).collect()
}

/// Deletes at most `most` roles that were replaced at `before` (microseconds since 1970) or earlier: how many.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn purge(pool: &PgPool, before: i64, most: u32) -> Result<u64, StoreError> {
    Ok(sqlx::query(PURGE_SQL).bind(before).bind(i64::from(most)).execute(pool).await?.rows_affected())
}

fn read(row: &PgRow, customer: CustomerId) -> Result<Role, StoreError> {
    let content = RoleContent {
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        frontend_view: view(row)?,
        grants: grants_of(row)?,
    };
    Ok(Role { id: RoleId(row.try_get("id")?), customer, content })
}

fn listed(row: &PgRow) -> Result<Listed, StoreError> {
    Ok(Listed {
        id: RoleId(row.try_get("id")?),
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        frontend_view: view(row)?,
        grants: usize::try_from(row.try_get::<i32, _>("grants")?).unwrap_or_default(),
    })
}

fn view(row: &PgRow) -> Result<FrontendView, StoreError> {
    FrontendView::parse(row.try_get("frontend_view")?).map_err(|why| stored(row, why.into()))
}

fn grants_of(row: &PgRow) -> Result<Vec<PermissionGrant>, StoreError> {
    read_grants(row.try_get("grants")?).map_err(|why| stored(row, why))
}

fn stored(row: &PgRow, why: std::sync::Arc<str>) -> StoreError {
    StoreError::Stored { what: format!("role `{}`", row.try_get::<i64, _>("id").unwrap_or_default()), why }
}
