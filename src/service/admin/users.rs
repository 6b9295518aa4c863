//! Users: reading, creating, replacing, deleting.

use super::page::{Page, Paging, ids};
use super::thing::USER;
use super::writing::{Touches, Writing, of_roles};
use super::{Deletion, Precondition, Put};
use crate::domain::{CustomerId, Effective, RoleId, Scope, UserId};
use crate::json::quoted;
use crate::service::caller::Caller;
use crate::service::cluster::Cluster;
use crate::service::error::ServiceError;
use crate::service::hint::Whom;
use crate::service::written::{WriteContext, Written};
use crate::store::records::users::{self, UserContent, UserFilter, UserRecord};
use crate::store::records::{Lock, Slice, freed, roles};

/// A user to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// His tenant.
    pub customer: CustomerId,
    /// His address.
    pub email: String,
    /// His language.
    pub ui_language: String,
    /// Whether he may do anything.
    pub active: bool,
    /// The role he is to have; none: he has none.
    pub role_name: Option<String>,
}

/// A list of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserQuestion {
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// With this address, exactly.
    pub email: Option<String>,
    /// Active or not.
    pub active: Option<bool>,
    /// With a role of this name.
    pub role_name: Option<String>,
    /// In this security group.
    pub security_group: Option<i64>,
    /// Which page.
    pub paging: Paging,
}

impl Cluster {
    /// A page of the users that the caller may see, by id.
    ///
    /// # Errors
    /// `NotFound` names a customer he may not see; `Forbidden` when he may see nobody; `BadRequest`, `Invalid`.
    pub async fn users(&self, caller: &Caller, asked: &UserQuestion) -> Result<Page<UserRecord>, ServiceError> {
        let text = |given: Option<String>| given.unwrap_or_default();
        let filters = [
            "user".to_owned(),
            text(asked.customer.map(|id| id.to_string())),
            text(asked.email.clone()),
            text(asked.active.map(|active| active.to_string())),
            text(asked.role_name.clone()),
            text(asked.security_group.map(|id| id.to_string())),
        ];
        let walk = self.walk(&asked.paging, &filters.each_ref().map(String::as_str))?;
        let filter = UserFilter {
            customers: ids(&self.reach(caller, USER.reach(), asked.customer).await?),
            email: asked.email.clone(),
            active: asked.active,
            role_name: asked.role_name.clone(),
            security_group: asked.security_group,
        };
        let slice = Slice { after: walk.after_id()?, limit: walk.fetch() };
        let mut connection = self.connection().await?;
        let items = self.observed(users::list(&mut connection, &filter, slice).await)?;
        Ok(walk.page_by_id(items, |user| user.id.0))
    }

    /// One user.
    ///
    /// # Errors
    /// `NotFound`, `Hidden`, `Forbidden`.
    pub async fn user(&self, caller: &Caller, id: UserId) -> Result<UserRecord, ServiceError> {
        let mut connection = self.connection().await?;
        let found = self.observed(users::get(&mut connection, id, Lock::No).await)?;
        let user = found.ok_or_else(|| USER.missing(id))?;
        USER.may_read(self, caller, user.customer_id, id.0)?;
        Ok(user)
    }

    /// Creates one, with an id chosen here.
    ///
    /// # Errors
    /// `NotFound` names his customer, `Invalid` his role; `Forbidden`, `NotCovered`.
    pub async fn create_user(
        &self,
        caller: &Caller,
        new: &NewUser,
        context: &WriteContext,
    ) -> Result<Put<UserRecord>, ServiceError> {
        let made = async {
            let mut write = self.writing(caller, context).await?;
            write.enter([new.customer]).await?;
            let id = UserId(self.observed(freed::next(write.conn(), USER.ids).await)?);
            write.may_create_user(id, new).await?;
            let role = write.role(new).await?;
            write.create_user(id, new, role).await
        };
        let target = format!("{} of customer:{}", USER.target("new"), new.customer);
        self.attempted(caller, context, USER.create, &target, made.await).await
    }

    /// Creates or replaces one.
    ///
    /// # Errors
    /// `Invalid` when his customer would change, `Conflict`, `PreconditionFailed`, `Forbidden`, `NotCovered`.
    pub async fn put_user(
        &self,
        caller: &Caller,
        id: UserId,
        new: &NewUser,
        condition: &Precondition,
        context: &WriteContext,
    ) -> Result<Put<UserRecord>, ServiceError> {
        let made = async {
            let mut write = self.writing(caller, context).await?;
            let seen = self.observed(users::get(write.conn(), id, Lock::No).await)?;
            write.enter(seen.iter().map(|user| user.customer_id).chain([new.customer])).await?;
            // Before the role: only who may write in its customer hears whether it is there.
            match &seen {
                Some(seen) => write.may_replace_user(seen, new)?,
                None => write.may_create_user(id, new).await?,
            }
            // The role before the user: the order of the locks.
            let role = write.role(new).await?;
            let Some(before) = self.observed(users::get(write.conn(), id, Lock::Update).await)? else {
                condition.check::<UserRecord>(None, USER.word, id)?;
                write.may_use(USER, id.0).await?;
                write.may_create_user(id, new).await?;
                return write.create_user(id, new, role).await;
            };
            write.replace_user(before, new, role, condition).await
        };
        self.attempted(caller, context, USER.update, &USER.target(id), made.await).await
    }

