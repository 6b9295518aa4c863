//! Export: everything that an import can bring, in the same format and always in the same order, from one snapshot.
//!
//! Streamed, so its memory does not grow with what there is. Called by `cli` and tests.

use crate::domain::{read_grant, read_statements, write_grant, write_statements};
use crate::json::{Errors, Node, parse};
use crate::store::StoreError;
use futures::TryStreamExt;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};
use std::io::{self, Write};
use uuid::Uuid;

/// Why an export broke off; what was written is not whole then.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody's hand was in the database.
    #[error("{what} is stored in a form that can't be read: write it anew, then export again")]
    Unreadable {
        /// Such as ``policy `3` ``.
        what: String,
    },
    /// What was exported can't be written.
    #[error("the export could not be written: is there room, and does the reader still listen?")]
    Write(#[source] io::Error),
}

impl From<sqlx::Error> for ExportError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<io::Error> for ExportError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// Writes everything to `out` (give it a buffer), a line each. How many lines.
///
/// # Errors
/// [`ExportError`].
pub async fn export(pool: &PgPool, out: &mut (impl Write + Send)) -> Result<u64, ExportError> {
    let mut transaction = pool.begin().await?;
    let conn = &mut *transaction;
    sqlx::raw_sql("set transaction isolation level repeatable read, read only; set local statement_timeout = 0")
        .execute(&mut *conn)
        .await?;
    let mut lines = 0;
    lines += each(conn, out, "select id, organization, name from customers order by id", customer).await?;
    let roles = "select r.id, c.organization, r.name, r.description, r.frontend_view, r.permission_grants::text
        from roles r join customers c on c.id = r.customer_id where r.retired_at is null order by r.id";
    lines += each(conn, out, roles, role).await?;
    let users = "select u.id, u.customer_id, u.email, u.ui_language, u.active, r.name
        from users u left join roles r on r.id = u.role_id order by u.id";
    lines += each(conn, out, users, user).await?;
    let groups = "select id, customer_id, name, description from security_groups order by id";
    lines += each(conn, out, groups, group).await?;
    let members = "select security_group_id, user_id from security_group_members order by security_group_id, user_id";
    lines += each(conn, out, members, member).await?;
    let policies = "select id, customer_id, name, description, statements::text from policies order by id";
    lines += each(conn, out, policies, policy).await?;
    let assignments = "select policy_id, user_id, security_group_id,
            case when user_id is null and security_group_id is null then customer_id else scope_customer_id end
        from assignments
        order by policy_id, customer_id, user_id nulls first, security_group_id nulls first, scope_customer_id nulls first";
    lines += each(conn, out, assignments, assignment).await?;
    let actions = "select name, model, title, description, experimental from actions order by name collate \"C\"";
    lines += each(conn, out, actions, action).await?;
    let grants = "select id, user_id, permission_grant::text, (extract(epoch from expires_at) * 1000000)::bigint,
            justification, tags::text
        from temporary_grants order by id";
    lines += each(conn, out, grants, temporary_grant).await?;
    out.flush()?;
    transaction.rollback().await?;
    Ok(lines)
}

type Write_<W> = fn(&PgRow, &mut W) -> Result<(), ExportError>;

async fn each<W: Write + Send>(
    conn: &mut PgConnection,
    out: &mut W,
    sql: &'static str,
    write: Write_<W>,
) -> Result<u64, ExportError> {
    let mut rows = sqlx::query(sql).fetch(conn);
    let mut lines = 0;
    while let Some(row) = rows.try_next().await? {
        write(&row, out)?;
        lines += 1;
    }
    Ok(lines)
}

/// One line; the fields in their order.
fn line(out: &mut impl Write, value: &impl Serialize) -> Result<(), ExportError> {
    serde_json::to_writer(&mut *out, value).map_err(io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}

#[derive(Serialize)]
struct Customer<'a> {
    kind: &'static str,
    id: i64,
    organization: &'a str,
    name: &'a str,
}

fn customer<W: Write>(row: &PgRow, out: &mut W) -> Result<(), ExportError> {
    let organization = row.try_get(1)?;
    line(out, &Customer { kind: "customer", id: row.try_get(0)?, organization, name: row.try_get(2)? })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Role<'a> {
    kind: &'static str,
    id: i64,
    organization: &'a str,
    name: &'a str,
    description: &'a str,
    frontend_view: &'a str,
    permission_grants: Json,
}

fn role<W: Write>(row: &PgRow, out: &mut W) -> Result<(), ExportError> {
    let id: i64 = row.try_get(0)?;
    let permission_grants = canonical_grants(row.try_get(5)?).ok_or_else(|| unreadable("role", id))?;
    let role = Role {
        kind: "role",
        id,
        organization: row.try_get(1)?,
        name: row.try_get(2)?,
        description: row.try_get(3)?,
        frontend_view: row.try_get(4)?,
        permission_grants,
    };
    line(out, &role)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct User<'a> {
    kind: &'static str,
    id: i64,
    customer_id: i64,
    email: &'a str,
    ui_language: &'a str,
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_name: Option<&'a str>,
}

