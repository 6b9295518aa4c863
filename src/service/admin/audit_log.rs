//! Reading the audit log: who changed what when, from the newest on. A tenant sees the rows about its own things.

use super::page::{Page, Paging, ids};
use crate::domain::CustomerId;
use crate::service::caller::Caller;
use crate::service::cluster::Cluster;
use crate::service::error::ServiceError;
use crate::service::reach::Reach;
use crate::service::right::{Own, Right};
use crate::store::audit::{self, AuditFilter, AuditRow};
use jiff::Timestamp;

const REACH: Reach = Reach {
    right: Right::AUDIT_READ,
    within: |customer| Own::all(customer, "audit"),
    everywhere: Own::everywhere("audit"),
};

/// Which rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditQuestion {
    /// About things of this customer.
    pub customer: Option<CustomerId>,
    /// By this actor, exactly.
    pub actor: Option<String>,
    /// About this target, exactly.
    pub target: Option<String>,
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
    /// Which page.
    pub paging: Paging,
}

impl Cluster {
    /// A page of the audit log.
    ///
    /// # Errors
    /// `NotFound` names a customer he may not see; `Forbidden` when he may see none; `BadRequest`, `Invalid`.
    pub async fn audit_log(&self, caller: &Caller, asked: &AuditQuestion) -> Result<Page<AuditRow>, ServiceError> {
        let text = |given: Option<String>| given.unwrap_or_default();
        let filters = [
            "audit".to_owned(),
            text(asked.customer.map(|id| id.to_string())),
            text(asked.actor.clone()),
            text(asked.target.clone()),
            text(asked.from.map(|from| from.to_string())),
            text(asked.to.map(|to| to.to_string())),
        ];
        let walk = self.walk(&asked.paging, &filters.each_ref().map(String::as_str))?;
        let filter = AuditFilter {
            customers: ids(&self.reach(caller, REACH, asked.customer).await?),
            actor: asked.actor.clone(),
            target: asked.target.clone(),
            from: asked.from.map(Timestamp::as_microsecond),
            to: asked.to.map(Timestamp::as_microsecond),
        };
        // The page after a row has those before it: positions are written as what is counted up.
        let before = walk.after_id()?.checked_neg();
        let mut connection = self.connection().await?;
        let items = self.observed(audit::list(&mut connection, &filter, before, walk.fetch()).await)?;
        Ok(walk.page_by_id(items, |row| -row.id))
    }
}
