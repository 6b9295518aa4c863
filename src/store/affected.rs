//! Whom a change affects: scopes resolved to users, page by page, when the job runs.

use super::StoreError;
use crate::domain::{Scope, UserId};
use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// [`count`] counts no further; beyond it the number is only about right.
pub const MAX_COUNTED: i64 = 100_000;

/// The scopes of one or several merged jobs.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Scopes {
    everyone: bool,
    users: Vec<i64>,
    groups: Vec<i64>,
    customers: Vec<i64>,
    roles: Vec<i64>,
    policies: Vec<i64>,
    jobs: Vec<Uuid>,
}

impl Scopes {
    /// Adds a scope.
    pub fn add(&mut self, scope: Scope) {
        match scope {
            Scope::User(id) => self.users.push(id.0),
            Scope::SecurityGroup(id) => self.groups.push(id.0),
            Scope::Customer(id) => self.customers.push(id.0),
            Scope::Role(id) => self.roles.push(id.0),
            Scope::Policy(id) => self.policies.push(id.0),
            Scope::Everyone => self.everyone = true,
            Scope::Listed => {}
        }
    }

    /// Adds the users that are stored beside the job `id`: those it cut off or lists.
    pub fn add_cut_off(&mut self, id: Uuid) {
        self.jobs.push(id);
    }

    /// Adds all of `others`.
    pub fn add_all(&mut self, others: Self) {
        self.everyone |= others.everyone;
        self.users.extend(others.users);
        self.groups.extend(others.groups);
        self.customers.extend(others.customers);
        self.roles.extend(others.roles);
        self.policies.extend(others.policies);
        self.jobs.extend(others.jobs);
    }

    /// Whether all users are affected.
    #[must_use]
    pub fn is_everyone(&self) -> bool {
        self.everyone
    }

    /// When it is only ids, the next page of them: no query, and no connection, is needed to find them.
    #[must_use]
    pub fn only_users_page(&self, after: Option<UserId>, limit: u32) -> Option<Vec<UserId>> {
        let above = |user: &&i64| after.is_none_or(|after| **user > after.0);
        let mut ids: Vec<_> = self.only_users()?.iter().filter(above).map(|id| UserId(*id)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.truncate(limit as usize);
        Some(ids)
    }

    fn only_users(&self) -> Option<&[i64]> {
        let rest = [&self.groups, &self.customers, &self.roles, &self.policies];
        let none = !self.everyone && self.jobs.is_empty() && rest.iter().all(|ids| ids.is_empty());
        none.then_some(&self.users)
    }

    fn bind<'q>(&'q self, sql: &'static str, after: Option<UserId>, limit: i64) -> Query<'q, Postgres, PgArguments> {
        sqlx::query(sql)
            .bind(after.map_or(i64::MIN, |user| user.0))
            .bind(limit)
            .bind(self.everyone)
            .bind(&self.users)
            .bind(&self.groups)
            .bind(&self.customers)
            .bind(&self.roles)
            .bind(&self.policies)
            .bind(&self.jobs)
    }
}

impl From<Scope> for Scopes {
    fn from(scope: Scope) -> Self {
        let mut scopes = Self::default();
        scopes.add(scope);
        scopes
    }
}

/// Parameters: after, limit, everyone, users, groups, customers, roles, policies, jobs. Each branch walks an index from
/// `after` on and stops at the limit, so a page costs as much at the end of a walk as at its start. The arrays
/// stand in sub-selects so that one generic plan serves whatever their lengths (see `snapshot/sql.rs`).
macro_rules! affected {
    () => {
        "with reached_groups as materialized (
    select unnest((select $5)::bigint[]) as id
    union
    select a.security_group_id from assignments a
    where a.policy_id = any ((select $8)::bigint[]) and a.user_id is null and a.security_group_id is not null
),
reached_customers as materialized (
    select unnest((select $6)::bigint[]) as id
    union
    select a.customer_id from assignments a
    where a.policy_id = any ((select $8)::bigint[]) and a.user_id is null and a.security_group_id is null
)
select id from (
    (select u.id from users u where $3 and u.id > $1 order by u.id limit $2)
    union all
    (select id from unnest((select $4)::bigint[]) as listed (id) where id > $1 order by id limit $2)
    union all
    select m.user_id from reached_groups g cross join lateral (
        select m.user_id from security_group_members m
        where m.security_group_id = g.id and m.user_id > $1 order by m.user_id limit $2
    ) m
    union all
    select u.id from reached_customers c cross join lateral (
        select u.id from users u where u.customer_id = c.id and u.id > $1 order by u.id limit $2
    ) u
    union all
    select u.id from unnest((select $7)::bigint[]) as r (id) cross join lateral (
        select u.id from users u where u.role_id = r.id and u.id > $1 order by u.id limit $2
    ) u
    union all
    select a.user_id from unnest((select $8)::bigint[]) as p (id) cross join lateral (
        select a.user_id from assignments a
        where a.policy_id = p.id and a.user_id is not null and a.user_id > $1 order by a.user_id limit $2
    ) a
    union all
    select j.user_id from unnest((select $9)::uuid[]) as listing (id) cross join lateral (
        select j.user_id from job_users j
        where j.job_id = listing.id and j.user_id > $1 order by j.user_id limit $2
    ) j
) affected group by id order by id limit $2"
    };
}

