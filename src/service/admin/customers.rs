//! Customers: reading, creating, renaming, deleting.

use super::page::{Page, Paging, ids};
use super::thing::CUSTOMER;
use super::writing::{Touches, Writing};
use super::{Deletion, Precondition, Put};
use crate::domain::CustomerId;
use crate::service::caller::{Caller, forbidden};
use crate::service::cluster::Cluster;
use crate::service::elsewhere::Elsewhere;
use crate::service::error::ServiceError;
use crate::service::written::{WriteContext, Written};
use crate::store::records::customers::{self, Customer, CustomerFilter};
use crate::store::records::{Lock, Slice, freed};

/// A customer to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCustomer {
    /// The slug, which never changes.
    pub organization: String,
    /// For people.
    pub name: String,
}

/// A list of customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerQuestion {
    /// With this slug.
    pub organization: Option<String>,
    /// Which page.
    pub paging: Paging,
}

impl Cluster {
    /// A page of the customers that the caller may see, by id.
    ///
    /// # Errors
    /// `Forbidden` when he may see none; `BadRequest` and `Invalid` for a cursor that is none, or another list's.
    pub async fn customers(&self, caller: &Caller, asked: &CustomerQuestion) -> Result<Page<Customer>, ServiceError> {
        let walk = self.walk(&asked.paging, &["customer", asked.organization.as_deref().unwrap_or_default()])?;
        let among = ids(&self.reach(caller, CUSTOMER.reach(), None).await?);
        let filter = CustomerFilter { among, organization: asked.organization.clone() };
        let slice = Slice { after: walk.after_id()?, limit: walk.fetch() };
        let mut connection = self.connection().await?;
        let items = self.observed(customers::list(&mut connection, &filter, slice).await)?;
        Ok(walk.page_by_id(items, |customer| customer.id.0))
    }

    /// One customer.
    ///
    /// # Errors
    /// `NotFound`, `Hidden`, `Forbidden`.
    pub async fn customer(&self, caller: &Caller, id: CustomerId) -> Result<Customer, ServiceError> {
        CUSTOMER.may_read(self, caller, id, id.0)?;
        let mut connection = self.connection().await?;
        let found = self.observed(customers::get(&mut connection, id, Lock::No).await)?;
        found.ok_or_else(|| CUSTOMER.missing(id))
    }

    /// Creates one, with an id chosen here.
    ///
    /// # Errors
    /// `Conflict` when its organization is taken, here or `elsewhere`; `Forbidden`; `Unavailable` when that can't be said.
    pub async fn create_customer(
        &self,
        caller: &Caller,
        new: &NewCustomer,
        elsewhere: &Elsewhere,
        context: &WriteContext,
    ) -> Result<Put<Customer>, ServiceError> {
        let made = async {
            let mut write = self.writing(caller, context).await?;
            let id = CustomerId(self.observed(freed::next(write.conn(), CUSTOMER.ids).await)?);
            write.enter([]).await?;
            write.create_customer(id, new, elsewhere).await
        };
        self.attempted(caller, context, CUSTOMER.create, &CUSTOMER.target("new"), made.await).await
    }

    /// Creates or replaces one.
    ///
    /// # Errors
    /// `Invalid` when its organization would change, `PreconditionFailed`; as [`Cluster::create_customer`].
    pub async fn put_customer(
        &self,
        caller: &Caller,
        id: CustomerId,
        new: &NewCustomer,
        elsewhere: &Elsewhere,
        condition: &Precondition,
        context: &WriteContext,
    ) -> Result<Put<Customer>, ServiceError> {
        let made = async {
            let mut write = self.writing(caller, context).await?;
            write.enter([id]).await?;
            let Some(before) = self.observed(customers::get(write.conn(), id, Lock::Update).await)? else {
                condition.check::<Customer>(None, CUSTOMER.word, id)?;
                write.may_use(CUSTOMER, id.0).await?;
                return write.create_customer(id, new, elsewhere).await;
            };
            write.replace_customer(before, new, condition).await
        };
        self.attempted(caller, context, CUSTOMER.update, &CUSTOMER.target(id), made.await).await
    }

