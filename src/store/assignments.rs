//! Assignments: a policy given to a customer, a security group or a user.
//!
//! Each function is one statement within the caller's transaction: it takes the locks of design section 4, looks at
//! what there is, and changes it.

use super::StoreError;
use crate::domain::{CustomerId, PolicyId, Scope, SecurityGroupId, UserId};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use std::fmt;

/// Who gets a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// One user.
    User(UserId),
    /// The members of a group, whoever they are at any time.
    SecurityGroup(SecurityGroupId),
    /// All users of a customer.
    Customer(CustomerId),
}

impl Target {
    /// The users it reaches, as a job's scope.
    #[must_use]
    pub fn scope(self) -> Scope {
        match self {
            Self::User(id) => Scope::User(id),
            Self::SecurityGroup(id) => Scope::SecurityGroup(id),
            Self::Customer(id) => Scope::Customer(id),
        }
    }

    fn ids(self) -> (Option<i64>, Option<i64>, Option<i64>) {
        match self {
            Self::User(id) => (Some(id.0), None, None),
            Self::SecurityGroup(id) => (None, Some(id.0), None),
            Self::Customer(id) => (None, None, Some(id.0)),
        }
    }
}

/// One assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Assignment {
    /// What is given.
    pub policy: PolicyId,
    /// To whom.
    pub target: Target,
    /// Binds `${customerId}`; none, and the target's own customer, mean the target's own. Of a customer-wide
    /// assignment it must be none.
    pub scope: Option<CustomerId>,
}

/// What there is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The policy.
    Policy(PolicyId),
    /// The target.
    Target(Target),
    /// The scope customer.
    Scope(CustomerId),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(id) => write!(f, "policy `{id}`"),
            Self::Target(Target::User(id)) => write!(f, "user `{id}`"),
            Self::Target(Target::SecurityGroup(id)) => write!(f, "security group `{id}`"),
            Self::Target(Target::Customer(id)) | Self::Scope(id) => write!(f, "customer `{id}`"),
        }
    }
}

/// Why nothing was assigned or removed.
#[derive(Debug, thiserror::Error)]
pub enum AssignError {
    /// Something named does not exist.
    #[error("{0} does not exist")]
    NotFound(Missing),
    /// A customer's own policy can't be given outside that customer.
    #[error("policy `{policy}` belongs to customer `{owner}` and can't be assigned in customer `{customer}`")]
    ForeignPolicy {
        /// The policy.
        policy: PolicyId,
        /// Whose it is.
        owner: CustomerId,
        /// Where it was to go.
        customer: CustomerId,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for AssignError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What an assignment is about, as it was when the locks were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The target's customer.
    pub customer: CustomerId,
    /// Whose policy it is; none: a shared one.
    pub owner: Option<CustomerId>,
    /// The scope customer where it is not the target's own.
    pub scope: Option<CustomerId>,
    /// Whether this is assigned; after [`assign`] and [`remove`]: whether it was before.
    pub exists: bool,
}

/// What [`assign`] and [`remove`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Whether anything changed; doing it twice is a success.
    pub changed: bool,
    /// What it was about.
    pub facts: Facts,
    /// Whom it affects. It still resolves when the job runs: target and members stay, and whoever leaves the
    /// group or is deleted before has a job of his own. So a removal cuts off nobody by id.
    pub affected: Scope,
}

/// The locks, each step after the one before (a sub-select in its condition sees to that), in the order customer,
/// group, policy, user; and what is assigned. Parameters: policy, user, group, customer, scope.
///
/// FOR SHARE on policy and target: whoever changes them waits until this is committed, so what was judged here stays
/// true. The scope customer must only not disappear.
macro_rules! locked {
    () => {
        "with whole as materialized (
    select c.id from customers c where c.id = $4::bigint for share
),
scope as materialized (
    select c.id from customers c where c.id = $5::bigint and (select count(*) from whole) >= 0 for key share
),
grouped as materialized (
    select g.id, g.customer_id from security_groups g
    where g.id = $3::bigint and (select count(*) from scope) >= 0 for share
),
policy as materialized (
    select p.id, p.customer_id from policies p
    where p.id = $1::bigint and (select count(*) from grouped) >= 0 for share
),
single as materialized (
    select u.id, u.customer_id from users u
    where u.id = $2::bigint and (select count(*) from policy) >= 0 for share
),
target (customer_id) as materialized (
    select customer_id from single union all select customer_id from grouped union all select id from whole
),
facts as materialized (
    select t.customer_id, p.id as policy_id, p.customer_id as owner, s.id as scope,
        nullif(s.id, t.customer_id) as other_scope
    from (select 1) one left join policy p on true left join target t on true left join scope s on true
),
present as materialized (
    select a.id from assignments a, facts f
    where a.user_id = $2 and a.user_id is not null and a.policy_id = $1
      and a.scope_customer_id is not distinct from f.other_scope
    union all
    select a.id from assignments a, facts f
    where a.security_group_id = $3 and a.security_group_id is not null and a.policy_id = $1
      and a.scope_customer_id is not distinct from f.other_scope
    union all
    select a.id from assignments a
    where a.customer_id = $4 and a.user_id is null and a.security_group_id is null and a.policy_id = $1
)"
    };
}

