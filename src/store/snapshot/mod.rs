//! Users with everything that reaches them, page by page, as one consistent snapshot: one statement, one round trip.
//!
//! Here: the statement, its rows, and the binding of what they say to each user. Deciding what it means is the
//! domain's; taking a version before it is `refresh`'s. Called by `refresh` (pages) and `service` (one user).

mod cache;
mod rows;
mod sql;
mod supposed;
mod text;

pub use cache::SnapshotCache;
pub use sql::SQL;
pub use supposed::{Both, Supposed, load_both};
pub(in crate::store) use text::{grant as read_grant, grants as read_grants};

use super::{StoreError, Unreadable};
use crate::domain::{Binding, CustomerId, Effective, Origin, Permissions, PolicyId, RoleId, UserId};
use rows::{Given, Rows, UserRow};
use sqlx::PgConnection;
use std::sync::Arc;
use text::{Source, grant};

/// At most so many users are loaded at once.
pub const MAX_USERS: usize = 1_000;
/// A page has at most so many rows.
const MAX_ROWS: usize = 500_000;
/// A page has at most so many bytes of policies and grants.
const MAX_TEXT_BYTES: usize = 64 << 20;
/// Temporary grants are left out only when they expired so long ago (microseconds) that no clock can disagree.
pub const CERTAINLY_EXPIRED: i64 = 3_600_000_000;

/// What is stored of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loaded {
    /// There is no such user.
    Missing(UserId),
    /// Something that reaches him can't be read: he must have nothing.
    Unreadable(Unreadable),
    /// He is there, active or not.
    User(LoadedUser),
}

/// A user and what reaches him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedUser {
    /// For the answers.
    pub email: Box<str>,
    /// For the answers.
    pub ui_language: Box<str>,
    /// The slug of his customer.
    pub organization: Arc<str>,
    /// What reaches him, bound, in an order that depends on the data alone; his customer stands in here.
    pub permissions: Permissions,
}

/// Then others have a turn on the thread: a page takes tens of milliseconds, and checks wait for none of them.
const AT_A_TIME: usize = 32;

/// Loads `users` (at most [`MAX_USERS`]), one entry for each, in their order. `now` (microseconds since 1970) only
/// serves to leave out temporary grants that expired long ago.
///
/// # Errors
/// [`StoreError::Database`]; [`StoreError::TooMuch`] when these users together have more than a page may hold:
/// fewer of them may load.
pub async fn load(
    conn: &mut PgConnection,
    users: &[UserId],
    now: i64,
    cache: &SnapshotCache,
) -> Result<Vec<Loaded>, StoreError> {
    let rows = read(conn, users, now, cache).await?;
    let caches = Caches { shared: cache, supposed: None };
    let mut loaded = Vec::with_capacity(users.len());
    for some in users.chunks(AT_A_TIME) {
        loaded.extend(some.iter().map(|user| assembled(&rows, *user, caches)));
        if users.len() > AT_A_TIME {
            tokio::task::yield_now().await;
        }
    }
    Ok(loaded)
}

async fn read(conn: &mut PgConnection, users: &[UserId], now: i64, cache: &SnapshotCache) -> Result<Rows, StoreError> {
    if users.len() > MAX_USERS {
        return Err(StoreError::TooMuch { users: users.len(), bound: "1,000 users" });
    }
    let ids: Vec<i64> = users.iter().map(|user| user.0).collect();
    Rows::read(conn, &ids, now.saturating_sub(CERTAINLY_EXPIRED), cache).await
}

fn assembled(rows: &Rows, user: UserId, caches: Caches<'_>) -> Loaded {
    match rows.users.get(&user.0) {
        None => Loaded::Missing(user),
        Some(row) => match Assembly::of(rows, caches, user, row).and_then(Assembly::everything) {
            Ok(loaded) => Loaded::User(loaded),
            Err((what, why)) => Loaded::Unreadable(Unreadable { user, customer: row.customer, what, why }),
        },
    }
}

/// Loads one user; `None` when there is none.
///
/// # Errors
/// As [`load`], and [`StoreError::Unreadable`].
pub async fn load_one(
    conn: &mut PgConnection,
    user: UserId,
    now: i64,
    cache: &SnapshotCache,
) -> Result<Option<LoadedUser>, StoreError> {
    match load(conn, &[user], now, cache).await?.pop() {
        Some(Loaded::User(loaded)) => Ok(Some(loaded)),
        Some(Loaded::Unreadable(why)) => Err(why.into()),
        Some(Loaded::Missing(_)) | None => Ok(None),
    }
}