fn user<W: Write>(row: &PgRow, out: &mut W) -> Result<(), ExportError> {
    let user = User {
        kind: "user",
        id: row.try_get(0)?,
        customer_id: row.try_get(1)?,
        email: row.try_get(2)?,
        ui_language: row.try_get(3)?,
        active: row.try_get(4)?,
        role_name: row.try_get(5)?,
    };
    line(out, &user)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Group<'a> {
    kind: &'static str,
    id: i64,
    customer_id: i64,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

fn group<W: Write>(row: &PgRow, out: &mut W) -> Result<(), ExportError> {
    let (id, customer_id, name) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    line(out, &Group { kind: "securityGroup", id, customer_id, name, description: row.try_get(3)? })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    kind: &'static str,
    security_group_id: i64,
    user_id: i64,
}

fn member<W: Write>(row: &PgRow, out: &mut W) -> Result<(), ExportError> {
    line(out, &Member { kind: "member", security_group_id: row.try_get(0)?, user_id: row.try_get(1)? })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Policy<'a> {
    kind: &'static str,
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<i64>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    statements: Json,
}

fn policy<W: Write>(row: &PgRow, out: &mut W) -> Result<(), ExportError> {
    let id = row.try_get(0)?;
    let statements = canonical_statements(row.try_get(4)?).ok_or_else(|| unreadable("policy", id))?;
    let (customer_id, name) = (row.try_get(1)?, row.try_get(2)?);
    line(out, &Policy { kind: "policy", id, customer_id, name, description: row.try_get(3)?, statements })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Assignment {
    kind: &'static str,
    policy_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    security_group_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<i64>,
}

fn assignment<W: Write>(row: &PgRow, out: &mut W) -> Result<(), ExportError> {
    let (user_id, security_group_id) = (row.try_get(1)?, row.try_get(2)?);
    let policy_id = row.try_get(0)?;
    let kind = "assignment";
    line(out, &Assignment { kind, policy_id, user_id, security_group_id, customer_id: row.try_get(3)? })
}

#[derive(Serialize)]
struct Action<'a> {
    kind: &'static str,
    name: &'a str,
    model: &'a str,
    title: &'a str,
    description: &'a str,
    experimental: bool,
}

fn action<W: Write>(row: &PgRow, out: &mut W) -> Result<(), ExportError> {
    let action = Action {
        kind: "action",
        name: row.try_get(0)?,
        model: row.try_get(1)?,
        title: row.try_get(2)?,
        description: row.try_get(3)?,
        experimental: row.try_get(4)?,
    };
    line(out, &action)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TemporaryGrant<'a> {
    kind: &'static str,
    id: Uuid,
    user_id: i64,
    permission_grant: Json,
    expires_at: Timestamp,
    justification: &'a str,
    tags: &'a RawValue,
}

fn temporary_grant<W: Write>(row: &PgRow, out: &mut W) -> Result<(), ExportError> {
    let id: Uuid = row.try_get(0)?;
    let broken = || unreadable("temporary grant", id);
    let grant = TemporaryGrant {
        kind: "temporaryGrant",
        id,
        user_id: row.try_get(1)?,
        permission_grant: canonical_grant(row.try_get(2)?).ok_or_else(broken)?,
        expires_at: Timestamp::from_microsecond(row.try_get(3)?).map_err(|_| broken())?,
        justification: row.try_get(4)?,
        tags: serde_json::from_str(row.try_get(5)?).map_err(|_| broken())?,
    };
    line(out, &grant)
}

fn unreadable(word: &str, id: impl std::fmt::Display) -> ExportError {
    ExportError::Unreadable { what: format!("{word} `{id}`") }
}

// Written anew rather than passed on: what an import of this line will store is then what is exported again.

fn canonical_statements(text: &str) -> Option<Json> {
    let mut errors = Errors::default();
    let read = read_statements(parse(text.as_bytes()).ok()?, "", &mut errors);
    errors.check(read).ok().map(|statements| write_statements(&statements))
}

fn canonical_grant(text: &str) -> Option<Json> {
    let mut errors = Errors::default();
    let read = read_grant(parse(text.as_bytes()).ok()?, "", &mut errors);
    errors.check(read).ok().map(|grant| write_grant(&grant))
}

fn canonical_grants(text: &str) -> Option<Json> {
    let Node::Array(items) = parse(text.as_bytes()).ok()? else { return None };
    let mut errors = Errors::default();
    let grants: Option<Vec<_>> = items.into_iter().map(|item| read_grant(item, "", &mut errors)).collect();
    errors.check(grants).ok().map(|grants| grants.iter().map(write_grant).collect())
}