/// What a statement answers, `$changed` being whether it changed anything.
macro_rules! answer {
    ($changed:literal) => {
        concat!(
            " select f.policy_id, f.customer_id, f.owner, f.scope, f.other_scope,
    exists (select from present) as exists, ",
            $changed,
            " as changed from facts f"
        )
    };
}

/// Locks and looks.
pub const LOCK_SQL: &str = concat!(locked!(), answer!("false"));

/// Locks, looks and assigns, unless something is missing or foreign.
pub const ASSIGN_SQL: &str = concat!(
    locked!(),
    ", inserted as (
    insert into assignments (policy_id, customer_id, user_id, security_group_id, scope_customer_id)
    select f.policy_id, f.customer_id, $2, $3, f.other_scope from facts f
    where f.policy_id is not null and f.customer_id is not null and ($5 is null or f.scope is not null)
      and (f.owner is null or f.owner = f.customer_id)
      and not exists (select from present)
    on conflict do nothing
    returning id
)",
    answer!("exists (select from inserted)")
);

/// Locks, looks and removes, unless something is missing.
pub const REMOVE_SQL: &str = concat!(
    locked!(),
    ", removed as (
    delete from assignments a where a.id = any (array(
        select present.id from present, facts f
        where f.policy_id is not null and f.customer_id is not null and ($5 is null or f.scope is not null)
    ))
    returning a.id
)",
    answer!("exists (select from removed)")
);

/// Locks what the assignment is about, and looks at it: for whoever has to judge before he assigns. The locks hold
/// until the end of the transaction; the policy's statements, read after, can't change before.
///
/// # Errors
/// [`AssignError::NotFound`]; [`AssignError::Store`].
pub async fn lock(conn: &mut PgConnection, assignment: &Assignment) -> Result<Facts, AssignError> {
    run(conn, LOCK_SQL, assignment).await.map(|(facts, _)| facts)
}

/// Assigns; one round trip.
///
/// # Errors
/// [`AssignError`]; nothing changed then.
pub async fn assign(conn: &mut PgConnection, assignment: &Assignment) -> Result<Outcome, AssignError> {
    let (facts, changed) = run(conn, ASSIGN_SQL, assignment).await?;
    match facts.owner {
        Some(owner) if owner != facts.customer => {
            Err(AssignError::ForeignPolicy { policy: assignment.policy, owner, customer: facts.customer })
        }
        _ => Ok(Outcome { changed, facts, affected: assignment.target.scope() }),
    }
}

/// Removes; one round trip.
///
/// # Errors
/// [`AssignError::NotFound`]; [`AssignError::Store`].
pub async fn remove(conn: &mut PgConnection, assignment: &Assignment) -> Result<Outcome, AssignError> {
    let (facts, changed) = run(conn, REMOVE_SQL, assignment).await?;
    Ok(Outcome { changed, facts, affected: assignment.target.scope() })
}

async fn run(
    conn: &mut PgConnection,
    sql: &'static str,
    assignment: &Assignment,
) -> Result<(Facts, bool), AssignError> {
    let (user, group, customer) = assignment.target.ids();
    let query = sqlx::query(sql).bind(assignment.policy.0).bind(user).bind(group).bind(customer);
    let row = query.bind(assignment.scope.map(|id| id.0)).fetch_one(conn).await?;
    read(&row, assignment)
}

fn read(row: &PgRow, assignment: &Assignment) -> Result<(Facts, bool), AssignError> {
    let id = |name: &str| row.try_get::<Option<i64>, _>(name);
    if id("policy_id")?.is_none() {
        return Err(AssignError::NotFound(Missing::Policy(assignment.policy)));
    }
    let customer = id("customer_id")?.ok_or(AssignError::NotFound(Missing::Target(assignment.target)))?;
    if let (Some(scope), None) = (assignment.scope, id("scope")?) {
        return Err(AssignError::NotFound(Missing::Scope(scope)));
    }
    let facts = Facts {
        customer: CustomerId(customer),
        owner: id("owner")?.map(CustomerId),
        scope: id("other_scope")?.map(CustomerId),
        exists: row.try_get("exists")?,
    };
    Ok((facts, row.try_get("changed")?))
}
