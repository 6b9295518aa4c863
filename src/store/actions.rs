//! The catalogue of actions.

use super::StoreError;
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

/// One known action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionEntry {
    /// `doc:read`.
    pub name: String,
    /// What it is done to: `doc`.
    pub model: String,
    /// For people.
    pub title: String,
    /// For people.
    pub description: String,
    /// May change or go away.
    pub experimental: bool,
}

/// The actions of a model.
pub const BY_MODEL_SQL: &str =
    "select name, model, title, description, experimental from actions where model = $1 order by name limit 10000";
/// The models, stepping through the index from one to the next.
pub const MODELS_SQL: &str = "
with recursive models (model) as (
    (select model from actions order by model limit 1)
    union all
    select next.model from models m cross join lateral (
        select a.model from actions a where a.model > m.model order by a.model limit 1
    ) next
)
select model from models limit 1000";

/// The actions of `model` by name, at most 10,000; empty when there is no such model.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn by_model(conn: &mut PgConnection, model: &str) -> Result<Vec<ActionEntry>, StoreError> {
    let rows = sqlx::query(BY_MODEL_SQL).bind(model).fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

/// The known models in order, at most 1,000.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn models(conn: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar(MODELS_SQL).fetch_all(conn).await?)
}

pub(super) fn read(row: &PgRow) -> Result<ActionEntry, StoreError> {
    Ok(ActionEntry {
        name: row.try_get("name")?,
        model: row.try_get("model")?,
        title: row.try_get("title")?,
        description: row.try_get("description")?,
        experimental: row.try_get("experimental")?,
    })
}
