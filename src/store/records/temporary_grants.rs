//! Temporary grants: made, listed in any order, and tidied once they have expired.

use crate::domain::{CustomerId, PermissionGrant, TemporaryGrantId, UserId, write_grant};
use crate::store::StoreError;
use crate::store::snapshot::read_grant;
use jiff::Timestamp;
use serde_json::Value as Json;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};

/// A temporary grant to be.
#[derive(Debug, Clone, PartialEq)]
pub struct NewGrant {
    /// Its id.
    pub id: TemporaryGrantId,
    /// The user's tenant.
    pub customer: CustomerId,
    /// Who is given it.
    pub user: UserId,
    /// What.
    pub grant: PermissionGrant,
    /// From this instant on it gives nothing (microseconds since 1970).
    pub expires_at: i64,
    /// Why.
    pub justification: String,
    /// Text to text or null.
    pub tags: Json,
    /// Who made it: `acme_17`, `service:billing`.
    pub creator: String,
}

/// A temporary grant.
#[derive(Debug, Clone, PartialEq)]
pub struct TemporaryGrant {
    /// What was said when it was made.
    pub made: NewGrant,
    /// Its place in the order of their making.
    pub serial: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// Which temporary grants of a customer; all that is given must hold, and of a list one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GrantFilter {
    /// With one of these ids.
    pub ids: Vec<uuid::Uuid>,
    /// Of one of these users.
    pub users: Vec<i64>,
    /// Of this permission.
    pub permission_name: Option<String>,
    /// Expired at this instant (microseconds since 1970), or not.
    pub expired: Option<(bool, i64)>,
    /// Made by one of these.
    pub creators: Vec<String>,
    /// With all of these.
    pub tags: Vec<TagFilter>,
}

/// A tag that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagFilter {
    /// Whatever its value.
    Any(String),
    /// With this value, `None` being null.
    Is(String, Option<String>),
}

/// What they can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortField {
    /// The user's id.
    User,
    /// The instant of expiry.
    ExpiresAt,
    /// The permission's name, byte by byte.
    PermissionName,
}

/// A field of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortBy {
    /// Which.
    pub field: SortField,
    /// The largest first.
    pub descending: bool,
}

/// A place in an order: what a grant is sorted by. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    user: i64,
    expires_at: i64,
    name: String,
    serial: i64,
}

impl TemporaryGrant {
    /// Its place in every order.
    #[must_use]
    pub fn position(&self) -> Position {
        let NewGrant { user, grant, expires_at, .. } = &self.made;
        let name = grant.permission_name.as_str().to_owned();
        Position { user: user.0, expires_at: *expires_at, name, serial: self.serial }
    }
}

impl SortField {
    const fn expression(self) -> &'static str {
        match self {
            Self::User => "temporary_grants.user_id",
            // Not the column of the answer, which has the same name and no index.
            Self::ExpiresAt => "temporary_grants.expires_at",
            Self::PermissionName => "(permission_grant ->> 'permission_name') collate \"C\"",
        }
    }
}

const COLUMNS: &str = "id, serial, customer_id, user_id, permission_grant::text as permission_grant,
    (extract(epoch from expires_at) * 1000000)::bigint as expires_at, justification, tags, creator,
    (extract(epoch from created_at) * 1000000)::bigint as created_at,
    (extract(epoch from updated_at) * 1000000)::bigint as updated_at";

/// Marks grants that have expired as tidied, and tells whose they were. Parameters: the instant (microseconds since 1970),
/// how many at most.
pub const TIDY_SQL: &str = "update temporary_grants set tidied = true where id = any (array(
    select id from temporary_grants
    where not tidied and expires_at <= timestamptz 'epoch' + $1 * interval '1 microsecond'
    order by expires_at limit $2 for update skip locked))
returning user_id";

/// Makes one.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn insert(conn: &mut PgConnection, new: &NewGrant) -> Result<(), StoreError> {
    let sql = "insert into temporary_grants
            (id, customer_id, user_id, permission_grant, expires_at, justification, tags, creator)
        values ($1, $2, $3, $4, timestamptz 'epoch' + $5 * interval '1 microsecond', $6, $7, $8)";
    let query = sqlx::query(sql).bind(new.id.0).bind(new.customer.0).bind(new.user.0).bind(write_grant(&new.grant));
    let query = query.bind(new.expires_at).bind(&new.justification).bind(&new.tags).bind(&new.creator);
    query.execute(conn).await?;
    Ok(())
}

/// The grant of a serial number, if the customer has it.
///
/// # Errors
/// [`StoreError::Database`]; [`StoreError::Stored`] when it can't be read as it is stored.
pub async fn by_serial(
    conn: &mut PgConnection,
    customer: CustomerId,
    serial: i64,
) -> Result<Option<TemporaryGrant>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(" from temporary_grants where serial = ").push_bind(serial);
    query.push(" and customer_id = ").push_bind(customer.0);
    query.build().fetch_optional(conn).await?.as_ref().map(read).transpose()
}

/// At most `most` grants of a customer that `filter` lets through, in order, after a position. What ties in every field
/// is in the order of its making, or in its reverse where the last field is descending: as the indexes have it.
///
/// # Errors
/// As [`by_serial`].
pub async fn list(
    conn: &mut PgConnection,
    customer: CustomerId,
    filter: &GrantFilter,
    order: &[SortBy],
    after: Option<&Position>,
    most: u16,
) -> Result<Vec<TemporaryGrant>, StoreError> {
    let mut query = list_query(customer, filter, order, after, most);
    // Planned for its values each time: a tenant may have hardly any of the grants, or nearly all.
    query.build().persistent(false).fetch_all(conn).await?.iter().map(read).collect()
}

