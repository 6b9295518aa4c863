//! Who is in a security group: who joins is given what the group gives, who leaves is freed of what it denies.

use super::page::{Page, Paging};
use super::thing::{GROUP, USER};
use super::writing::{Touches, Writing};
use crate::domain::{Binding, BoundUser, CustomerId, Scope, SecurityGroupId, Statement, UserId, given};
use crate::json::Errors;
use crate::service::caller::Caller;
use crate::service::cluster::Cluster;
use crate::service::error::ServiceError;
use crate::service::hint::Whom;
use crate::service::written::{WriteContext, Written};
use crate::store::policies::read_stored;
use crate::store::records::groups::{self, SecurityGroup};
use crate::store::records::{Lock, Slice, members, users};
use serde_json::{Map, json};

/// A group's list is written with at most so many.
pub const MAX_MEMBERS: usize = 100_000;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// The user joins.
    Joins,
    /// The user leaves.
    Leaves,
}

/// What writing the whole list changed.
#[derive(Debug)]
pub struct Replacement {
    /// How it stands.
    pub written: Written,
    /// How many came.
    pub added: usize,
    /// How many went.
    pub removed: usize,
}

/// Statements that a group gives, with the scope each is bound in.
type Given = Vec<(CustomerId, Vec<Statement>)>;

impl Cluster {
    /// A page of a group's members, by id.
    ///
    /// # Errors
    /// As for the group itself; `BadRequest`, `Invalid` for a cursor.
    pub async fn members(
        &self,
        caller: &Caller,
        id: SecurityGroupId,
        paging: &Paging,
    ) -> Result<Page<UserId>, ServiceError> {
        self.group(caller, id).await?;
        let walk = self.walk(paging, &["member", &id.to_string()])?;
        let slice = Slice { after: walk.after_id()?, limit: walk.fetch() };
        let mut connection = self.connection().await?;
        let items = self.observed(members::list(&mut connection, id, slice).await)?;
        Ok(walk.page_by_id(items, |user| user.0))
    }

    /// Puts a user in, or takes him out; doing it twice is a success.
    ///
    /// # Errors
    /// `NotFound` names the group or the user; `Forbidden`, `NotCovered`.
    pub async fn change_member(
        &self,
        caller: &Caller,
        id: SecurityGroupId,
        user: UserId,
        change: Membership,
        context: &WriteContext,
    ) -> Result<Written, ServiceError> {
        let made = async {
            let mut write = self.writing(caller, context).await?;
            let group = write.group_to_change(id).await?;
            let found = self.observed(users::get(write.conn(), user, Lock::No).await)?;
            found.filter(|found| found.customer_id == group.customer_id).ok_or_else(|| USER.missing(user))?;
            self.observed(members::lock(write.conn(), &[user.0]).await)?;
            match change {
                Membership::Joins => write.judge_joining(&group, &[user.0]).await?,
                Membership::Leaves => write.judge_leaving(&group, BoundUser::One(user)).await?,
            }
            let changed = match change {
                Membership::Joins => members::add(write.conn(), id, group.customer_id, user).await,
                Membership::Leaves => members::remove(write.conn(), id, user).await,
            };
            if !self.observed(changed)? {
                return write.unchanged(Some(Whom::User(user, Some(group.customer_id)))).await;
            }
            if change == Membership::Joins {
                write.fits(user).await?;
            }
            let row = json!({"member": user});
            let (before, after) = match change {
                Membership::Joins => (None, Some(&row)),
                Membership::Leaves => (Some(&row), None),
            };
            write.tell(GROUP.update, &GROUP.target(id), Some(group.customer_id), before, after).await?;
            write.finish(Touches::Scope(Scope::User(user)), Some(group.customer_id)).await
        };
        self.attempted(caller, context, GROUP.update, &GROUP.target(id), made.await).await
    }

