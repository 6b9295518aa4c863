//! What things are called: for people who read an explanation.

use super::StoreError;
use crate::domain::{CustomerId, PolicyId, RoleId, SecurityGroupId, UserId};
use sqlx::{PgConnection, Row};
use std::collections::HashMap;

/// Things with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Named {
    /// Its name.
    Policy(PolicyId),
    /// Its name.
    Customer(CustomerId),
    /// Its name.
    SecurityGroup(SecurityGroupId),
    /// His e-mail address.
    User(UserId),
    /// Its name.
    Role(RoleId),
}

/// The names of lists of things. Parameters: policies, customers, groups, users, roles.
pub const SQL: &str = "
select 0::smallint as kind, id, name from policies where id = any ((select $1)::bigint[])
union all select 1::smallint, id, name from customers where id = any ((select $2)::bigint[])
union all select 2::smallint, id, name from security_groups where id = any ((select $3)::bigint[])
union all select 3::smallint, id, email from users where id = any ((select $4)::bigint[])
union all select 4::smallint, id, name from roles where id = any ((select $5)::bigint[])";

/// The names of `things`, in one statement; what is not there has none.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn of(
    conn: &mut PgConnection,
    things: impl IntoIterator<Item = Named>,
) -> Result<HashMap<Named, String>, StoreError> {
    let mut ids: [Vec<i64>; 5] = Default::default();
    let [policies, customers, groups, users, roles] = &mut ids;
    for thing in things {
        match thing {
            Named::Policy(id) => policies.push(id.0),
            Named::Customer(id) => customers.push(id.0),
            Named::SecurityGroup(id) => groups.push(id.0),
            Named::User(id) => users.push(id.0),
            Named::Role(id) => roles.push(id.0),
        }
    }
    let mut query = sqlx::query(SQL);
    for list in &ids {
        query = query.bind(list);
    }
    let mut names = HashMap::new();
    for row in query.fetch_all(conn).await? {
        let id: i64 = row.try_get("id")?;
        let thing = match row.try_get::<i16, _>("kind")? {
            0 => Named::Policy(PolicyId(id)),
            1 => Named::Customer(CustomerId(id)),
            2 => Named::SecurityGroup(SecurityGroupId(id)),
            3 => Named::User(UserId(id)),
            _ => Named::Role(RoleId(id)),
        };
        names.insert(thing, row.try_get("name")?);
    }
    Ok(names)
}
