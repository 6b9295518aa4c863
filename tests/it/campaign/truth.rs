//! What PostgreSQL has of every key.

use super::model::{Key, Value};
use sqlx::{PgPool, Row};

/// The value of `key`, read from the tables.
pub async fn value(pool: &PgPool, key: Key) -> Result<Value, String> {
    read(pool, key).await.map_err(|error| format!("{key} can't be read: {error}"))
}

async fn read(pool: &PgPool, key: Key) -> sqlx::Result<Value> {
    let row = match key {
        Key::Assigned { user, policy } => {
            sqlx::query("select (count(*) = 1)::int::bigint from assignments where user_id = $1 and policy_id = $2")
                .bind(user)
                .bind(policy)
        }
        Key::Active { user } => sqlx::query("select active::int::bigint from users where id = $1").bind(user),
        Key::Member { group, user } => sqlx::query(
            "select (count(*) = 1)::int::bigint from security_group_members where security_group_id = $1 and user_id = $2",
        )
        .bind(group)
        .bind(user),
        Key::Content { policy } => sqlx::query(
            "select substring(statements->0->'resources'->>0 from '[0-9]+$')::bigint from policies where id = $1",
        )
        .bind(policy),
        Key::Role { user } => {
            sqlx::query("select role_id - 1 from users where id = $1").bind(user)
        }
    };
    let value: i64 = row.fetch_one(pool).await?.try_get(0)?;
    Ok(u64::try_from(value).unwrap_or(u64::MAX))
}

/// The generations and the latest rebuilds, for whoever has to find out.
pub async fn register(pool: &PgPool) -> String {
    let generations = "select name || ' ' || state || ' made ' || created_at || coalesce(' retired ' || retired_at, '')
         from index_generations order by id";
    let rebuilds = "select id || ' ' || scope || ' ' || state || ', attempts ' || attempts || ', made ' || created_at
             || coalesce(' started ' || started_at, '') || coalesce(' finished ' || finished_at, '')
         from jobs where kind = 'rebuild' order by id desc limit 20";
    let mut text = String::new();
    for sql in [generations, rebuilds] {
        match sqlx::query_scalar::<_, String>(sql).fetch_all(pool).await {
            Ok(lines) => text = format!("{text}{}\n", lines.join("\n")),
            Err(error) => text = format!("{text}{error}\n"),
        }
    }
    text
}
