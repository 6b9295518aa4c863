//! Ids: which were freed by a deletion, and the next that never was anybody's.
//!
//! A freed id keeps living in other systems, in tokens and in the audit log, so only services use it again. Triggers
//! remember it (`migrations/0002_administration.sql`), whoever deletes.

use crate::store::StoreError;
use sqlx::{PgConnection, Row};

/// Whose ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// `customers`.
    Customer,
    /// `users`.
    User,
    /// `security_groups`.
    SecurityGroup,
    /// `policies`.
    Policy,
}

/// Whether an id was freed. Parameters: kind, id.
pub const IS_FREED_SQL: &str = "select exists (select from freed_ids where kind = $1 and id = $2)";

/// The next of a sequence that is neither taken nor freed: ids may also come from other systems. Of 100 tries, and when
/// all are taken the sequence is moved beyond the highest below 2^53 (which every client's numbers hold). A sub-select,
/// not an anti-join, for which the planner would read the whole table.
macro_rules! next {
    ($kind:literal, $table:literal) => {
        concat!(
            "with tried as materialized (
    select nextval(pg_get_serial_sequence('",
            $table,
            "', 'id')) as id from generate_series(1, $1::integer)
)
select min(t.id) from tried t
where (select r.id from ",
            $table,
            " r where r.id = t.id) is null
  and not exists (select from freed_ids f where f.kind = '",
            $kind,
            "' and f.id = t.id)"
        )
    };
}

/// Moves a sequence beyond what is there.
macro_rules! skip {
    ($kind:literal, $table:literal) => {
        concat!(
            "select setval(pg_get_serial_sequence('",
            $table,
            "', 'id'), greatest(
    (select max(id) from ",
            $table,
            " where id < 9007199254740992),
    (select max(id) from freed_ids where kind = '",
            $kind,
            "' and id < 9007199254740992)))"
        )
    };
}

/// How many ids are tried once the first is taken.
const TRIES: i32 = 100;

impl IdKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::User => "user",
            Self::SecurityGroup => "securityGroup",
            Self::Policy => "policy",
        }
    }

    /// The statement that finds the next id.
    #[must_use]
    pub const fn next_sql(self) -> &'static str {
        match self {
            Self::Customer => next!("customer", "customers"),
            Self::User => next!("user", "users"),
            Self::SecurityGroup => next!("securityGroup", "security_groups"),
            Self::Policy => next!("policy", "policies"),
        }
    }

    const fn skip_sql(self) -> &'static str {
        match self {
            Self::Customer => skip!("customer", "customers"),
            Self::User => skip!("user", "users"),
            Self::SecurityGroup => skip!("securityGroup", "security_groups"),
            Self::Policy => skip!("policy", "policies"),
        }
    }
}

/// Whether `id` belonged to something that was deleted.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn is_freed(conn: &mut PgConnection, kind: IdKind, id: i64) -> Result<bool, StoreError> {
    let query = sqlx::query_scalar(IS_FREED_SQL).bind(kind.word()).bind(id);
    Ok(query.fetch_one(conn).await?)
}

/// An id that nothing has and nothing had. Somebody may still take it before this transaction does: the insert says so.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn next(conn: &mut PgConnection, kind: IdKind) -> Result<i64, StoreError> {
    for tries in [1, TRIES] {
        if let Some(id) = tried(conn, kind, tries).await? {
            return Ok(id);
        }
    }
    sqlx::query(kind.skip_sql()).execute(&mut *conn).await?;
    tried(conn, kind, TRIES).await?.ok_or_else(|| StoreError::Database(sqlx::Error::RowNotFound))
}

async fn tried(conn: &mut PgConnection, kind: IdKind, tries: i32) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query(kind.next_sql()).bind(tries).fetch_one(conn).await?.try_get(0)?)
}
