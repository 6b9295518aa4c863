//! Security groups: reading, creating, replacing, deleting. Who is in them: `members`.

use super::page::{Page, Paging, ids};
use super::thing::GROUP;
use super::writing::{Touches, Writing};
use super::{Deletion, Precondition, Put};
use crate::domain::{BoundUser, CustomerId, SecurityGroupId};
use crate::service::caller::Caller;
use crate::service::cluster::Cluster;
use crate::service::error::ServiceError;
use crate::service::written::{WriteContext, Written};
use crate::store::records::groups::{self, GroupFilter, SecurityGroup};
use crate::store::records::{Lock, Slice, freed, members};

/// A group to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGroup {
    /// Its tenant.
    pub customer: CustomerId,
    /// For people.
    pub name: String,
    /// For people.
    pub description: Option<String>,
}

/// A list of groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupQuestion {
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// With this name, exactly.
    pub name: Option<String>,
    /// That this user is in.
    pub user: Option<i64>,
    /// Which page.
    pub paging: Paging,
}

impl Cluster {
    /// A page of the groups that the caller may see, by id.
    ///
    /// # Errors
    /// `NotFound` names a customer he may not see; `Forbidden` when he may see none; `BadRequest`, `Invalid`.
    pub async fn groups(&self, caller: &Caller, asked: &GroupQuestion) -> Result<Page<SecurityGroup>, ServiceError> {
        let text = |given: Option<i64>| given.map(|id| id.to_string()).unwrap_or_default();
        let (customer, user) = (text(asked.customer.map(|id| id.0)), text(asked.user));
        let filters = ["securityGroup", &customer, asked.name.as_deref().unwrap_or_default(), &user];
        let walk = self.walk(&asked.paging, &filters)?;
        let customers = ids(&self.reach(caller, GROUP.reach(), asked.customer).await?);
        let filter = GroupFilter { customers, name: asked.name.clone(), user: asked.user };
        let slice = Slice { after: walk.after_id()?, limit: walk.fetch() };
        let mut connection = self.connection().await?;
        let items = self.observed(groups::list(&mut connection, &filter, slice).await)?;
        Ok(walk.page_by_id(items, |group| group.id.0))
    }

    /// One group.
    ///
    /// # Errors
    /// `NotFound`, `Hidden`, `Forbidden`.
    pub async fn group(&self, caller: &Caller, id: SecurityGroupId) -> Result<SecurityGroup, ServiceError> {
        let mut connection = self.connection().await?;
        let found = self.observed(groups::get(&mut connection, id, Lock::No).await)?;
        let group = found.ok_or_else(|| GROUP.missing(id))?;
        GROUP.may_read(self, caller, group.customer_id, id.0)?;
        Ok(group)
    }

    /// Creates one, with an id chosen here.
    ///
    /// # Errors
    /// `NotFound` names its customer; `Forbidden`.
    pub async fn create_group(
        &self,
        caller: &Caller,
        new: &NewGroup,
        context: &WriteContext,
    ) -> Result<Put<SecurityGroup>, ServiceError> {
        let made = async {
            let mut write = self.writing(caller, context).await?;
            write.enter([new.customer]).await?;
            let id = SecurityGroupId(self.observed(freed::next(write.conn(), GROUP.ids).await)?);
            write.create_group(id, new).await
        };
        let target = format!("{} of customer:{}", GROUP.target("new"), new.customer);
        self.attempted(caller, context, GROUP.create, &target, made.await).await
    }

    /// Creates or replaces one.
    ///
    /// # Errors
    /// `Invalid` when its customer would change, `Conflict`, `PreconditionFailed`, `Forbidden`.
    pub async fn put_group(
        &self,
        caller: &Caller,
        id: SecurityGroupId,
        new: &NewGroup,
        condition: &Precondition,
        context: &WriteContext,
    ) -> Result<Put<SecurityGroup>, ServiceError> {
        let made = async {
            let mut write = self.writing(caller, context).await?;
            let seen = self.observed(groups::get(write.conn(), id, Lock::No).await)?;
            write.enter(seen.map(|group| group.customer_id).into_iter().chain([new.customer])).await?;
            let Some(before) = self.observed(groups::get(write.conn(), id, Lock::Update).await)? else {
                condition.check::<SecurityGroup>(None, GROUP.word, id)?;
                write.may_use(GROUP, id.0).await?;
                return write.create_group(id, new).await;
            };
            write.replace_group(before, new, condition).await
        };
        self.attempted(caller, context, GROUP.update, &GROUP.target(id), made.await).await
    }