    /// Makes `wanted` the whole list of members.
    ///
    /// # Errors
    /// `Invalid` names those who are not of the group's customer; `NotFound`, `Forbidden`, `NotCovered`.
    pub async fn replace_members(
        &self,
        caller: &Caller,
        id: SecurityGroupId,
        wanted: &[i64],
        context: &WriteContext,
    ) -> Result<Replacement, ServiceError> {
        let made = async {
            let mut write = self.writing(caller, context).await?;
            let group = write.group_to_change(id).await?;
            let customer = group.customer_id;
            self.all_of(&mut write, customer, wanted).await?;
            self.observed(members::lock(write.conn(), wanted).await)?;
            let replaced = self.observed(members::replace(write.conn(), id, customer, wanted).await)?;
            let (added, removed) = (replaced.added.len(), replaced.removed.len());
            if added + removed == 0 {
                let written = write.unchanged(Some(Whom::SecurityGroup(id, customer))).await?;
                return Ok(Replacement { written, added, removed });
            }
            if !replaced.added.is_empty() {
                write.judge_joining(&group, &replaced.added).await?;
            }
            if !replaced.removed.is_empty() {
                write.judge_leaving(&group, BoundUser::Any).await?;
            }
            let (before, after) = (told("removed", &replaced.removed), told("added", &replaced.added));
            write.tell(GROUP.update, &GROUP.target(id), Some(customer), Some(&before), Some(&after)).await?;
            let touched = replaced.added.into_iter().chain(replaced.removed).collect();
            let written = write.finish(Touches::Users(touched), Some(customer)).await?;
            Ok(Replacement { written, added, removed })
        };
        self.attempted(caller, context, GROUP.update, &GROUP.target(id), made.await).await
    }

    async fn all_of(&self, write: &mut Writing<'_>, customer: CustomerId, users: &[i64]) -> Result<(), ServiceError> {
        let strangers = self.observed(members::strangers(write.conn(), customer, users).await)?;
        if strangers.is_empty() {
            return Ok(());
        }
        let mut errors = Errors::default();
        for stranger in strangers {
            let at = users.iter().position(|user| *user == stranger.0).unwrap_or_default();
            let detail = format!("user `{stranger}` does not exist in customer `{customer}`: leave the id out");
            errors.add(format!("/userIds/{at}"), detail);
        }
        Err(ServiceError::Invalid(errors))
    }
}

/// A list of ids as the audit log keeps it: how many, and the first of them.
fn told(word: &str, ids: &[i64]) -> serde_json::Value {
    const SHOWN: usize = 1_000;
    let mut map = Map::new();
    map.insert(word.to_owned(), ids.len().into());
    map.insert(format!("{word}Ids"), ids.iter().take(SHOWN).copied().collect());
    map.into()
}

impl Writing<'_> {
    /// The group, held still, for a caller who may change it.
    async fn group_to_change(&mut self, id: SecurityGroupId) -> Result<SecurityGroup, ServiceError> {
        let cluster = self.cluster;
        let seen = cluster.observed(groups::get(self.conn(), id, Lock::No).await)?;
        let customer = seen.ok_or_else(|| GROUP.missing(id))?.customer_id;
        self.enter([customer]).await?;
        self.require(GROUP.update, GROUP.own(customer, id.0), customer, (GROUP.word, id.0))?;
        self.locked_group(id, customer, Lock::Update).await
    }

    /// Whether a user caller has what the group gives to those who join.
    async fn judge_joining(&mut self, group: &SecurityGroup, joining: &[i64]) -> Result<(), ServiceError> {
        let organization = self.organization(group.customer_id).await?;
        for (scope, statements) in self.given_by(group).await? {
            // The same for everybody, unless it names the user.
            let each = if statements.iter().any(Statement::names_user) { joining.len() } else { 1 };
            for user in joining.iter().take(each) {
                let binding = Binding::new(scope, UserId(*user), &organization);
                self.covers(&given(&[], &statements, &binding))?;
            }
        }
        Ok(())
    }

    /// Whether a user caller has what the group denies to those who leave it.
    pub(super) async fn judge_leaving(&mut self, group: &SecurityGroup, user: BoundUser) -> Result<(), ServiceError> {
        let organization = self.organization(group.customer_id).await?;
        for (scope, statements) in self.given_by(group).await? {
            self.covers(&given(&statements, &[], &Binding { scope, user, organization: &organization }))?;
        }
        Ok(())
    }

    /// What the group gives; nothing when nobody is judged.
    async fn given_by(&mut self, group: &SecurityGroup) -> Result<Given, ServiceError> {
        if !self.is_judged() {
            return Ok(Given::new());
        }
        let cluster = self.cluster;
        let stored = cluster.observed(groups::gives(self.conn(), group.id).await)?;
        let read = |(scope, text): (Option<CustomerId>, String)| {
            let statements = read_stored(&text).ok_or_else(|| {
                let why = format!("a policy of security group {} can't be read as it is stored", group.id);
                ServiceError::Internal(why.into())
            })?;
            Ok((scope.unwrap_or(group.customer_id), statements))
        };
        stored.into_iter().map(read).collect()
    }
}
