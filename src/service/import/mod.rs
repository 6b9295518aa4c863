//! Import: a file of NDJSON (design section 7), straight into the database, whole or not at all.
//!
//! A thread reads and checks line by line (`line.rs`) while staging tables fill by COPY; what takes more than one
//! line to see is checked there (`sql.rs`), then merged, set by set, with the job that refreshes whom it concerns and
//! an audit row, all in one transaction. Nobody's privileges are compared: who may run it may do everything.
//! Called by `cli`, the demo, tests and benches.

mod error;
mod line;
mod lines;
mod source;
mod sql;
mod staged;

pub use error::{ImportError, LineError, LineErrors, MAX_ERRORS};
pub use lines::MAX_LINE;
pub use staged::{Counts, Kind};

use crate::clock::Clock;
use crate::domain::{CustomerId, PolicyId, RoleId, Scope, SecurityGroupId, UserId};
use crate::queue::{self, JobId, Lane, NewJob};
use crate::store::affected::{self, Scopes};
use crate::store::audit;
use serde_json::json;
use source::Source;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};
use std::collections::BTreeMap;
use std::io::Read;

/// Up to so many users are listed beside the job; beyond, it is their customer, or everyone.
const MAX_LISTED: u16 = 1_000;

/// Organizations that other storage clusters have, each with the cluster's name.
pub type Elsewhere = BTreeMap<String, String>;

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Lines of the file, a kind.
    pub lines: Counts,
    /// Rows added or changed, a kind.
    pub changed: Counts,
    /// The job that refreshes whom it concerns; none when nobody's permissions can have changed.
    pub job: Option<JobId>,
}

/// Imports `source`, gzip or not. `actor` is who does it, such as `cli:<login name>`.
///
/// # Errors
/// [`ImportError`]: nothing was imported then.
pub async fn import(
    pool: &PgPool,
    source: impl Read + Send + 'static,
    actor: &str,
    clock: &Clock,
) -> Result<Imported, ImportError> {
    import_beside(&Elsewhere::new(), pool, source, actor, clock).await
}

/// The same, but for organizations that other storage clusters have.
///
/// # Errors
/// [`ImportError`]: nothing was imported then.
pub async fn import_beside(
    elsewhere: &Elsewhere,
    pool: &PgPool,
    source: impl Read + Send + 'static,
    actor: &str,
    clock: &Clock,
) -> Result<Imported, ImportError> {
    let mut transaction = pool.begin().await?;
    let conn = &mut *transaction;
    let lines = stage(conn, source).await?;
    sqlx::raw_sql(sql::ANALYZE).execute(&mut *conn).await?;
    sqlx::raw_sql(sql::LOCK).execute(&mut *conn).await?;
    for statement in sql::HOLD {
        sqlx::query(statement).execute(&mut *conn).await?;
    }
    check(conn).await?;
    check_elsewhere(conn, elsewhere).await?;
    let changed = merge(conn, actor).await?;
    check(conn).await?;
    let job = if changed.total() == 0 { None } else { record(conn, &changed, actor, clock).await? };
    transaction.commit().await?;
    Ok(Imported { lines, changed, job })
}

/// Fills the staging tables. How many lines there were.
async fn stage(conn: &mut PgConnection, source: impl Read + Send + 'static) -> Result<Counts, ImportError> {
    let mut source = Source::start(source);
    sqlx::raw_sql(sql::UNBOUND).execute(&mut *conn).await?;
    sqlx::raw_sql(sql::STAGE).execute(&mut *conn).await?;
    while let Some((kind, rows)) = source.next().await {
        let mut copy = conn.copy_in_raw(kind.copy_sql()).await?;
        copy.send(rows).await?;
        copy.finish().await?;
    }
    source.finish().await
}

async fn check(conn: &mut PgConnection) -> Result<(), ImportError> {
    let wanted = i64::try_from(MAX_ERRORS).unwrap_or(i64::MAX).saturating_add(1);
    let rows = sqlx::query(sql::CHECK).bind(wanted).fetch_all(conn).await?;
    line_errors(&rows)
}

/// Rows of a line's number and what is wrong with it.
fn line_errors(rows: &[PgRow]) -> Result<(), ImportError> {
    let mut errors = LineErrors::default();
    for row in rows {
        let line: i64 = row.try_get(0)?;
        errors.add(u64::try_from(line).unwrap_or(0), row.try_get::<String, _>(1)?);
    }
    if errors.is_empty() { Ok(()) } else { Err(ImportError::Invalid(errors)) }
}

/// An organization is in one storage cluster: those of the file must not be in another.
async fn check_elsewhere(conn: &mut PgConnection, elsewhere: &Elsewhere) -> Result<(), ImportError> {
    if elsewhere.is_empty() {
        return Ok(());
    }
    let (organizations, clusters): (Vec<&str>, Vec<&str>) =
        elsewhere.iter().map(|(organization, cluster)| (organization.as_str(), cluster.as_str())).unzip();
    let wanted = i64::try_from(MAX_ERRORS).unwrap_or(i64::MAX).saturating_add(1);
    let rows = sqlx::query(sql::ELSEWHERE).bind(organizations).bind(clusters).bind(wanted).fetch_all(conn).await?;
    line_errors(&rows)
}