    /// Deletes one, with his memberships, assignments and temporary grants.
    ///
    /// # Errors
    /// `NotFound`, `PreconditionFailed`, `Forbidden`.
    pub async fn delete_user(
        &self,
        caller: &Caller,
        id: UserId,
        deletion: &Deletion,
        context: &WriteContext,
    ) -> Result<Written, ServiceError> {
        let made = async {
            let mut write = self.writing(caller, context).await?;
            let seen = self.observed(users::get(write.conn(), id, Lock::No).await)?;
            let customer = seen.ok_or_else(|| USER.missing(id))?.customer_id;
            write.enter([customer]).await?;
            write.require(USER.delete, USER.own(customer, id.0), customer, (USER.word, id.0))?;
            let found = self.observed(users::get(write.conn(), id, Lock::Delete).await)?;
            let before = found.filter(|user| user.customer_id == customer).ok_or_else(|| USER.missing(id))?;
            deletion.condition.check(Some(&before), USER.word, id)?;
            self.observed(users::delete(write.conn(), id).await)?;
            write.tell(USER.delete, &USER.target(id), Some(customer), Some(&before), None).await?;
            write.finish(Touches::Scope(Scope::User(id)), Some(customer)).await
        };
        self.attempted(caller, context, USER.delete, &USER.target(id), made.await).await
    }
}

impl Writing<'_> {
    /// The role that is named, held still.
    async fn role(&mut self, new: &NewUser) -> Result<Option<RoleId>, ServiceError> {
        let Some(name) = &new.role_name else { return Ok(None) };
        let cluster = self.cluster;
        let found = cluster.observed(roles::living_id(self.conn(), new.customer, name).await)?;
        let missing = || {
            let detail = format!("customer `{}` has no role `{}`: create it first", new.customer, quoted(name));
            ServiceError::invalid("/roleName", detail)
        };
        found.ok_or_else(missing).map(Some)
    }

    async fn may_create_user(&self, id: UserId, new: &NewUser) -> Result<(), ServiceError> {
        let customer = new.customer;
        self.require(USER.create, USER.own(customer, id.0), customer, ("customer", customer.0))?;
        self.organization(customer).await.map(drop)
    }

    /// A user caller's right, and what never changes.
    fn may_replace_user(&self, before: &UserRecord, new: &NewUser) -> Result<(), ServiceError> {
        let customer = before.customer_id;
        self.require_update(USER, customer, before.id.0)?;
        if customer == new.customer {
            return Ok(());
        }
        let detail = format!("a user's customer never changes: this one's is `{customer}`");
        Err(ServiceError::invalid("/customerId", detail))
    }

    async fn create_user(
        mut self,
        id: UserId,
        new: &NewUser,
        role: Option<RoleId>,
    ) -> Result<Put<UserRecord>, ServiceError> {
        let (cluster, customer) = (self.cluster, new.customer);
        if !cluster.observed(users::insert(self.conn(), id, customer, &content(new, role)).await)? {
            return Err(USER.taken(id));
        }
        if self.is_judged() {
            let allowed = self.allowed_to(id).await?;
            if new.active {
                self.covers(&allowed)?;
            }
            self.covers(of_roles(&allowed))?;
        }
        self.fits(id).await?;
        let record = self.stored(id).await?;
        self.tell(USER.create, &USER.target(id), Some(customer), None, Some(&record)).await?;
        let written = self.finish(Touches::Scope(Scope::User(id)), Some(customer)).await?;
        Ok(Put { written, record, created: true })
    }

    async fn replace_user(
        mut self,
        before: UserRecord,
        new: &NewUser,
        role: Option<RoleId>,
        condition: &Precondition,
    ) -> Result<Put<UserRecord>, ServiceError> {
        let (cluster, id, customer) = (self.cluster, before.id, before.customer_id);
        self.may_replace_user(&before, new)?;
        condition.check(Some(&before), USER.word, id)?;
        let content = content(new, role);
        if is_said(&before, &content) {
            let written = self.unchanged(Some(Whom::User(id, Some(customer)))).await?;
            return Ok(Put { written, record: before, created: false });
        }
        let (changes_role, activates) = (before.role != role, new.active && !before.active);
        let had = if changes_role { self.judged_allowed_to(id).await? } else { Vec::new() };
        cluster.observed(users::update(self.conn(), id, &content).await)?;
        if changes_role || activates {
            let has = self.judged_allowed_to(id).await?;
            // A role given and the one it replaces: who may not give one may not take it away by giving another.
            self.covers(of_roles(&had).chain(of_roles(&has)).filter(|_| changes_role))?;
            self.covers(has.iter().filter(|_| activates))?;
            self.fits(id).await?;
        }
        let record = self.stored(id).await?;
        self.tell(USER.update, &USER.target(id), Some(customer), Some(&before), Some(&record)).await?;
        let touches = Touches::Scope(Scope::User(id));
        let written = self.finish(touches, Some(customer)).await?;
        Ok(Put { written, record, created: false })
    }

    async fn judged_allowed_to(&mut self, id: UserId) -> Result<Vec<Effective>, ServiceError> {
        if self.is_judged() { self.allowed_to(id).await } else { Ok(Vec::new()) }
    }

    async fn stored(&mut self, id: UserId) -> Result<UserRecord, ServiceError> {
        let cluster = self.cluster;
        let found = cluster.observed(users::get(self.conn(), id, Lock::No).await)?;
        found.ok_or_else(|| USER.missing(id))
    }
}

fn content(new: &NewUser, role: Option<RoleId>) -> UserContent {
    UserContent { email: new.email.clone(), ui_language: new.ui_language.clone(), active: new.active, role }
}

fn is_said(before: &UserRecord, content: &UserContent) -> bool {
    before.email == content.email
        && before.ui_language == content.ui_language
        && before.active == content.active
        && before.role == content.role
}
