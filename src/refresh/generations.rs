//! The register of generations: which copies of the index exist, and which one serves.

use super::{Context, RefreshError};
use crate::index::{Generation, IndexError};
use crate::queue::{self, Fenced};
use sqlx::{PgConnection, PgExecutor, Row};
use std::time::Duration;
use uuid::Uuid;

/// A generation is created in so much time, or given up.
const CREATION: Duration = Duration::from_mins(10);
/// So many are deleted each time.
const MOST_DISCARDED: usize = 10;

/// Whether a rebuild of everybody waits or runs, in SQL: two looks, each by an index.
macro_rules! is_building {
    () => {
        "(exists (select from jobs where state = 'queued' and lane = 'large' and kind = 'rebuild' and scope ? 'everyone')
          or exists (select from jobs where claim is not null and kind = 'rebuild' and scope ? 'everyone'))"
    };
}

/// The generations that a refresh writes to, those of the schema before included: instances of the release before read
/// them while a new one rolls out. Read at each claim, never cached, so that a build which began in the meantime misses
/// nothing.
pub(super) async fn to_write(context: &Context) -> Result<Vec<Generation>, RefreshError> {
    let names: Vec<String> = sqlx::query_scalar(
        "select name from index_generations
         where schema_version between $1 - 1 and $1 and state in ('building', 'serving') order by id",
    )
    .bind(context.settings.schema_version)
    .fetch_all(&context.pool)
    .await?;
    Ok(names.into_iter().map(|name| Generation(name.into())).collect())
}

/// What an instance finds when it starts.
#[derive(Debug)]
pub(super) struct Found {
    /// What serves by the register.
    pub registered: Option<Generation>,
    /// What the index serves.
    pub serves: Option<Generation>,
    /// Whether the index serves what every change is written to. Between alias and register that is the one being built.
    pub is_written: bool,
}

/// Looks at both without waiting; where they differ, once more when no swap is under way elsewhere: halfway they do.
pub(super) async fn found(context: &Context) -> Result<Found, RefreshError> {
    if let Some(serves) = one(context.index.serving().await)? {
        let registered = serving(&context.pool, context).await?;
        let written = to_write(context).await?;
        let found = Found::of(registered, serves, &written);
        if found.is_written {
            return Ok(found);
        }
    }
    let mut transaction = context.pool.begin().await?;
    // What `serve` locks: it holds its lock until both are changed.
    let names: Vec<String> = sqlx::query_scalar(
        "select name from index_generations
         where schema_version = $1 and state in ('building', 'serving') order by id for update",
    )
    .bind(context.settings.schema_version)
    .fetch_all(&mut *transaction)
    .await?;
    let written: Vec<_> = names.into_iter().map(|name| Generation(name.into())).collect();
    let registered = serving(&mut *transaction, context).await?;
    let serves = match (one(context.index.serving().await)?, &registered) {
        (Some(serves), _) => serves,
        (None, Some(registered)) => {
            tracing::warn!(generation = %registered, "the index served several generations: it serves this one again");
            context.index.serve(registered).await?;
            Some(registered.clone())
        }
        (None, None) => {
            context.index.withdraw().await?;
            None
        }
    };
    Ok(Found::of(registered, serves, &written))
}