/// Merges the staging tables, in the order in which rows need one another. How many rows changed.
async fn merge(conn: &mut PgConnection, actor: &str) -> Result<Counts, ImportError> {
    let mut changed = Counts::default();
    for statement in [sql::SEQUENCES, sql::ROLE_NAMES] {
        sqlx::query(statement).execute(&mut *conn).await?;
    }
    run(conn, Kind::Customer, sql::CUSTOMERS, &mut changed).await?;
    sqlx::query(sql::ROLE_IDS).execute(&mut *conn).await?;
    run(conn, Kind::Role, sql::ROLES, &mut changed).await?;
    run(conn, Kind::SecurityGroup, sql::GROUPS, &mut changed).await?;
    run(conn, Kind::Policy, sql::POLICIES, &mut changed).await?;
    sqlx::query(sql::TRUST).execute(&mut *conn).await?;
    run(conn, Kind::User, sql::USERS, &mut changed).await?;
    run(conn, Kind::Member, sql::MEMBERS, &mut changed).await?;
    sqlx::query(sql::MISTRUST).execute(&mut *conn).await?;
    run(conn, Kind::Assignment, sql::ASSIGNMENTS, &mut changed).await?;
    run(conn, Kind::Action, sql::ACTIONS, &mut changed).await?;
    let grants: i64 = sqlx::query_scalar(sql::GRANTS).bind(actor).fetch_one(&mut *conn).await?;
    changed.add(Kind::TemporaryGrant, grants.unsigned_abs());
    Ok(changed)
}

async fn run(
    conn: &mut PgConnection,
    kind: Kind,
    statement: &'static str,
    changed: &mut Counts,
) -> Result<(), ImportError> {
    let rows: i64 = sqlx::query_scalar(statement).fetch_one(conn).await?;
    changed.add(kind, rows.unsigned_abs());
    Ok(())
}

/// The job and the audit row.
async fn record(
    conn: &mut PgConnection,
    changed: &Counts,
    actor: &str,
    clock: &Clock,
) -> Result<Option<JobId>, ImportError> {
    let customer: Option<i64> = sqlx::query_scalar(sql::ONE_CUSTOMER).fetch_one(&mut *conn).await?;
    let id = JobId::new(clock);
    let job = job(conn, customer).await?;
    if let Some((scope, lane, users)) = &job {
        let job = NewJob {
            id,
            kind: queue::Kind::Refresh,
            scope: json!(scope),
            customer,
            actor: actor.to_owned(),
            lane: *lane,
            waited: false,
        };
        queue::enqueue(conn, &job, users).await?;
    }
    let after: serde_json::Map<_, _> = Kind::ALL
        .into_iter()
        .filter(|kind| changed.of(*kind) > 0)
        .map(|kind| (kind.word().to_owned(), json!(changed.of(kind))))
        .collect();
    let (target, after) = (format!("import:{id}"), json!({ "changed": after }));
    let entry =
        audit::Entry { actor, action: "import", target: &target, customer, after: Some(&after), ..Default::default() };
    audit::insert(conn, &entry).await?;
    Ok(job.map(|_| id))
}

/// Whom the job is about: the users themselves when they are few, else the one customer they are all of, else
/// everyone. None: nobody.
async fn job(conn: &mut PgConnection, customer: Option<i64>) -> Result<Option<(Scope, Lane, Vec<i64>)>, ImportError> {
    let large = customer.map_or(Scope::Everyone, |id| Scope::Customer(CustomerId(id)));
    let most = i64::from(MAX_LISTED) + 1;
    let touched = sqlx::query(sql::TOUCHED).bind(most).fetch_all(&mut *conn).await?;
    if touched.len() > usize::from(MAX_LISTED) {
        return Ok(Some((large, Lane::Large, Vec::new())));
    }
    let mut scopes = Scopes::default();
    for row in touched {
        let id: i64 = row.try_get(1)?;
        scopes.add(match row.try_get::<&str, _>(0)? {
            "u" => Scope::User(UserId(id)),
            "g" => Scope::SecurityGroup(SecurityGroupId(id)),
            "c" => Scope::Customer(CustomerId(id)),
            "r" => Scope::Role(RoleId(id)),
            _ => Scope::Policy(PolicyId(id)),
        });
    }
    let users = affected::page(conn, &scopes, None, u32::from(MAX_LISTED) + 1).await?;
    Ok(match users.len() {
        0 => None,
        few if few <= usize::from(MAX_LISTED) => {
            Some((Scope::Listed, Lane::Small, users.iter().map(|user| user.0).collect()))
        }
        _ => Some((large, Lane::Large, Vec::new())),
    })
}
