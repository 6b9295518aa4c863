//! Whether a caller may give or take a policy: judged within the write's transaction, on what the locks hold still.

use super::assign::{Change, not_found};
use super::caller::{Caller, Shown, UserCaller, forbidden, hidden, holds, permitted};
use super::cluster::Cluster;
use super::error::ServiceError;
use super::right::{Own, Right};
use crate::domain::{Binding, BoundUser, CustomerId, Permissions, Statement, given};
use crate::store::StoreError;
use crate::store::assignments::{self, Assignment, Facts, Missing, Target};
use crate::store::records::customers;
use crate::store::{directory, groups, policies, snapshot, users};
use sqlx::PgConnection;

impl Cluster {
    /// Whether `caller` may make this change. A service may, within its scope; a user needs the right on the policy in
    /// the target's customer and everything that the change gives.
    ///
    /// # Errors
    /// `NotFound` for what he may not know of, `Forbidden`, `NotCovered`.
    pub(super) async fn judge(
        &self,
        conn: &mut PgConnection,
        caller: &Caller,
        change: Change,
        assignment: &Assignment,
    ) -> Result<(), ServiceError> {
        let user = match caller {
            Caller::Service(claims) => return permitted(claims, change.right(), Own::everywhere("policy")),
            Caller::User(user) => user,
        };
        // First the tenants: judged writes in one of them follow one another (`admin::writing`).
        if let Some(customer) = self.customer_of_target(conn, assignment.target).await? {
            self.observed(customers::lock(conn, &[user.customer.0, customer.0]).await)?;
        }
        let facts = self.observed(assignments::lock(conn, assignment).await)?;
        let own = self.own_permissions(conn, user).await?;
        self.may_touch(user, &own, change, assignment, &facts)?;
        self.compare(conn, &own, change, assignment, &facts).await
    }

    /// Whose the target is, as far as anybody knows before it is locked.
    async fn customer_of_target(
        &self,
        conn: &mut PgConnection,
        target: Target,
    ) -> Result<Option<CustomerId>, ServiceError> {
        match target {
            Target::Customer(id) => Ok(Some(id)),
            Target::SecurityGroup(id) => self.observed(groups::customer(conn, id).await),
            Target::User(id) => Ok(self.observed(users::find(conn, id).await)?.map(|user| user.customer)),
        }
    }

    /// The caller's permissions from PostgreSQL: who was just stripped of a right can't use the index's lag.
    ///
    /// # Errors
    /// `Unauthorized` when he is not there or not active any more.
    pub async fn own_permissions(
        &self,
        conn: &mut PgConnection,
        user: &UserCaller,
    ) -> Result<Permissions, ServiceError> {
        let own = match snapshot::load_one(conn, user.id, self.now(), &self.snapshots).await {
            // What can't be read may be a deny: he has nothing.
            Err(StoreError::Unreadable(why)) => {
                tracing::error!(user.id = %user.id, cause = %why, "a user has nothing: what he was given can't be read");
                let (user, customer) = (user.id, why.customer);
                Some(Permissions { user, customer, active: true, statements: Vec::new() })
            }
            loaded => self.observed(loaded)?.map(|loaded| loaded.permissions),
        };
        own.filter(|own| own.active && own.customer == user.customer)
            .ok_or_else(|| ServiceError::Unauthorized("the token's user is not active here any more".into()))
    }

    fn may_touch(
        &self,
        user: &UserCaller,
        own: &Permissions,
        change: Change,
        assignment: &Assignment,
        facts: &Facts,
    ) -> Result<(), ServiceError> {
        let now = self.now();
        let needed = Own::policy(facts.customer, assignment.policy);
        let may = holds(own, change.right(), needed, now);
        if !may && facts.customer != user.customer {
            return Err(hidden(change.right(), needed, target_of(assignment.target)));
        }
        let sees = |owner| {
            owner == user.customer || holds(own, Right::POLICY_READ, Own::policy(owner, assignment.policy), now)
        };
        if facts.owner.is_some_and(|owner| !sees(owner)) {
            return Err(not_found(Missing::Policy(assignment.policy)));
        }
        if !may {
            return Err(forbidden(change.right(), needed));
        }
        // Beside a target, a user caller's `customerId` is the target's own or one he can't see.
        facts.scope.map_or(Ok(()), |scope| Err(not_found(Missing::Scope(scope))))
    }

