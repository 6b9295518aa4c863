//! The statement that reads a page of users.

/// Parameters: the users' ids, the instant (microseconds) before which temporary grants have certainly expired.
///
/// One statement is one consistent snapshot, whatever the isolation level: under READ COMMITTED it has a snapshot
/// of its own, within a REPEATABLE READ transaction it shares the transaction's. And it is one round trip, for
/// one user as for 1,000.
///
/// The rows are typed by their first column and come in any order:
///
/// | kind | a | b | c | flag | text | more | uuid | these | those | scopes |
/// |---|---|---|---|---|---|---|---|---|---|---|
/// | 0 user | id | customer | role | active | e-mail | language | | | | |
/// | 1 customer | id | | | | organization | | | | | |
/// | 2 memberships | | | | | | | | users | groups | |
/// | 3, 4, 5 assignments to customers, groups, users | | | | | | | | policies | targets | scopes |
/// | 6 policy | id | | | | statements | | | | | |
/// | 7 role | id | | | | grants | | | | | |
/// | 8 temporary grant | user | expiry (us) | | | grant | | id | | | |
///
/// Policies, roles and a customer's or group's assignments come once each, not once a user. Memberships and
/// assignments, most of what a page has, come as lists of equal length: a row each would cost both sides more than
/// finding them.
///
/// Why it looks as it does: every step takes the ids of the step before as an *array of unknown length* (the first by a
/// sub-select around the parameter). The planner then always expects ten, picks the index scans that are right
/// for one user and for 1,000, and, since knowing the parameter wins nothing, keeps one generic plan: planning
/// would cost more than running (2 ms against 0.3). The limits are one above what [`super::MAX_ROWS`] lets pass. The
/// grants' expiry is compared as an expression, so that no index on it looks better than the users': it would
/// read everybody's.
pub const SQL: &str = "
with found as materialized (
    select u.id, u.customer_id, u.role_id, u.active, u.email, u.ui_language
    from users u where u.id = any ((select $1)::bigint[])
),
memberships as materialized (
    select m.user_id, m.security_group_id
    from security_group_members m where m.user_id = any (array(select id from found))
    limit 500001
),
reaching (kind, policy_id, target, scope) as materialized (
    select 3::smallint, a.policy_id, a.customer_id, null::bigint
    from assignments a
    where a.customer_id = any (array(select customer_id from found))
      and a.user_id is null and a.security_group_id is null
    union all
    select 4::smallint, a.policy_id, a.security_group_id, a.scope_customer_id
    from assignments a
    where a.security_group_id = any (array(select security_group_id from memberships))
      and a.security_group_id is not null
    union all
    select 5::smallint, a.policy_id, a.user_id, a.scope_customer_id
    from assignments a
    where a.user_id = any (array(select id from found)) and a.user_id is not null
    limit 500001
)
select 0::smallint as kind, id as a, customer_id as b, role_id as c, active as flag, email as text,
    ui_language as more, null::uuid as uuid, null::bigint[] as these, null::bigint[] as those,
    null::bigint[] as scopes
from found
union all
select 1::smallint, c.id, null, null, null, c.organization, null, null, null, null, null
from customers c where c.id = any (array(select customer_id from found))
union all
select 2::smallint, null, null, null, null, null, null, null, array_agg(user_id), array_agg(security_group_id), null
from memberships
union all
select kind, null, null, null, null, null, null, null, array_agg(policy_id), array_agg(target), array_agg(scope)
from reaching group by kind
union all
select 6::smallint, p.id, null, null, null, p.statements::text, null, null, null, null, null
from policies p where p.id = any (array(select policy_id from reaching))
union all
select 7::smallint, r.id, null, null, null, r.permission_grants::text, null, null, null, null, null
from roles r where r.id = any (array(select role_id from found))
union all
select 8::smallint, g.user_id, (extract(epoch from g.expires_at) * 1000000)::bigint, null, null,
    g.permission_grant::text, null, g.id, null, null, null
from temporary_grants g
where g.user_id = any (array(select id from found))
  and g.expires_at - timestamptz 'epoch' > $2 * interval '1 microsecond'
limit 500001";
