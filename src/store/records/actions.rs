//! The catalogue of actions, as it is administered. As callers see it: `store::actions`.

use super::Lock;
use crate::store::StoreError;
use crate::store::actions::{ActionEntry, read};
use sqlx::{PgConnection, Postgres, QueryBuilder};

const COLUMNS: &str = "a.name, a.model, a.title, a.description, a.experimental";

/// The action, if it is known.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn get(conn: &mut PgConnection, name: &str, lock: Lock) -> Result<Option<ActionEntry>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(" from actions a where a.name = ").push_bind(name);
    query.push(lock.clause());
    query.build().fetch_optional(conn).await?.as_ref().map(read).transpose()
}

/// A page of them, by name.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn list(
    conn: &mut PgConnection,
    model: Option<&str>,
    after: &str,
    limit: u16,
) -> Result<Vec<ActionEntry>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(" from actions a where a.name > ").push_bind(after);
    if let Some(model) = model {
        query.push(" and a.model = ").push_bind(model);
    }
    query.push(" order by a.name limit ").push_bind(i64::from(limit));
    query.build().persistent(false).fetch_all(conn).await?.iter().map(read).collect()
}

/// Inserts one; false when the name is taken.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn insert(conn: &mut PgConnection, entry: &ActionEntry) -> Result<bool, StoreError> {
    let sql = "insert into actions (name, model, title, description, experimental) values ($1, $2, $3, $4, $5)
        on conflict do nothing";
    Ok(write(sql, conn, entry).await? == 1)
}

/// Replaces what is said of one.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn update(conn: &mut PgConnection, entry: &ActionEntry) -> Result<(), StoreError> {
    let sql = "update actions set model = $2, title = $3, description = $4, experimental = $5 where name = $1";
    write(sql, conn, entry).await.map(drop)
}

async fn write(sql: &'static str, conn: &mut PgConnection, entry: &ActionEntry) -> Result<u64, StoreError> {
    let query = sqlx::query(sql).bind(&entry.name).bind(&entry.model).bind(&entry.title).bind(&entry.description);
    Ok(query.bind(entry.experimental).execute(conn).await?.rows_affected())
}

/// Deletes one.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn delete(conn: &mut PgConnection, name: &str) -> Result<(), StoreError> {
    sqlx::query("delete from actions where name = $1").bind(name).execute(conn).await?;
    Ok(())
}