/// Whether some of these users are affected. Parameters: users, everyone, users, groups, customers, roles, policies, jobs.
pub const ANY_SQL: &str = "
with asked as materialized (
    select a.id, u.customer_id, u.role_id from unnest((select $1)::bigint[]) as a (id) left join users u on u.id = a.id
),
groups as materialized (
    select m.user_id, m.security_group_id from security_group_members m where m.user_id = any (array(select id from asked))
)
select exists (
    select from asked where ($2 and customer_id is not null) or id = any ($3) or customer_id = any ($5) or role_id = any ($6)
    union all
    select from groups where security_group_id = any ($4)
    union all
    select from assignments a
    where a.user_id = any (array(select id from asked)) and a.user_id is not null and a.policy_id = any ($7)
    union all
    select from assignments a
    where a.security_group_id = any (array(select security_group_id from groups)) and a.security_group_id is not null
      and a.policy_id = any ($7)
    union all
    select from assignments a
    where a.customer_id = any (array(select customer_id from asked)) and a.user_id is null
      and a.security_group_id is null and a.policy_id = any ($7)
    union all
    select from job_users j where j.job_id = any ($8) and j.user_id = any (array(select id from asked))
)";
/// Which of these users are affected. Parameters: as [`ANY_SQL`].
pub const AMONG_SQL: &str = "
with asked as materialized (
    select a.id, u.customer_id, u.role_id from unnest((select $1)::bigint[]) as a (id) left join users u on u.id = a.id
),
groups as materialized (
    select m.user_id, m.security_group_id from security_group_members m where m.user_id = any (array(select id from asked))
)
select id from asked where ($2 and customer_id is not null) or id = any ($3) or customer_id = any ($5) or role_id = any ($6)
union
select user_id from groups where security_group_id = any ($4)
union
select a.user_id from assignments a
where a.user_id = any (array(select id from asked)) and a.user_id is not null and a.policy_id = any ($7)
union
select g.user_id from groups g join assignments a on a.security_group_id = g.security_group_id
where a.security_group_id is not null and a.policy_id = any ($7)
union
select k.id from asked k join assignments a on a.customer_id = k.customer_id
where a.user_id is null and a.security_group_id is null and a.policy_id = any ($7)
union
select j.user_id from job_users j where j.job_id = any ($8) and j.user_id = any (array(select id from asked))";
/// One page.
pub const PAGE_SQL: &str = affected!();
/// How many there are, up to the limit.
pub const COUNT_SQL: &str = concat!("select count(*) from (", affected!(), ") page");
/// About how many users there are.
pub const ESTIMATE_SQL: &str = "select greatest(reltuples, 0)::bigint from pg_class where oid = 'users'::regclass";

/// The affected users above `after`, ascending, each once, at most `limit` of them: fewer only at the end. Users
/// that don't exist any more are among them when they are named by id.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn page(
    conn: &mut PgConnection,
    scopes: &Scopes,
    after: Option<UserId>,
    limit: u32,
) -> Result<Vec<UserId>, StoreError> {
    if let Some(users) = scopes.only_users_page(after, limit) {
        return Ok(users);
    }
    let rows = scopes.bind(PAGE_SQL, after, i64::from(limit)).fetch_all(conn).await?;
    rows.iter().map(|row| Ok(UserId(row.try_get(0)?))).collect()
}

/// How many users are affected: exact up to [`MAX_COUNTED`], beyond it about. For showing progress.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn count(conn: &mut PgConnection, scopes: &Scopes) -> Result<i64, StoreError> {
    let counted = count_to(conn, scopes, MAX_COUNTED).await?;
    if counted < MAX_COUNTED || !scopes.everyone {
        return Ok(counted);
    }
    let estimate: i64 = sqlx::query_scalar(ESTIMATE_SQL).fetch_one(conn).await?;
    Ok(estimate.max(counted))
}

/// Whether `scope` affects at most `bound` users: it then goes into the small lane. Looks at `bound` + 1 rows at
/// most, and at none for a single user.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn is_small(conn: &mut PgConnection, scope: Scope, bound: u16) -> Result<bool, StoreError> {
    match scope {
        Scope::User(_) => Ok(true),
        // Even where it is few: it is never in a hurry, and it grows.
        Scope::Everyone => Ok(false),
        _ => Ok(count_to(conn, &scope.into(), i64::from(bound) + 1).await? <= i64::from(bound)),
    }
}

/// Whether `scopes` affect at least one of `users`.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn any_of(conn: &mut PgConnection, scopes: &Scopes, users: &[UserId]) -> Result<bool, StoreError> {
    let ids: Vec<i64> = users.iter().map(|user| user.0).collect();
    let query = sqlx::query_scalar(ANY_SQL).bind(ids).bind(scopes.everyone).bind(&scopes.users).bind(&scopes.groups);
    let query = query.bind(&scopes.customers).bind(&scopes.roles).bind(&scopes.policies).bind(&scopes.jobs);
    Ok(query.fetch_one(conn).await?)
}

/// Which of `users` `scopes` affect.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn among(conn: &mut PgConnection, scopes: &Scopes, users: &[UserId]) -> Result<Vec<UserId>, StoreError> {
    let ids: Vec<i64> = users.iter().map(|user| user.0).collect();
    let query = sqlx::query_scalar(AMONG_SQL).bind(ids).bind(scopes.everyone).bind(&scopes.users).bind(&scopes.groups);
    let query = query.bind(&scopes.customers).bind(&scopes.roles).bind(&scopes.policies).bind(&scopes.jobs);
    Ok(query.fetch_all(conn).await?.into_iter().map(UserId).collect())
}

async fn count_to(conn: &mut PgConnection, scopes: &Scopes, most: i64) -> Result<i64, StoreError> {
    Ok(scopes.bind(COUNT_SQL, None, most).fetch_one(conn).await?.try_get(0)?)
}