/// What can't be read, and why.
type Cause = (String, Arc<str>);

/// Where bound statements are kept, so that users share them.
#[derive(Clone, Copy)]
struct Caches<'a> {
    shared: &'a SnapshotCache,
    supposed: Option<&'a Supposed>,
}

impl<'a> Caches<'a> {
    fn of(self, source: Source) -> &'a SnapshotCache {
        self.supposed.map_or(self.shared, |supposed| supposed.cache_of(source, self.shared))
    }
}

/// One user in the making.
struct Assembly<'a> {
    rows: &'a Rows,
    caches: Caches<'a>,
    user: UserId,
    row: &'a UserRow,
    organization: &'a Arc<str>,
    statements: Vec<Arc<Effective>>,
}

impl<'a> Assembly<'a> {
    fn of(rows: &'a Rows, caches: Caches<'a>, user: UserId, row: &'a UserRow) -> Result<Self, Cause> {
        let organization = rows.organizations.get(&row.customer.0);
        let organization = organization.ok_or_else(|| (format!("customer `{}`", row.customer), "it is gone".into()))?;
        Ok(Self { rows, caches, user, row, organization, statements: Vec::new() })
    }

    fn everything(mut self) -> Result<LoadedUser, Cause> {
        let rows = self.rows;
        let customer = self.row.customer;
        for given in rows.to_customer.get(&customer.0).into_iter().flatten() {
            self.policy(Origin::Customer(customer), given)?;
        }
        for group in rows.groups_of.get(&self.user.0).into_iter().flatten() {
            for given in rows.to_group.get(group).into_iter().flatten() {
                self.policy(Origin::SecurityGroup(crate::domain::SecurityGroupId(*group)), given)?;
            }
        }
        for given in rows.to_user.get(&self.user.0).into_iter().flatten() {
            self.own_policy(given)?;
        }
        if let Some(role) = self.row.role {
            self.role(role)?;
        }
        self.temporary_grants()?;
        Ok(LoadedUser {
            email: self.row.email.clone(),
            ui_language: self.row.ui_language.clone(),
            organization: Arc::clone(self.organization),
            permissions: Permissions {
                user: self.user,
                customer,
                active: self.row.active,
                statements: self.statements,
            },
        })
    }

    fn binding(&self, scope: Option<CustomerId>) -> Binding<'a> {
        Binding::new(scope.unwrap_or(self.row.customer), self.user, self.organization)
    }

    /// A policy through his customer or a group.
    fn policy(&mut self, origin: Origin, (policy, scope): &Given) -> Result<(), Cause> {
        self.shared(Source::Policy(*policy), origin, *scope)
    }

    fn role(&mut self, role: RoleId) -> Result<(), Cause> {
        self.shared(Source::Role(role), Origin::Role(role), None)
    }

    fn shared(&mut self, source: Source, origin: Origin, scope: Option<CustomerId>) -> Result<(), Cause> {
        let text = self.text(source)?;
        let binding = self.binding(scope);
        let own = (self.row.customer, self.organization);
        let cache = self.caches.of(source);
        let bound = cache.bound((source, text), origin, &binding, own).map_err(|why| (source.to_string(), why))?;
        bound.give(&mut self.statements, source, origin, &binding, self.row.customer);
        Ok(())
    }

    /// A policy of his own: nobody else has that origin, so there is nothing to share.
    fn own_policy(&mut self, (policy, scope): &(PolicyId, Option<CustomerId>)) -> Result<(), Cause> {
        let source = Source::Policy(*policy);
        let said = self.text(source)?.read.as_ref().map_err(|why| (source.to_string(), Arc::clone(why)))?;
        let (binding, origin) = (self.binding(*scope), Origin::User(self.user));
        said.bind_all(&mut self.statements, source, origin, &binding, self.row.customer);
        Ok(())
    }

    fn temporary_grants(&mut self) -> Result<(), Cause> {
        for (id, until, text) in self.rows.temporary.get(&self.user.0).into_iter().flatten() {
            let grant = grant(text).map_err(|why| (format!("temporary grant `{id}`"), why))?;
            let (binding, origin) = (self.binding(None), Origin::TemporaryGrant(*id));
            self.statements.push(Arc::new(grant.bind(&binding, self.row.customer, Some(*until), origin)));
        }
        Ok(())
    }

    fn text(&self, source: Source) -> Result<&'a Arc<text::Text>, Cause> {
        self.rows.texts.get(&source).ok_or_else(|| (source.to_string(), "it is gone".into()))
    }
}