    /// Whether he has what the policy says, bound for whoever gets it.
    async fn compare(
        &self,
        conn: &mut PgConnection,
        own: &Permissions,
        change: Change,
        assignment: &Assignment,
        facts: &Facts,
    ) -> Result<(), ServiceError> {
        let statements = self.observed(policies::statements(conn, assignment.policy).await)?;
        let statements = statements.ok_or_else(|| {
            let why = format!("policy {} can't be read as it is stored", assignment.policy);
            ServiceError::Internal(why.into())
        })?;
        let organization = if let Some(known) = self.directory.organization(facts.customer) {
            known
        } else {
            let found = self.observed(directory::organization(conn, facts.customer).await)?;
            found.ok_or_else(|| not_found(Missing::Target(assignment.target)))?.into()
        };
        let user = match assignment.target {
            Target::User(id) => BoundUser::One(id),
            Target::SecurityGroup(_) | Target::Customer(_) => BoundUser::Any,
        };
        let binding = Binding { scope: facts.scope.unwrap_or(facts.customer), user, organization: &organization };
        compare(own, change, &statements, &binding)
    }
}

/// As errors name a target.
fn target_of(target: Target) -> Shown {
    match target {
        Target::User(id) => ("user", id.to_string()),
        Target::SecurityGroup(id) => ("security group", id.to_string()),
        Target::Customer(id) => ("customer", id.to_string()),
    }
}

/// Whether the caller has what the change gives: assigning puts what the policy says in the place of nothing, removing the
/// other way round.
fn compare(
    own: &Permissions,
    change: Change,
    statements: &[Statement],
    binding: &Binding<'_>,
) -> Result<(), ServiceError> {
    let given = match change {
        Change::Assign => given(&[], statements, binding),
        Change::Remove => given(statements, &[], binding),
    };
    Ok(given.iter().try_for_each(|given| own.covers_pairs(given))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Conditions, Effect, Origin, PolicyId, Template, UserId};
    use std::sync::Arc;

    const BINDING: Binding<'static> = Binding { scope: CustomerId(1), user: BoundUser::Any, organization: "acme" };

    fn statement(effect: Effect, action: &str, resource: &str) -> Statement {
        Statement {
            effect,
            actions: vec![Template::parse(action).unwrap()],
            resources: vec![Template::parse(resource).unwrap()],
            conditions: Conditions::new(),
        }
    }

    fn own(statements: &[Statement]) -> Permissions {
        let bind = |own: &Statement| Arc::new(own.bind(&BINDING, Some(PolicyId(3)), Origin::User(UserId(17))));
        let statements = statements.iter().map(bind).collect();
        Permissions { user: UserId(17), customer: CustomerId(1), active: true, statements }
    }

    #[test]
    fn giving_is_compared_by_allows_and_taking_by_denies() {
        let editor = own(&[statement(Effect::Allow, "doc:*", "acrn:app:1:*")]);
        let covered = statement(Effect::Allow, "doc:read", "acrn:app:1:doc/*");
        let beyond = statement(Effect::Allow, "doc:read", "acrn:app:2:doc/*");
        let deny_beyond = statement(Effect::Deny, "doc:read", "acrn:app:2:doc/*");
        let is_refused = |change, said: &[Statement]| {
            matches!(compare(&editor, change, said, &BINDING), Err(ServiceError::NotCovered(_)))
        };
        assert!(!is_refused(Change::Assign, &[covered.clone(), deny_beyond.clone()]));
        assert!(is_refused(Change::Assign, &[covered, beyond.clone()]));
        assert!(is_refused(Change::Remove, &[deny_beyond]));
        assert!(!is_refused(Change::Remove, &[beyond]));
    }
}
