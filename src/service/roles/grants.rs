//! Listing temporary grants: those that the caller may get, in any order, page by page.
//!
//! What he may not get is left out silently, and the pages stay exact: rows are read in order and judged one by one until
//! a page is full and it is known whether there is more.

use super::Tenant;
use super::judge::of_grant;
use crate::service::caller::Caller;
use crate::service::cluster::Cluster;
use crate::service::error::ServiceError;
use crate::service::right::{Own, Right};
use crate::store::records::temporary_grants::{self, GrantFilter, Position, SortBy, TemporaryGrant};
use sqlx::PgConnection;

/// A page has at most so many.
pub const MAX_PAGE: u16 = 10;
/// Rows read at a time for somebody who may not get them all.
const BATCH: u16 = 200;
/// One request reads no more rows: the page then ends early, and the next one goes on behind them.
const MAX_READ: usize = 10_000;

/// A list of temporary grants.
#[derive(Debug, Clone, PartialEq)]
pub struct GrantQuestion {
    /// Which.
    pub filter: GrantFilter,
    /// In which order; ties in that of their making, or in its reverse where the last field is descending.
    pub order: Vec<SortBy>,
    /// 0 to [`MAX_PAGE`].
    pub limit: u16,
    /// After the grant of this serial number; 0: from the first on.
    pub continuation_token: i64,
}

/// A page of temporary grants.
#[derive(Debug, Clone, PartialEq)]
pub struct GrantPage {
    /// In order.
    pub grants: Vec<TemporaryGrant>,
    /// Where to go on; none: there is no more.
    pub next: Option<i64>,
}

impl Cluster {
    /// A page of the temporary grants of an organization that the caller may get.
    ///
    /// # Errors
    /// `NotFound` for an organization in which somebody of another may get none; `Invalid` when the token is of no grant
    /// here.
    pub async fn temporary_grants(
        &self,
        caller: &Caller,
        tenant: &Tenant,
        asked: &GrantQuestion,
    ) -> Result<GrantPage, ServiceError> {
        if !self.may_look(caller, tenant, Right::TEMPORARY_GRANT_GET, "temporaryGrant")? {
            return Ok(GrantPage { grants: Vec::new(), next: None });
        }
        let mut connection = self.connection().await?;
        let mut after = self.position(&mut connection, tenant, asked.continuation_token).await?;
        let (mut page, mut read) = (Page::new(asked), 0);
        let most = if caller.is_service() { asked.limit + 1 } else { BATCH };
        loop {
            let (filter, order) = (&asked.filter, asked.order.as_slice());
            let rows = temporary_grants::list(&mut connection, tenant.customer, filter, order, after.as_ref(), most);
            let rows = self.observed(rows.await)?;
            read += rows.len();
            let is_last = rows.len() < usize::from(most);
            after = rows.last().map(TemporaryGrant::position);
            let end = rows.last().map(|last| last.serial);
            if rows.into_iter().filter(|grant| self.may_get(caller, tenant, grant)).any(|grant| page.is_full_at(grant))
            {
                return Ok(page.more());
            }
            if is_last {
                return Ok(page.end());
            }
            if read >= MAX_READ {
                return Ok(page.cut(end));
            }
        }
    }

    fn may_get(&self, caller: &Caller, tenant: &Tenant, grant: &TemporaryGrant) -> bool {
        let made = &grant.made;
        let attributes = of_grant(&made.user.to_string(), made.grant.permission_name.as_str());
        let own = Own::one(tenant.customer, "temporaryGrant", made.user.0);
        caller.may(Right::TEMPORARY_GRANT_GET, own, &attributes, Some(&tenant.organization), self.now())
    }

    async fn position(
        &self,
        conn: &mut PgConnection,
        tenant: &Tenant,
        token: i64,
    ) -> Result<Option<Position>, ServiceError> {
        if token == 0 {
            return Ok(None);
        }
        let found = self.observed(temporary_grants::by_serial(conn, tenant.customer, token).await)?;
        let gone = || {
            let detail =
                format!("`{token}` is no continuation token of this list, or its grant is gone: begin anew with 0");
            ServiceError::invalid("/continuation_token", detail)
        };
        found.map(|grant| Some(grant.position())).ok_or_else(gone)
    }
}

/// A page in the making.
struct Page {
    grants: Vec<TemporaryGrant>,
    limit: usize,
    token: i64,
}

impl Page {
    fn new(asked: &GrantQuestion) -> Self {
        Self { grants: Vec::new(), limit: usize::from(asked.limit), token: asked.continuation_token }
    }

    /// Adds one, or says that the page is full without it.
    fn is_full_at(&mut self, grant: TemporaryGrant) -> bool {
        if self.grants.len() == self.limit {
            return true;
        }
        self.grants.push(grant);
        false
    }

    /// There is at least one more.
    fn more(self) -> GrantPage {
        let next = self.grants.last().map_or(self.token, |last| last.serial);
        GrantPage { grants: self.grants, next: Some(next) }
    }

    fn end(self) -> GrantPage {
        GrantPage { grants: self.grants, next: None }
    }

    /// So many rows were read that this must do: behind `serial` there may be more.
    fn cut(self, serial: Option<i64>) -> GrantPage {
        GrantPage { grants: self.grants, next: serial }
    }
}