/// `None`: not one, but several. The answer to a swap that was given up can come late, and lead to one more.
#[allow(clippy::option_option, reason = "none serving and several serving are two things")]
fn one(serving: Result<Option<Generation>, IndexError>) -> Result<Option<Option<Generation>>, IndexError> {
    match serving {
        Ok(serving) => Ok(Some(serving)),
        Err(IndexError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Found {
    fn of(registered: Option<Generation>, serves: Option<Generation>, written: &[Generation]) -> Self {
        let is_written = registered.is_some() && serves.as_ref().is_some_and(|serves| written.contains(serves));
        Self { registered, serves, is_written }
    }
}

/// The one that serves by the register.
async fn serving(db: impl PgExecutor<'_>, context: &Context) -> Result<Option<Generation>, RefreshError> {
    let name: Option<String> =
        sqlx::query_scalar("select name from index_generations where schema_version = $1 and state = 'serving'")
            .bind(context.settings.schema_version)
            .fetch_optional(db)
            .await?;
    Ok(name.map(|name| Generation(name.into())))
}

/// Whether there are generations of an older schema and none of this one: a new release begins.
pub(super) async fn is_newer_schema(context: &Context) -> Result<bool, RefreshError> {
    let highest: Option<i32> =
        sqlx::query_scalar("select max(schema_version) from index_generations where state in ('building', 'serving')")
            .fetch_one(&context.pool)
            .await?;
    Ok(highest.is_some_and(|highest| highest < context.settings.schema_version))
}

/// Whether a newer schema is registered: then this release does not build any more.
pub(super) async fn is_outdated(context: &Context) -> Result<bool, RefreshError> {
    Ok(sqlx::query_scalar(
        "select exists (select from index_generations where schema_version > $1 and state in ('building', 'serving'))",
    )
    .bind(context.settings.schema_version)
    .fetch_one(&context.pool)
    .await?)
}

/// Whether a rebuild of everybody waits or runs.
pub(super) async fn is_building(db: impl PgExecutor<'_>) -> Result<bool, RefreshError> {
    Ok(sqlx::query_scalar(concat!("select ", is_building!())).fetch_one(db).await?)
}

/// Whether `generation` is still the index that was registered under its name. One that was registered before anybody
/// looked is taken at its word.
pub(super) async fn is_itself(context: &Context, generation: &Generation) -> Result<bool, RefreshError> {
    let Some(identity) = context.index.identity(generation).await? else { return Ok(true) };
    let registered: Option<String> = sqlx::query_scalar(
        "with learned as (update index_generations set identity = $2 where name = $1 and identity is null)
         select identity from index_generations where name = $1",
    )
    .bind(&*generation.0)
    .bind(&identity)
    .fetch_optional(&context.pool)
    .await?
    .flatten();
    Ok(registered.is_none_or(|registered| registered == identity))
}

/// The generation that is being built, or a new one under a name never used before. Says whether it is empty: then
/// the fill begins at the first user, whatever position an earlier attempt had reached in another one.
///
/// A new one is noted as retired first, then created in the index, then registered as being built: who reads the
/// register can write to what it names, and what a crash leaves in between is tidied away.
pub(super) async fn begin(context: &Context) -> Result<(Generation, bool), RefreshError> {
    let schema = context.settings.schema_version;
    let building: Option<String> =
        sqlx::query_scalar("select name from index_generations where schema_version = $1 and state = 'building'")
            .bind(schema)
            .fetch_optional(&context.pool)
            .await?;
    if let Some(name) = building {
        let generation = Generation(name.into());
        let empty = context.index.create(&generation).await?;
        if empty {
            // Somebody had deleted it.
            let identity = context.index.identity(&generation).await?;
            sqlx::query("update index_generations set identity = $2 where name = $1")
                .bind(&*generation.0)
                .bind(identity)
                .execute(&context.pool)
                .await?;
        }
        return Ok((generation, empty));
    }
    let id: i64 = sqlx::query_scalar("select nextval(pg_get_serial_sequence('index_generations', 'id'))")
        .fetch_one(&context.pool)
        .await?;
    let generation = Generation(format!("{}-v{schema}-{id:06}", context.settings.index_name).into());
    sqlx::query(
        "insert into index_generations (id, name, schema_version, state, retired_at) overriding system value
         values ($1, $2, $3, 'retired', now() + make_interval(secs => $4))",
    )
    .bind(id)
    .bind(&*generation.0)
    .bind(schema)
    .bind(CREATION.as_secs_f64())
    .execute(&context.pool)
    .await?;
    context.index.create(&generation).await?;
    let identity = context.index.identity(&generation).await?;
    let registered = sqlx::query(
        "update index_generations set state = 'building', retired_at = null, identity = $2
         where id = $1 and state = 'retired'",
    )
    .bind(id)
    .bind(identity)
    .execute(&context.pool)
    .await?;
    if registered.rows_affected() == 0 {
        // It took so long that it was tidied away.
        return Err(RefreshError::GivenUp(generation));
    }
    Ok((generation, true))
}

/// Makes `generation` the one that serves, in the index and then in the register; the one before is retired. Where the
/// schema served already, so are those of older schemas: the instances that read them are gone by then.
/// A crash in between leaves it building: the build runs again and comes here again.
///
/// # Errors
/// [`RefreshError::Fenced`] when the job is another attempt's by now, or cancelled. [`RefreshError::GivenUp`] when the
/// generation is not registered as being built: it may have missed writes since.
pub(super) async fn serve(context: &Context, token: Uuid, generation: &Generation) -> Result<(), RefreshError> {
    let mut transaction = context.pool.begin().await?;
    // Held until the end: an attempt that lost its job must not move the alias after another one did.
    if queue::hold(&mut transaction, token).await? == Fenced::Refused {
        return Err(RefreshError::Fenced);
    }
    match locked(&mut transaction, context, generation).await?.as_deref() {
        Some("building") => {}
        // Another attempt was quicker.
        Some("serving") => return Ok(()),
        _ => return Err(RefreshError::GivenUp(generation.clone())),
    }
    context.index.serve(generation).await?;
    register(context, &mut transaction, generation).await?;
    transaction.commit().await?;
    Ok(())
}

/// Notes that `generation` serves, and what it replaces as retired.
async fn register(context: &Context, conn: &mut PgConnection, generation: &Generation) -> Result<(), RefreshError> {
    sqlx::query(
        "update index_generations set state = 'retired', retired_at = now()
         where name <> $2 and state in ('building', 'serving')
           and ((schema_version = $1 and state = 'serving')
                or (schema_version < $1 and exists (
                    select from index_generations where schema_version = $1 and state = 'serving')))",
    )
    .bind(context.settings.schema_version)
    .bind(&*generation.0)
    .execute(&mut *conn)
    .await?;
    sqlx::query("update index_generations set state = 'serving' where name = $1")
        .bind(&*generation.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// The state of `generation`. It and all that are written to are locked until the end of the transaction: one at a time
/// begins to serve, or the alias of one could stay with the register of another; and none is given up meanwhile.
async fn locked(
    connection: &mut PgConnection,
    context: &Context,
    generation: &Generation,
) -> Result<Option<String>, RefreshError> {
    let rows = sqlx::query(
        "select name, state from index_generations
         where name = $2 or (schema_version <= $1 and state in ('building', 'serving')) order by id for update",
    )
    .bind(context.settings.schema_version)
    .bind(&*generation.0)
    .fetch_all(connection)
    .await?;
    for row in rows {
        if row.try_get::<&str, _>("name")? == &*generation.0 {
            return Ok(Some(row.try_get("state")?));
        }
    }
    Ok(None)
}

/// Retires what is being built and no job builds any more: a rebuild that was cancelled or failed. Until then every
/// change is written there too.
pub(super) async fn retire_abandoned(context: &Context) -> Result<(), RefreshError> {
    for generation in abandoned(&context.pool, context).await? {
        let mut transaction = context.pool.begin().await?;
        locked(&mut transaction, context, &generation).await?;
        if !abandoned(&mut *transaction, context).await?.contains(&generation) {
            continue;
        }
        let was_read = context.index.serving().await?.as_ref() == Some(&generation);
        if was_read {
            // Its builder died between alias and register. The one that is registered was written to all along.
            match serving(&mut *transaction, context).await? {
                Some(before) => context.index.serve(&before).await?,
                None => context.index.withdraw().await?,
            }
        }
        sqlx::query("update index_generations set state = 'retired', retired_at = now() where name = $1")
            .bind(&*generation.0)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        tracing::warn!(%generation, was_read, "nobody builds this generation any more: it will be deleted");
    }
    Ok(())
}

async fn abandoned(db: impl PgExecutor<'_>, context: &Context) -> Result<Vec<Generation>, RefreshError> {
    let names: Vec<String> = sqlx::query_scalar(concat!(
        "select name from index_generations where state = 'building' and schema_version <= $1 and not ",
        is_building!(),
        " order by id"
    ))
    .bind(context.settings.schema_version)
    .fetch_all(db)
    .await?;
    Ok(names.into_iter().map(|name| Generation(name.into())).collect())
}

/// Deletes what was retired long enough ago. Each is locked while it is deleted: nobody registers it meanwhile.
pub(super) async fn discard_retired(context: &Context, after: Duration) -> Result<(), RefreshError> {
    for _ in 0..MOST_DISCARDED {
        let mut transaction = context.pool.begin().await?;
        let next: Option<(i64, String)> = sqlx::query_as(
            "select id, name from index_generations
             where state = 'retired' and schema_version <= $2 and retired_at < now() - make_interval(secs => $1)
             order by id limit 1 for update skip locked",
        )
        .bind(after.as_secs_f64())
        .bind(context.settings.schema_version)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some((id, name)) = next else { return Ok(()) };
        context.index.discard(&Generation(name.into())).await?;
        sqlx::query("update index_generations set state = 'dropped' where id = $1")
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Forgets every generation: the embedded engine starts empty, and whatever Elasticsearch still has from before
/// would miss what is written from now on. What this index has of them is deleted: after a lost lock the embedded
/// engine would keep a whole copy in memory beside the new one. A newer schema's are its own release's business.
pub(super) async fn forget_all(context: &Context) -> Result<(), RefreshError> {
    let names: Vec<String> = sqlx::query_scalar(
        "update index_generations set state = 'dropped'
         where state <> 'dropped' and schema_version <= $1 returning name",
    )
    .bind(context.settings.schema_version)
    .fetch_all(&context.pool)
    .await?;
    for name in names.into_iter().filter(|name| name.starts_with(&context.settings.index_name)) {
        context.index.discard(&Generation(name.into())).await?;
    }
    Ok(())
}
