//! The rows of the statement, sorted into what they are.

use super::cache::SnapshotCache;
use super::text::{Source, Text};
use super::{MAX_ROWS, MAX_TEXT_BYTES};
use crate::domain::{CustomerId, PolicyId, RoleId, TemporaryGrantId};
use crate::store::StoreError;
use foldhash::HashMap;
use futures::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use std::sync::Arc;

/// A policy and the scope customer of its assignment.
pub(super) type Given = (PolicyId, Option<CustomerId>);

#[derive(Debug, Clone)]
pub(super) struct UserRow {
    pub customer: CustomerId,
    pub role: Option<RoleId>,
    pub active: bool,
    pub email: Box<str>,
    pub ui_language: Box<str>,
}

/// One snapshot of all that reaches a page of users.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    pub users: HashMap<i64, UserRow>,
    pub organizations: HashMap<i64, Arc<str>>,
    pub groups_of: HashMap<i64, Vec<i64>>,
    pub to_customer: HashMap<i64, Vec<Given>>,
    pub to_group: HashMap<i64, Vec<Given>>,
    pub to_user: HashMap<i64, Vec<Given>>,
    pub texts: HashMap<Source, Arc<Text>>,
    /// Per user: id, expiry in microseconds, text.
    pub temporary: HashMap<i64, Vec<(TemporaryGrantId, i64, Box<str>)>>,
}

impl Rows {
    pub(super) async fn read(
        conn: &mut PgConnection,
        users: &[i64],
        expired: i64,
        cache: &SnapshotCache,
    ) -> Result<Self, StoreError> {
        let mut rows = Self::default();
        let (mut count, mut bytes) = (0, 0);
        let too_much = |bound| StoreError::TooMuch { users: users.len(), bound };
        // As a stream: each text is read and dropped as it comes.
        let mut stream = sqlx::query(super::SQL).bind(users).bind(expired).fetch(conn);
        while let Some(row) = stream.try_next().await? {
            let (items, text) = rows.add(&row, cache)?;
            count += items;
            bytes += text;
            if count > MAX_ROWS {
                return Err(too_much("500,000 rows"));
            }
            if bytes > MAX_TEXT_BYTES {
                return Err(too_much("64 MiB of policies"));
            }
        }
        drop(stream);
        rows.sort();
        Ok(rows)
    }

    /// Adds one row; how many items and bytes of text it brought.
    fn add(&mut self, row: &PgRow, cache: &SnapshotCache) -> Result<(usize, usize), sqlx::Error> {
        let kind = row.try_get::<i16, _>(0)?;
        if let 2..=5 = kind {
            return Ok((self.add_lists(kind, row)?, 0));
        }
        let id = |index: usize| row.try_get::<i64, _>(index);
        let text = || row.try_get::<&str, _>(5);
        let first = id(1)?;
        match kind {
            0 => {
                let user = UserRow {
                    customer: CustomerId(id(2)?),
                    role: row.try_get::<Option<i64>, _>(3)?.map(RoleId),
                    active: row.try_get(4)?,
                    email: text()?.into(),
                    ui_language: row.try_get::<&str, _>(6)?.into(),
                };
                self.users.insert(first, user);
            }
            1 => _ = self.organizations.insert(first, text()?.into()),
            kind @ 6..=7 => {
                let source = if kind == 6 { Source::Policy(PolicyId(first)) } else { Source::Role(RoleId(first)) };
                let text = text()?;
                self.texts.insert(source, cache.text(source, text));
                return Ok((1, text.len()));
            }
            _ => {
                let grant = (TemporaryGrantId(row.try_get(7)?), id(2)?, text()?.into());
                self.temporary.entry(first).or_default().push(grant);
                return Ok((1, text()?.len()));
            }
        }
        Ok((1, 0))
    }

    /// Adds memberships or assignments: lists of equal length. None where there are none.
    fn add_lists(&mut self, kind: i16, row: &PgRow) -> Result<usize, sqlx::Error> {
        let list = |index: usize| Ok::<_, sqlx::Error>(row.try_get::<Option<Vec<i64>>, _>(index)?.unwrap_or_default());
        let (firsts, seconds) = (list(8)?, list(9)?);
        let count = firsts.len();
        if kind == 2 {
            for (user, group) in firsts.into_iter().zip(seconds) {
                self.groups_of.entry(user).or_default().push(group);
            }
            return Ok(count);
        }
        let target = match kind {
            3 => &mut self.to_customer,
            4 => &mut self.to_group,
            _ => &mut self.to_user,
        };
        let scopes = row.try_get::<Vec<Option<i64>>, _>(10)?;
        for ((policy, to), scope) in firsts.into_iter().zip(seconds).zip(scopes) {
            target.entry(to).or_default().push((PolicyId(policy), scope.map(CustomerId)));
        }
        Ok(count)
    }

    /// Rows come in any order, documents are compared byte by byte (`verify`): the same data gives the same list.
    fn sort(&mut self) {
        self.groups_of.values_mut().for_each(|list| list.sort_unstable());
        let targets = [&mut self.to_customer, &mut self.to_group, &mut self.to_user];
        for given in targets.into_iter().flat_map(|target| target.values_mut()) {
            given.sort_unstable();
        }
        self.temporary.values_mut().for_each(|list| list.sort_unstable());
    }
}
