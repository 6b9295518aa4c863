//! Policies: reading, creating, replacing, deleting. Who holds one gets what its change gives.

use super::page::{Page, Paging, ids};
use super::thing::POLICY;
use super::writing::{Touches, Writing};
use super::{Deletion, Precondition, Put};
use crate::domain::{Binding, BoundUser, CustomerId, PolicyId, Scope, Statement, UserId, given, write_statements};
use crate::index::Customers;
use crate::service::caller::Caller;
use crate::service::cluster::Cluster;
use crate::service::error::ServiceError;
use crate::service::hint::Whom;
use crate::service::right::Own;
use crate::service::written::{WriteContext, Written};
use crate::store::affected;
use crate::store::policies::read_stored;
use crate::store::records::policies::{self, PolicyContent, PolicyFilter, PolicyRecord};
use crate::store::records::{Lock, Slice, freed};

/// A change of a policy is compared for at most so many different holders one by one; beyond it for anybody.
const MOST_HOLDERS: u32 = 10_000;
const SHARED: &str = "shared policies are managed by services: make one of your own customer";

/// A policy to be.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPolicy {
    /// Its tenant; none: shared.
    pub customer: Option<CustomerId>,
    /// What it says.
    pub content: PolicyContent,
}

/// A list of policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyQuestion {
    /// Of this customer only, without the shared ones.
    pub customer: Option<CustomerId>,
    /// Only shared ones, or none of them.
    pub shared: Option<bool>,
    /// With this name, exactly.
    pub name: Option<String>,
    /// Which page.
    pub paging: Paging,
}

impl Cluster {
    /// A page of the policies that the caller may see, by id.
    ///
    /// # Errors
    /// `NotFound` names a customer he may not see; `Forbidden` when he may see none; `BadRequest`, `Invalid`.
    pub async fn policies(&self, caller: &Caller, asked: &PolicyQuestion) -> Result<Page<PolicyRecord>, ServiceError> {
        let customer = asked.customer.map(|id| id.to_string()).unwrap_or_default();
        let shared = asked.shared.map(|shared| shared.to_string()).unwrap_or_default();
        let walk =
            self.walk(&asked.paging, &["policy", &customer, &shared, asked.name.as_deref().unwrap_or_default()])?;
        let reach = self.reach(caller, POLICY.reach(), asked.customer).await?;
        // Everybody who may see his own customer's may see the shared ones.
        let sees_shared = match (&reach, caller.customer()) {
            (Customers::Only(only), Some(own)) => only.contains(&own),
            _ => true,
        };
        let mut filter = PolicyFilter {
            customers: ids(&reach),
            shared: sees_shared && asked.customer.is_none() && asked.shared != Some(false),
            name: asked.name.clone(),
        };
        if asked.shared == Some(true) {
            filter.customers = Some(Vec::new());
        }
        let slice = Slice { after: walk.after_id()?, limit: walk.fetch() };
        let mut connection = self.connection().await?;
        let items = self.observed(policies::list(&mut connection, &filter, slice).await)?;
        Ok(walk.page_by_id(items, |policy| policy.id.0))
    }

    /// One policy. A shared one is read in the caller's own customer.
    ///
    /// # Errors
    /// `NotFound`, `Hidden`, `Forbidden`.
    pub async fn policy(&self, caller: &Caller, id: PolicyId) -> Result<PolicyRecord, ServiceError> {
        let mut connection = self.connection().await?;
        let found = self.observed(policies::get(&mut connection, id, Lock::No).await)?;
        let policy = found.ok_or_else(|| POLICY.missing(id))?;
        match policy.customer_id.or(caller.customer()) {
            Some(customer) => POLICY.may_read(self, caller, customer, id.0)?,
            None => caller.require(POLICY.read, Own::everywhere("policy"), self.now())?,
        }
        Ok(policy)
    }

    /// Creates one, with an id chosen here.
    ///
    /// # Errors
    /// `NotFound` names its customer; `Forbidden`, `Refused`.
    pub async fn create_policy(
        &self,
        caller: &Caller,
        new: &NewPolicy,
        context: &WriteContext,
    ) -> Result<Put<PolicyRecord>, ServiceError> {
        let made = async {
            let mut write = self.writing(caller, context).await?;
            write.enter(new.customer).await?;
            let id = PolicyId(self.observed(freed::next(write.conn(), POLICY.ids).await)?);
            write.create_policy(id, new).await
        };
        self.attempted(caller, context, POLICY.create, &POLICY.target("new"), made.await).await
    }

