//! What replacing or deleting a policy would give and take: judged as the write is, and not made.

use super::policies::{is_same, says_the_same};
use super::thing::POLICY;
use super::{Deletion, NewPolicy, Precondition};
use crate::domain::{PolicyId, Scope};
use crate::service::caller::Caller;
use crate::service::cluster::Cluster;
use crate::service::error::ServiceError;
use crate::service::preview::Preview;
use crate::service::written::WriteContext;
use crate::store::snapshot::Supposed;

impl Cluster {
    /// What [`Cluster::put_policy`] would come to. A policy that is not there yet reaches nobody.
    ///
    /// # Errors
    /// As that; `TooMany`.
    pub async fn preview_put_policy(
        &self,
        caller: &Caller,
        id: PolicyId,
        new: &NewPolicy,
        condition: &Precondition,
        context: &WriteContext,
    ) -> Result<Preview, ServiceError> {
        let run = self.dry_run()?;
        let judged = self.judge_put(caller, id, new, condition, context).await;
        match self.attempted(caller, context, POLICY.update, &POLICY.target(id), judged).await? {
            Put::Nothing => Ok(Preview::nobody(false)),
            Put::Nobody => Ok(Preview::nobody(true)),
            Put::Holders => self.preview(run, Scope::Policy(id), Supposed::replace(id, &new.content.statements)).await,
        }
    }

    async fn judge_put(
        &self,
        caller: &Caller,
        id: PolicyId,
        new: &NewPolicy,
        condition: &Precondition,
        context: &WriteContext,
    ) -> Result<Put, ServiceError> {
        let mut write = self.writing(caller, context).await?;
        let put = match write.policy_to_put(id, new, condition).await? {
            None => {
                // Whether it can be made is found out by making it.
                write.insert_policy(id, new).await?;
                Put::Nobody
            }
            Some(before) if is_same(&before, &new.content) => Put::Nothing,
            Some(before) if says_the_same(&before, &new.content) => Put::Nobody,
            Some(_) => Put::Holders,
        };
        write.abandon().await?;
        Ok(put)
    }

    /// What [`Cluster::delete_policy`] would come to.
    ///
    /// # Errors
    /// As that; `TooMany`.
    pub async fn preview_delete_policy(
        &self,
        caller: &Caller,
        id: PolicyId,
        deletion: &Deletion,
        context: &WriteContext,
    ) -> Result<Preview, ServiceError> {
        let run = self.dry_run()?;
        let judged = async {
            let mut write = self.writing(caller, context).await?;
            write.policy_to_delete(id, deletion).await?;
            write.abandon().await
        };
        self.attempted(caller, context, POLICY.delete, &POLICY.target(id), judged.await).await?;
        self.preview(run, Scope::Policy(id), Supposed::delete(id)).await
    }
}

/// Whom a `PUT` would change something for.
enum Put {
    /// It says what is there.
    Nothing,
    /// A new policy, or a new name.
    Nobody,
    /// Whoever holds it.
    Holders,
}