    /// Deletes one, with its memberships and what is assigned to it when that is said.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when it is in use, `PreconditionFailed`, `Forbidden`; `NotCovered` when a deny goes with it.
    pub async fn delete_group(
        &self,
        caller: &Caller,
        id: SecurityGroupId,
        deletion: &Deletion,
        context: &WriteContext,
    ) -> Result<Written, ServiceError> {
        let made = async {
            let mut write = self.writing(caller, context).await?;
            let seen = self.observed(groups::get(write.conn(), id, Lock::No).await)?;
            let customer = seen.ok_or_else(|| GROUP.missing(id))?.customer_id;
            write.enter([customer]).await?;
            write.require(GROUP.delete, GROUP.own(customer, id.0), customer, (GROUP.word, id.0))?;
            let before = write.locked_group(id, customer, Lock::Delete).await?;
            deletion.condition.check(Some(&before), GROUP.word, id)?;
            let uses = self.observed(groups::in_use(write.conn(), id).await)?;
            deletion.allows(GROUP, id.0, &uses)?;
            // Whoever is in it loses its denies too.
            write.judge_leaving(&before, BoundUser::Any).await?;
            let members = self.observed(members::all(write.conn(), id).await)?;
            self.observed(groups::delete(write.conn(), id).await)?;
            write.tell(GROUP.delete, &GROUP.target(id), Some(customer), Some(&before), None).await?;
            let touches = if members.is_empty() { Touches::Nobody } else { Touches::Users(members) };
            write.finish(touches, Some(customer)).await
        };
        self.attempted(caller, context, GROUP.delete, &GROUP.target(id), made.await).await
    }
}

impl Writing<'_> {
    /// The group, held still; it must still be of `customer`, whose lock is held.
    pub(super) async fn locked_group(
        &mut self,
        id: SecurityGroupId,
        customer: CustomerId,
        lock: Lock,
    ) -> Result<SecurityGroup, ServiceError> {
        let cluster = self.cluster;
        let found = cluster.observed(groups::get(self.conn(), id, lock).await)?;
        found.filter(|group| group.customer_id == customer).ok_or_else(|| GROUP.missing(id))
    }

    async fn create_group(mut self, id: SecurityGroupId, new: &NewGroup) -> Result<Put<SecurityGroup>, ServiceError> {
        let (cluster, customer) = (self.cluster, new.customer);
        self.require(GROUP.create, GROUP.own(customer, id.0), customer, ("customer", customer.0))?;
        self.organization(customer).await?;
        let description = new.description.as_deref();
        if !cluster.observed(groups::insert(self.conn(), id, customer, &new.name, description).await)? {
            return Err(GROUP.taken(id));
        }
        let record = self.locked_group(id, customer, Lock::Update).await?;
        self.tell(GROUP.create, &GROUP.target(id), Some(customer), None, Some(&record)).await?;
        let written = self.finish(Touches::Nobody, Some(customer)).await?;
        Ok(Put { written, record, created: true })
    }

    async fn replace_group(
        mut self,
        before: SecurityGroup,
        new: &NewGroup,
        condition: &Precondition,
    ) -> Result<Put<SecurityGroup>, ServiceError> {
        let (cluster, id, customer) = (self.cluster, before.id, before.customer_id);
        self.require_update(GROUP, customer, id.0)?;
        condition.check(Some(&before), GROUP.word, id)?;
        if customer != new.customer {
            let detail = format!("a group's customer never changes: this one's is `{customer}`");
            return Err(ServiceError::invalid("/customerId", detail));
        }
        if before.name == new.name && before.description == new.description {
            return Ok(Put { written: self.unchanged(None).await?, record: before, created: false });
        }
        cluster.observed(groups::update(self.conn(), id, &new.name, new.description.as_deref()).await)?;
        let record = self.locked_group(id, customer, Lock::Update).await?;
        self.tell(GROUP.update, &GROUP.target(id), Some(customer), Some(&before), Some(&record)).await?;
        let written = self.finish(Touches::Nobody, Some(customer)).await?;
        Ok(Put { written, record, created: false })
    }
}