    /// Creates or replaces one.
    ///
    /// # Errors
    /// `Invalid` when its customer would change, `Conflict`, `PreconditionFailed`, `Forbidden`, `Refused`, `NotCovered`.
    pub async fn put_policy(
        &self,
        caller: &Caller,
        id: PolicyId,
        new: &NewPolicy,
        condition: &Precondition,
        context: &WriteContext,
    ) -> Result<Put<PolicyRecord>, ServiceError> {
        let made = async {
            let mut write = self.writing(caller, context).await?;
            match write.policy_to_put(id, new, condition).await? {
                None => write.create_policy(id, new).await,
                Some(before) => write.replace_policy(before, new).await,
            }
        };
        self.attempted(caller, context, POLICY.update, &POLICY.target(id), made.await).await
    }

    /// Deletes one, with its assignments when that is said.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when it is in use, `PreconditionFailed`, `Forbidden`, `Refused`; `NotCovered` when a deny goes
    /// with it.
    pub async fn delete_policy(
        &self,
        caller: &Caller,
        id: PolicyId,
        deletion: &Deletion,
        context: &WriteContext,
    ) -> Result<Written, ServiceError> {
        let made = async {
            let mut write = self.writing(caller, context).await?;
            let before = write.policy_to_delete(id, deletion).await?;
            let holders = self.holders_of(&mut write, id).await?;
            self.observed(policies::delete(write.conn(), id).await)?;
            let customer = before.customer_id;
            write.tell(POLICY.delete, &POLICY.target(id), customer, Some(&before), None).await?;
            let touches = if holders.is_empty() { Touches::Nobody } else { Touches::Users(holders) };
            write.finish(touches, customer).await
        };
        self.attempted(caller, context, POLICY.delete, &POLICY.target(id), made.await).await
    }

    /// Every user whom the policy reaches, before nobody can tell any more.
    async fn holders_of(&self, write: &mut Writing<'_>, id: PolicyId) -> Result<Vec<i64>, ServiceError> {
        const PAGE: u32 = 10_000;
        let scopes = Scope::Policy(id).into();
        let mut all: Vec<i64> = Vec::new();
        loop {
            let after = all.last().map(|user| UserId(*user));
            let page = self.observed(affected::page(write.conn(), &scopes, after, PAGE).await)?;
            let is_last = page.len() < PAGE as usize;
            all.extend(page.into_iter().map(|user| user.0));
            if is_last {
                return Ok(all);
            }
        }
    }
}