    /// Deletes one, with everything it has when that is said.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when it is in use, `PreconditionFailed`, `Forbidden`.
    pub async fn delete_customer(
        &self,
        caller: &Caller,
        id: CustomerId,
        deletion: &Deletion,
        context: &WriteContext,
    ) -> Result<Written, ServiceError> {
        let made = async {
            let mut write = self.writing(caller, context).await?;
            write.enter([id]).await?;
            write.require(CUSTOMER.delete, CUSTOMER.own(id, id.0), id, (CUSTOMER.word, id.0))?;
            let found = self.observed(customers::get(write.conn(), id, Lock::Delete).await)?;
            let before = found.ok_or_else(|| CUSTOMER.missing(id))?;
            deletion.condition.check(Some(&before), CUSTOMER.word, id)?;
            let uses = self.observed(customers::in_use(write.conn(), id).await)?;
            deletion.allows(CUSTOMER, id.0, &uses)?;
            if write.is_judged() && uses.iter().any(|(word, _)| *word == "assignments in other customers") {
                let why = "other customers have assignments with this customer as their scope: a service deletes it";
                return Err(ServiceError::Refused(why.into()));
            }
            let reached = self.observed(customers::touched(write.conn(), id).await)?;
            self.observed(customers::delete(write.conn(), id).await)?;
            write.tell(CUSTOMER.delete, &CUSTOMER.target(id), Some(id), Some(&before), None).await?;
            let touches = if reached.is_empty() { Touches::Nobody } else { Touches::Users(reached) };
            let written = write.finish(touches, Some(id)).await?;
            self.directory.forget(id);
            Ok(written)
        };
        self.attempted(caller, context, CUSTOMER.delete, &CUSTOMER.target(id), made.await).await
    }
}

impl Writing<'_> {
    async fn create_customer(
        mut self,
        id: CustomerId,
        new: &NewCustomer,
        elsewhere: &Elsewhere,
    ) -> Result<Put<Customer>, ServiceError> {
        let (cluster, own) = (self.cluster, CUSTOMER.own(id, id.0));
        // What is not there yet is nobody's: it can't read as missing.
        if !self.may(CUSTOMER.create, own) {
            return Err(forbidden(CUSTOMER.create, own));
        }
        // Held until it is committed and learned. Only who may create is told what others have.
        let _claimed = elsewhere.claim(&new.organization).await?;
        if !cluster.observed(customers::insert(self.conn(), id, &new.organization, &new.name).await)? {
            let detail = format!("organization `{}` or customer id `{id}` is taken: choose another", new.organization);
            return Err(ServiceError::Conflict(detail));
        }
        let found = cluster.observed(customers::get(self.conn(), id, Lock::No).await)?;
        let record = found.ok_or_else(|| CUSTOMER.missing(id))?;
        self.tell(CUSTOMER.create, &CUSTOMER.target(id), Some(id), None, Some(&record)).await?;
        let written = self.finish(Touches::Nobody, Some(id)).await?;
        cluster.directory.learn(id, &record.organization);
        Ok(Put { written, record, created: true })
    }

    async fn replace_customer(
        mut self,
        before: Customer,
        new: &NewCustomer,
        condition: &Precondition,
    ) -> Result<Put<Customer>, ServiceError> {
        let (cluster, id) = (self.cluster, before.id);
        self.require_update(CUSTOMER, id, id.0)?;
        condition.check(Some(&before), CUSTOMER.word, id)?;
        if before.organization != new.organization {
            let detail = format!("an organization never changes: this customer's is `{}`", before.organization);
            return Err(ServiceError::invalid("/organization", detail));
        }
        if before.name == new.name {
            return Ok(Put { written: self.unchanged(None).await?, record: before, created: false });
        }
        cluster.observed(customers::update(self.conn(), id, &new.name).await)?;
        let found = cluster.observed(customers::get(self.conn(), id, Lock::No).await)?;
        let record = found.ok_or_else(|| CUSTOMER.missing(id))?;
        self.tell(CUSTOMER.update, &CUSTOMER.target(id), Some(id), Some(&before), Some(&record)).await?;
        let written = self.finish(Touches::Nobody, Some(id)).await?;
        Ok(Put { written, record, created: false })
    }
}
