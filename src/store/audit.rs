//! The audit log: who changed what when. Append-only; the database refuses the rest.

use super::StoreError;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder, Row};

/// One row of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entry<'a> {
    /// Who: a user's `{org}_{id}`, `service:<name>`, `cli:<login>`.
    pub actor: &'a str,
    /// On behalf of which organization, if another than his own.
    pub organization: Option<&'a str>,
    /// What was done, such as `permdex:permission:assign`.
    pub action: &'a str,
    /// To what, such as `user:17`.
    pub target: &'a str,
    /// The tenant whose thing it is: who may read the row.
    pub customer: Option<i64>,
    /// What differs, as it was: at most 64 KiB, which is the caller's to see to.
    pub before: Option<&'a Json>,
    /// What differs, as it is.
    pub after: Option<&'a Json>,
    /// The request it came with.
    pub request_id: Option<&'a str>,
    /// Why, where a reason is asked for.
    pub justification: Option<&'a str>,
}

/// Adds one row.
pub const INSERT_SQL: &str = "
insert into audit (actor, organization, action, target, customer_id, before, after, request_id, justification)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Adds one row, in the transaction of the change it tells of.
///
/// # Errors
/// [`StoreError::Database`]: the caller's transaction is broken then.
pub async fn insert(conn: &mut PgConnection, entry: &Entry<'_>) -> Result<(), StoreError> {
    sqlx::query(INSERT_SQL)
        .bind(entry.actor)
        .bind(entry.organization)
        .bind(entry.action)
        .bind(entry.target)
        .bind(entry.customer)
        .bind(entry.before)
        .bind(entry.after)
        .bind(entry.request_id)
        .bind(entry.justification)
        .execute(conn)
        .await?;
    Ok(())
}

/// So many refused attempts of one caller are written down in an hour.
pub const REFUSED_BY_ONE: i64 = 20;
/// So many of all callers.
pub const REFUSED_BY_ALL: i64 = 1_000;

/// Adds the row of a refused attempt, unless its bounds are met.
pub const REFUSED_SQL: &str = "
insert into audit (actor, organization, action, target, customer_id, request_id, refused)
select $1, $2, $3, $4, $5, $6, $7
where (select count(*) from (
        select from audit a where a.actor = $1 and a.refused is not null and a.at > now() - interval '1 hour' limit $8
    ) own) < $8
  and (select count(*) from (
        select from audit a where a.refused is not null and a.at > now() - interval '1 hour' limit $9
    ) others) < $9";

/// Adds the row of an attempt that was refused for the reason `why`; at most [`REFUSED_BY_ONE`] an hour of one caller and
/// [`REFUSED_BY_ALL`] of all. Its before and after are nobody's yet, and not kept. Says whether it was added.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn insert_refused(conn: &mut PgConnection, entry: &Entry<'_>, why: &str) -> Result<bool, StoreError> {
    let query = sqlx::query(REFUSED_SQL).bind(entry.actor).bind(entry.organization).bind(entry.action);
    let query = query.bind(entry.target).bind(entry.customer).bind(entry.request_id).bind(why);
    Ok(query.bind(REFUSED_BY_ONE).bind(REFUSED_BY_ALL).execute(conn).await?.rows_affected() > 0)
}

/// Makes the partitions of the coming months, unless they are there. The owner of the database can detach old ones.
///
/// # Errors
/// [`StoreError::Database`]: rows then go to the default partition.
pub async fn months_ahead(pool: &PgPool) -> Result<(), StoreError> {
    sqlx::query("select audit_months_ahead(3)").execute(pool).await?;
    Ok(())
}

/// A row as its readers see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRow {
    /// Counts up.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// On behalf of which organization, if another than his own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// What was done, or was to be.
    pub action: String,
    /// To what.
    pub target: String,
    /// Whose thing it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<i64>,
    /// What differs, as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Json>,
    /// What differs, as it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Json>,
    /// The request it came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Why, where a reason is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    /// Why it was refused; it was done where this is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// Which rows; what is `None` does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// About things of these customers.
    pub customers: Option<Vec<i64>>,
    /// By this actor.
    pub actor: Option<String>,
    /// About this target.
    pub target: Option<String>,
    /// From this instant on, in microseconds since 1970.
    pub from: Option<i64>,
    /// Before this instant, in microseconds since 1970.
    pub to: Option<i64>,
}

/// At most `limit` rows below the id `before`, the newest first.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn list(
    conn: &mut PgConnection,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: u16,
) -> Result<Vec<AuditRow>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select id, (extract(epoch from at) * 1000000)::bigint as at, actor, organization, action, target, customer_id,
            before, after, request_id, justification, refused from audit where id < ",
    );
    query.push_bind(before.unwrap_or(i64::MAX));
    match filter.customers.as_deref() {
        None => {}
        Some([one]) => _ = query.push(" and customer_id = ").push_bind(*one),
        Some(many) => _ = query.push(" and customer_id = any (").push_bind(many.to_vec()).push(")"),
    }
    for (column, wanted) in [("actor", &filter.actor), ("target", &filter.target)] {
        if let Some(wanted) = wanted {
            query.push(" and ").push(column).push(" = ").push_bind(wanted);
        }
    }
    for (compared, instant) in [("at >= ", filter.from), ("at < ", filter.to)] {
        if let Some(micros) = instant {
            query
                .push(" and ")
                .push(compared)
                .push("timestamptz 'epoch' + interval '1 microsecond' * ")
                .push_bind(micros);
        }
    }
    query.push(" order by id desc limit ").push_bind(i64::from(limit));
    // As the lists of `records`: planned for its values.
    query.build().persistent(false).fetch_all(conn).await?.iter().map(read).collect()
}

fn read(row: &PgRow) -> Result<AuditRow, StoreError> {
    let at = Timestamp::from_microsecond(row.try_get("at")?).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(AuditRow {
        id: row.try_get("id")?,
        at,
        actor: row.try_get("actor")?,
        organization: row.try_get("organization")?,
        action: row.try_get("action")?,
        target: row.try_get("target")?,
        customer_id: row.try_get("customer_id")?,
        before: row.try_get("before")?,
        after: row.try_get("after")?,
        request_id: row.try_get("request_id")?,
        justification: row.try_get("justification")?,
        refused: row.try_get("refused")?,
    })
}
