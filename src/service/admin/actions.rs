//! The catalogue of actions: everybody may read it, services write it.

use super::page::{Page, Paging};
use super::writing::{Touches, Writing};
use super::{Deletion, Precondition, Put};
use crate::service::caller::Caller;
use crate::service::cluster::Cluster;
use crate::service::error::ServiceError;
use crate::service::right::Right;
use crate::service::written::{WriteContext, Written};
use crate::store::actions::ActionEntry;
use crate::store::records::{Lock, actions};

const WORD: &str = "action";
const FOR_SERVICES: &str = "the catalogue of actions is written by services only: use a service's token";

impl Cluster {
    /// A page of the catalogue, by name.
    ///
    /// # Errors
    /// `BadRequest` and `Invalid` for a cursor that is none, or another list's.
    pub async fn actions(&self, model: Option<&str>, paging: &Paging) -> Result<Page<ActionEntry>, ServiceError> {
        let walk = self.walk(paging, &[WORD, model.unwrap_or_default()])?;
        let mut connection = self.connection().await?;
        let items = actions::list(&mut connection, model, walk.after_name()?, walk.fetch()).await;
        Ok(walk.page(self.observed(items)?, |action| action.name.clone().into_bytes()))
    }

    /// One action.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn action(&self, name: &str) -> Result<ActionEntry, ServiceError> {
        let mut connection = self.connection().await?;
        let found = self.observed(actions::get(&mut connection, name, Lock::No).await)?;
        found.ok_or_else(|| missing(name))
    }

    /// Adds one.
    ///
    /// # Errors
    /// `Conflict` when it is known, `Refused` for users.
    pub async fn create_action(
        &self,
        caller: &Caller,
        new: &ActionEntry,
        context: &WriteContext,
    ) -> Result<Put<ActionEntry>, ServiceError> {
        let made = async {
            let write = self.writing_actions(caller, context).await?;
            write.create_action(new).await
        };
        self.attempted(caller, context, Right::ACTION_CREATE, &target(&new.name), made.await).await
    }

    /// Adds or replaces one.
    ///
    /// # Errors
    /// `PreconditionFailed`, `Refused` for users.
    pub async fn put_action(
        &self,
        caller: &Caller,
        new: &ActionEntry,
        condition: &Precondition,
        context: &WriteContext,
    ) -> Result<Put<ActionEntry>, ServiceError> {
        let made = async {
            let mut write = self.writing_actions(caller, context).await?;
            let before = self.observed(actions::get(write.conn(), &new.name, Lock::Update).await)?;
            condition.check(before.as_ref(), WORD, &new.name)?;
            match before {
                None => write.create_action(new).await,
                Some(before) => write.replace_action(&before, new).await,
            }
        };
        self.attempted(caller, context, Right::ACTION_UPDATE, &target(&new.name), made.await).await
    }

    /// Takes one out of the catalogue. What policies say of it stays.
    ///
    /// # Errors
    /// `NotFound`, `PreconditionFailed`, `Refused` for users.
    pub async fn delete_action(
        &self,
        caller: &Caller,
        name: &str,
        deletion: &Deletion,
        context: &WriteContext,
    ) -> Result<Written, ServiceError> {
        let made = async {
            let mut write = self.writing_actions(caller, context).await?;
            let found = self.observed(actions::get(write.conn(), name, Lock::Delete).await)?;
            let before = found.ok_or_else(|| missing(name))?;
            deletion.condition.check(Some(&before), WORD, name)?;
            self.observed(actions::delete(write.conn(), name).await)?;
            write.tell(Right::ACTION_DELETE, &target(name), None, Some(&before), None).await?;
            write.finish(Touches::Nobody, None).await
        };
        self.attempted(caller, context, Right::ACTION_DELETE, &target(name), made.await).await
    }

    async fn writing_actions<'a>(
        &'a self,
        caller: &'a Caller,
        context: &'a WriteContext,
    ) -> Result<Writing<'a>, ServiceError> {
        match caller {
            Caller::Service(_) => self.writing(caller, context).await,
            Caller::User(_) => Err(ServiceError::Refused(FOR_SERVICES.into())),
        }
    }
}

impl Writing<'_> {
    async fn create_action(mut self, new: &ActionEntry) -> Result<Put<ActionEntry>, ServiceError> {
        let cluster = self.cluster;
        if !cluster.observed(actions::insert(self.conn(), new).await)? {
            return Err(ServiceError::Conflict(format!("action `{}` is known already: PUT replaces it", new.name)));
        }
        self.tell(Right::ACTION_CREATE, &target(&new.name), None, None, Some(new)).await?;
        Ok(Put { written: self.finish(Touches::Nobody, None).await?, record: new.clone(), created: true })
    }

    async fn replace_action(
        mut self,
        before: &ActionEntry,
        new: &ActionEntry,
    ) -> Result<Put<ActionEntry>, ServiceError> {
        let cluster = self.cluster;
        let written = if before == new {
            self.unchanged(None).await?
        } else {
            cluster.observed(actions::update(self.conn(), new).await)?;
            self.tell(Right::ACTION_UPDATE, &target(&new.name), None, Some(before), Some(new)).await?;
            self.finish(Touches::Nobody, None).await?
        };
        Ok(Put { written, record: new.clone(), created: false })
    }
}

fn missing(name: &str) -> ServiceError {
    ServiceError::not_found(WORD, crate::json::quoted(name))
}

fn target(name: &str) -> String {
    format!("action:{name}")
}