fn list_query(
    customer: CustomerId,
    filter: &GrantFilter,
    order: &[SortBy],
    after: Option<&Position>,
    most: u16,
) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(" from temporary_grants where customer_id = ").push_bind(customer.0);
    restrict(&mut query, filter);
    if let Some(after) = after {
        continue_after(&mut query, order, after);
    }
    query.push(" order by ");
    for by in order {
        query.push(by.field.expression()).push(if by.descending { " desc, " } else { ", " });
    }
    query.push(if is_reversed(order) { "serial desc" } else { "serial" });
    query.push(" limit ").push_bind(i64::from(most));
    query
}

fn restrict(query: &mut QueryBuilder<Postgres>, filter: &GrantFilter) {
    if !filter.ids.is_empty() {
        query.push(" and id = any (").push_bind(filter.ids.clone()).push(")");
    }
    if !filter.users.is_empty() {
        query.push(" and user_id = any (").push_bind(filter.users.clone()).push(")");
    }
    if let Some(name) = &filter.permission_name {
        let expression = SortField::PermissionName.expression();
        query.push(" and ").push(expression).push(" = ").push_bind(name.clone());
    }
    if let Some((is_expired, now)) = filter.expired {
        query.push(if is_expired { " and expires_at <= " } else { " and expires_at > " });
        push_instant(query, now);
    }
    if !filter.creators.is_empty() {
        query.push(" and creator = any (").push_bind(filter.creators.clone()).push(")");
    }
    for tag in &filter.tags {
        match tag {
            TagFilter::Any(key) => _ = query.push(" and jsonb_exists(tags, ").push_bind(key.clone()).push(")"),
            TagFilter::Is(key, value) => {
                let mut wanted = serde_json::Map::new();
                wanted.insert(key.clone(), value.clone().map_or(Json::Null, Json::String));
                query.push(" and tags @> ").push_bind(Json::Object(wanted));
            }
        }
    }
}

/// Whether ties are in the reverse of the order of their making.
fn is_reversed(order: &[SortBy]) -> bool {
    order.last().is_some_and(|last| last.descending)
}

/// Whatever comes later in the order.
fn continue_after(query: &mut QueryBuilder<Postgres>, order: &[SortBy], after: &Position) {
    let reversed = is_reversed(order);
    if order.iter().all(|by| by.descending == reversed) {
        // One comparison of rows, which an index answers from its place on.
        query.push(" and (");
        for by in order {
            query.push(by.field.expression()).push(", ");
        }
        query.push(if reversed { "serial) < (" } else { "serial) > (" });
        for by in order {
            push_value(query, by.field, after);
            query.push(", ");
        }
        query.push_bind(after.serial).push(")");
    } else {
        continue_mixed(query, order, after);
    }
}

/// Later in a field and equal in those before it, or equal in all and later in the order of their making.
fn continue_mixed(query: &mut QueryBuilder<Postgres>, order: &[SortBy], after: &Position) {
    if let Some(first) = order.first() {
        // Said twice: this is what an index can begin at.
        query.push(" and ").push(first.field.expression()).push(if first.descending { " <= " } else { " >= " });
        push_value(query, first.field, after);
    }
    query.push(" and (");
    for count in 0..=order.len() {
        query.push(if count == 0 { "(" } else { " or (" });
        for by in order.iter().take(count) {
            query.push(by.field.expression()).push(" = ");
            push_value(query, by.field, after);
            query.push(" and ");
        }
        match order.get(count) {
            Some(by) => {
                query.push(by.field.expression()).push(if by.descending { " < " } else { " > " });
                push_value(query, by.field, after);
            }
            None => {
                query.push(if is_reversed(order) { "serial < " } else { "serial > " }).push_bind(after.serial);
            }
        }
        query.push(")");
    }
    query.push(")");
}

fn push_value(query: &mut QueryBuilder<Postgres>, field: SortField, position: &Position) {
    match field {
        SortField::User => _ = query.push_bind(position.user),
        SortField::ExpiresAt => push_instant(query, position.expires_at),
        SortField::PermissionName => _ = query.push_bind(position.name.clone()),
    }
}

fn push_instant(query: &mut QueryBuilder<Postgres>, micros: i64) {
    query.push("timestamptz 'epoch' + ").push_bind(micros).push(" * interval '1 microsecond'");
}

/// Marks at most `most` grants that had expired at `now` (microseconds since 1970): the user of each, whose document is to
/// be written anew, in the same transaction.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn tidy(conn: &mut PgConnection, now: i64, most: u32) -> Result<Vec<i64>, StoreError> {
    Ok(sqlx::query_scalar(TIDY_SQL).bind(now).bind(i64::from(most)).fetch_all(conn).await?)
}

fn read(row: &PgRow) -> Result<TemporaryGrant, StoreError> {
    let id = TemporaryGrantId(row.try_get("id")?);
    let grant = read_grant(row.try_get("permission_grant")?);
    let grant = grant.map_err(|why| StoreError::Stored { what: format!("temporary grant `{id}`"), why })?;
    let (created_at, updated_at) = super::instants_of(row)?;
    let made = NewGrant {
        id,
        customer: CustomerId(row.try_get("customer_id")?),
        user: UserId(row.try_get("user_id")?),
        grant,
        expires_at: row.try_get("expires_at")?,
        justification: row.try_get("justification")?,
        tags: row.try_get("tags")?,
        creator: row.try_get("creator")?,
    };
    Ok(TemporaryGrant { made, serial: row.try_get("serial")?, created_at, updated_at })
}
