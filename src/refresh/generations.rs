//! The register of generations: which copies of the index exist, and which one serves.

use super::{Context, RefreshError};
use crate::index::{Generation, SCHEMA_VERSION};
use sqlx::Row;
use std::time::Duration;

/// The generations that a refresh writes to: read at each claim, never cached, so that a build which began in the
/// meantime misses nothing.
pub(super) async fn to_write(context: &Context) -> Result<Vec<Generation>, RefreshError> {
    let names: Vec<String> = sqlx::query_scalar(
        "select name from index_generations
         where schema_version = $1 and state in ('building', 'serving') order by id",
    )
    .bind(SCHEMA_VERSION)
    .fetch_all(&context.pool)
    .await?;
    Ok(names.into_iter().map(|name| Generation(name.into())).collect())
}

/// The one that serves by the register.
pub(super) async fn serving(context: &Context) -> Result<Option<Generation>, RefreshError> {
    let name: Option<String> =
        sqlx::query_scalar("select name from index_generations where schema_version = $1 and state = 'serving'")
            .bind(SCHEMA_VERSION)
            .fetch_optional(&context.pool)
            .await?;
    Ok(name.map(|name| Generation(name.into())))
}

/// The generation that is being built, or a new one under a name never used before. It is created in the index
/// before it is registered: who reads the register can write to it. Says whether it is empty: then the fill begins at
/// the first user, whatever position an earlier attempt had reached in another one.
pub(super) async fn begin(context: &Context) -> Result<(Generation, bool), RefreshError> {
    let building: Option<String> =
        sqlx::query_scalar("select name from index_generations where schema_version = $1 and state = 'building'")
            .bind(SCHEMA_VERSION)
            .fetch_optional(&context.pool)
            .await?;
    if let Some(name) = building {
        let generation = Generation(name.into());
        let empty = context.index.create(&generation).await?;
        return Ok((generation, empty));
    }
    let id: i64 = sqlx::query_scalar("select nextval(pg_get_serial_sequence('index_generations', 'id'))")
        .fetch_one(&context.pool)
        .await?;
    let generation = Generation(format!("{}-v{SCHEMA_VERSION}-{id:06}", context.settings.index_name).into());
    context.index.create(&generation).await?;
    sqlx::query(
        "insert into index_generations (id, name, schema_version, state) overriding system value
         values ($1, $2, $3, 'building')",
    )
    .bind(id)
    .bind(&*generation.0)
    .bind(SCHEMA_VERSION)
    .execute(&context.pool)
    .await?;
    Ok((generation, true))
}

/// Makes `generation` the one that serves, in the index and then in the register; the one before is retired.
/// A crash in between leaves it building: the build runs again and comes here again.
pub(super) async fn serve(context: &Context, generation: &Generation) -> Result<(), RefreshError> {
    context.index.serve(generation).await?;
    let mut transaction = context.pool.begin().await?;
    sqlx::query(
        "update index_generations set state = 'retired', retired_at = now()
         where schema_version = $1 and state = 'serving' and name <> $2",
    )
    .bind(SCHEMA_VERSION)
    .bind(&*generation.0)
    .execute(&mut *transaction)
    .await?;
    sqlx::query("update index_generations set state = 'serving' where name = $1")
        .bind(&*generation.0)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// Deletes what was retired long enough ago.
pub(super) async fn discard_retired(context: &Context, after: Duration) -> Result<(), RefreshError> {
    let rows = sqlx::query(
        "select id, name from index_generations
         where state = 'retired' and retired_at < now() - make_interval(secs => $1) order by id limit 10",
    )
    .bind(after.as_secs_f64())
    .fetch_all(&context.pool)
    .await?;
    for row in rows {
        let generation = Generation(row.try_get::<String, _>("name")?.into());
        context.index.discard(&generation).await?;
        sqlx::query("update index_generations set state = 'dropped' where id = $1")
            .bind(row.try_get::<i64, _>("id")?)
            .execute(&context.pool)
            .await?;
    }
    Ok(())
}

/// Forgets every generation: the embedded engine starts empty, and whatever Elasticsearch still has from before
/// would miss what is written from now on. What this index has of them is deleted: after a lost lock the embedded
/// engine would keep a whole copy in memory beside the new one.
pub(super) async fn forget_all(context: &Context) -> Result<(), RefreshError> {
    let names: Vec<String> =
        sqlx::query_scalar("update index_generations set state = 'dropped' where state <> 'dropped' returning name")
            .fetch_all(&context.pool)
            .await?;
    for name in names.into_iter().filter(|name| name.starts_with(&context.settings.index_name)) {
        context.index.discard(&Generation(name.into())).await?;
    }
    Ok(())
}