impl Writing<'_> {
    /// The policy that is to be replaced, judged; none when it is to be created.
    pub(super) async fn policy_to_put(
        &mut self,
        id: PolicyId,
        new: &NewPolicy,
        condition: &Precondition,
    ) -> Result<Option<PolicyRecord>, ServiceError> {
        let cluster = self.cluster;
        let seen = cluster.observed(policies::get(self.conn(), id, Lock::No).await)?;
        self.enter(seen.and_then(|policy| policy.customer_id).into_iter().chain(new.customer)).await?;
        let Some(before) = cluster.observed(policies::get(self.conn(), id, Lock::Update).await)? else {
            condition.check::<PolicyRecord>(None, POLICY.word, id)?;
            self.may_use(POLICY, id.0).await?;
            return Ok(None);
        };
        self.may_update(&before)?;
        condition.check(Some(&before), POLICY.word, id)?;
        if before.customer_id != new.customer {
            let whose =
                before.customer_id.map_or("it is shared".to_owned(), |owner| format!("this one's is `{owner}`"));
            let detail = format!("a policy's customer never changes: {whose}");
            return Err(ServiceError::invalid("/customerId", detail));
        }
        self.judge_change(&before, &new.content.statements).await?;
        Ok(Some(before))
    }

    /// The policy that is to be deleted, judged.
    pub(super) async fn policy_to_delete(
        &mut self,
        id: PolicyId,
        deletion: &Deletion,
    ) -> Result<PolicyRecord, ServiceError> {
        let cluster = self.cluster;
        let seen = cluster.observed(policies::get(self.conn(), id, Lock::No).await)?;
        let customer = seen.ok_or_else(|| POLICY.missing(id))?.customer_id;
        self.enter(customer).await?;
        match customer {
            None => self.require_service(POLICY.delete, Own::everywhere("policy"), SHARED)?,
            Some(owner) => {
                self.require(POLICY.delete, POLICY.own(owner, id.0), owner, (POLICY.word, id.0))?;
            }
        }
        let found = cluster.observed(policies::get(self.conn(), id, Lock::Delete).await)?;
        let before = found.filter(|policy| policy.customer_id == customer).ok_or_else(|| POLICY.missing(id))?;
        deletion.condition.check(Some(&before), POLICY.word, id)?;
        let uses = cluster.observed(policies::in_use(self.conn(), id).await)?;
        deletion.allows(POLICY, id.0, &uses)?;
        self.judge_change(&before, &[]).await?;
        Ok(before)
    }

    fn may_update(&self, before: &PolicyRecord) -> Result<(), ServiceError> {
        let id = before.id;
        let Some(owner) = before.customer_id else {
            return self.require_service(POLICY.update, Own::everywhere("policy"), SHARED);
        };
        self.require_update(POLICY, owner, id.0)
    }

    /// Whether a user caller has what its holders are given when it says `after`.
    async fn judge_change(&mut self, before: &PolicyRecord, after: &[Statement]) -> Result<(), ServiceError> {
        if !self.is_judged() {
            return Ok(());
        }
        let cluster = self.cluster;
        let said = read_stored(&before.statements.to_string()).ok_or_else(|| {
            ServiceError::Internal(format!("policy {} can't be read as it is stored", before.id).into())
        })?;
        let names_user = said.iter().chain(after).any(Statement::names_user);
        let mut holders =
            cluster.observed(policies::holders(self.conn(), before.id, names_user, MOST_HOLDERS + 1).await)?;
        if holders.len() > MOST_HOLDERS as usize {
            // Too many to look at each: what is given to anybody is no less.
            holders = cluster.observed(policies::holders(self.conn(), before.id, false, MOST_HOLDERS).await)?;
        }
        for holder in holders {
            let organization = self.organization(holder.customer).await?;
            let user = holder.user.map_or(BoundUser::Any, |user| BoundUser::One(UserId(user)));
            let binding = Binding { scope: holder.scope, user, organization: &organization };
            self.covers(&given(&said, after, &binding))?;
        }
        Ok(())
    }

    /// Judges a new policy and stores it, within the transaction.
    pub(super) async fn insert_policy(&mut self, id: PolicyId, new: &NewPolicy) -> Result<(), ServiceError> {
        let cluster = self.cluster;
        match new.customer {
            None => self.require_service(POLICY.create, Own::everywhere("policy"), SHARED)?,
            Some(customer) => {
                self.require(POLICY.create, POLICY.own(customer, id.0), customer, ("customer", customer.0))?;
                self.organization(customer).await?;
            }
        }
        if !cluster.observed(policies::insert(self.conn(), id, new.customer, &new.content).await)? {
            return Err(POLICY.taken(id));
        }
        Ok(())
    }

    async fn create_policy(mut self, id: PolicyId, new: &NewPolicy) -> Result<Put<PolicyRecord>, ServiceError> {
        self.insert_policy(id, new).await?;
        let record = self.stored_policy(id).await?;
        self.tell(POLICY.create, &POLICY.target(id), new.customer, None, Some(&record)).await?;
        let written = self.finish(Touches::Nobody, new.customer).await?;
        Ok(Put { written, record, created: true })
    }

    async fn replace_policy(
        mut self,
        before: PolicyRecord,
        new: &NewPolicy,
    ) -> Result<Put<PolicyRecord>, ServiceError> {
        let (cluster, id, content) = (self.cluster, before.id, &new.content);
        if is_same(&before, content) {
            let whom = before.customer_id.map(Whom::Customer);
            return Ok(Put { written: self.unchanged(whom).await?, record: before, created: false });
        }
        cluster.observed(policies::update(self.conn(), id, content).await)?;
        let record = self.stored_policy(id).await?;
        self.tell(POLICY.update, &POLICY.target(id), before.customer_id, Some(&before), Some(&record)).await?;
        // A new name is in no document.
        let touches = if says_the_same(&before, content) { Touches::Nobody } else { Touches::Scope(Scope::Policy(id)) };
        let written = self.finish(touches, before.customer_id).await?;
        Ok(Put { written, record, created: false })
    }

    async fn stored_policy(&mut self, id: PolicyId) -> Result<PolicyRecord, ServiceError> {
        let cluster = self.cluster;
        let found = cluster.observed(policies::get(self.conn(), id, Lock::No).await)?;
        found.ok_or_else(|| POLICY.missing(id))
    }
}

/// Whether nothing of the policy changes for whoever holds it.
pub(super) fn says_the_same(before: &PolicyRecord, content: &PolicyContent) -> bool {
    write_statements(&content.statements) == before.statements
}

/// Whether nothing of the policy changes.
pub(super) fn is_same(before: &PolicyRecord, content: &PolicyContent) -> bool {
    says_the_same(before, content) && content.name == before.name && content.description == before.description
}
