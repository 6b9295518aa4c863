//! The staging tables, and the statements that check them and merge them into the real ones.
//!
//! Everything is set-based: a file of 50,000 lines is a dozen statements.

/// Columns in the order in which `line.rs` writes them. `import_touched` collects whose permissions change: `u`ser,
/// `g`roup, `c`ustomer, `r`ole, `p`olicy, each with its customer (none: a shared policy).
pub(super) const STAGE: &str = "
create temp table import_customers (line bigint, id bigint, organization text, name text) on commit drop;
create temp table import_roles (line bigint, id bigint, organization text, name text, description text,
    frontend_view text, permission_grants jsonb) on commit drop;
create temp table import_users (line bigint, id bigint, customer_id bigint, email text, ui_language text,
    active boolean, role_name text) on commit drop;
create temp table import_groups (line bigint, id bigint, customer_id bigint, name text, description text) on commit drop;
create temp table import_members (line bigint, security_group_id bigint, user_id bigint) on commit drop;
create temp table import_policies (line bigint, id bigint, customer_id bigint, name text, description text,
    statements jsonb) on commit drop;
create temp table import_assignments (line bigint, policy_id bigint, user_id bigint, security_group_id bigint,
    customer_id bigint) on commit drop;
create temp table import_actions (line bigint, name text, model text, title text, description text,
    experimental boolean) on commit drop;
create temp table import_grants (line bigint, id uuid, user_id bigint, permission_grant jsonb,
    expires_at timestamptz, justification text, tags jsonb) on commit drop;
create temp table import_touched (kind \"char\", id bigint, customer_id bigint) on commit drop";

/// Long statements are fine here, and so is waiting for a slow file.
pub(super) const UNBOUND: &str = "set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0";

/// The planner must know what there is to join: without, checking 50,000 lines took 6 s instead of 0.06.
pub(super) const ANALYZE: &str = "analyze import_customers; analyze import_roles; analyze import_users;
analyze import_groups; analyze import_members; analyze import_policies; analyze import_assignments;
analyze import_grants";

/// Imports follow one another.
pub(super) const LOCK: &str = "select pg_advisory_xact_lock(7267105)";

/// What is named and not in the file stays until the commit; whatever else anybody writes goes on beside it. In the order
/// in which other writers lock. What is in the file is locked when it is merged.
pub(super) const HOLD: [&str; 5] = [
    "select count(*) from (
        select from customers c
        where (c.id in (
                select customer_id from import_users union select customer_id from import_groups
                union select customer_id from import_policies union select customer_id from import_assignments)
            or c.organization in (select organization from import_roles))
            and not exists (select from import_customers i where i.id = c.id)
        order by c.id for key share) as held",
    // Not its key alone: a role that is deleted keeps its row.
    "select count(*) from (
        select from roles r
        where r.retired_at is null and exists (
            select from import_users i where i.customer_id = r.customer_id and i.role_name = r.name)
        order by r.id for share) as held",
    "select count(*) from (
        select from security_groups g
        where g.id in (
                select security_group_id from import_members union select security_group_id from import_assignments)
            and not exists (select from import_groups i where i.id = g.id)
        order by g.id for key share) as held",
    "select count(*) from (
        select from policies p
        where p.id in (select policy_id from import_assignments)
            and not exists (select from import_policies i where i.id = p.id)
        order by p.id for key share) as held",
    "select count(*) from (
        select from users u
        where u.id in (
                select user_id from import_members union select user_id from import_assignments
                union select user_id from import_grants)
            and not exists (select from import_users i where i.id = u.id)
        order by u.id for key share) as held",
];

/// Organizations of the file that another storage cluster has: $1 with the clusters $2; at most $3.
pub(super) const ELSEWHERE: &str = "
select i.line, 'organization `' || i.organization || '` is in the storage cluster `' || e.cluster || '`: import it there, or '
    || 'leave it out'
from import_customers i join unnest($1::text[], $2::text[]) as e (organization, cluster) using (organization)
order by i.line limit $3";

/// Every mistake that takes more than one line to see. Once before the merge, for the sake of its words, and once after
/// it: whatever others wrote in between is true or false of the rows as they will be. Parameter: how many are wanted.
pub(super) const CHECK: &str = "
with organizations as (
    select id, organization from import_customers union select id, organization from customers
),
all_users as (
    select id, customer_id from import_users
    union
    select u.id, u.customer_id from users u where u.id in (
        select user_id from import_members union all select user_id from import_assignments
        union all select user_id from import_grants
    )
),
all_groups as (
    select id, customer_id from import_groups
    union
    select g.id, g.customer_id from security_groups g where g.id in (
        select security_group_id from import_members union all select security_group_id from import_assignments
    )
),
all_policies as (
    select id, customer_id from import_policies
    union
    select p.id, p.customer_id from policies p where p.id in (select policy_id from import_assignments)
),
members as materialized (
    select m.line, m.security_group_id, m.user_id, g.id as group_found, u.id as user_found
    from import_members m
    left join all_groups g on g.id = m.security_group_id
    left join all_users u on u.id = m.user_id
    where g.id is null or u.id is null or g.customer_id <> u.customer_id
),
given as materialized (
    select a.*, p.id as policy_found, p.customer_id as owner, u.id as user_found, g.id as group_found,
        c.id as customer_found, coalesce(u.customer_id, g.customer_id,
            case when a.user_id is null and a.security_group_id is null then a.customer_id end) as target_customer
    from import_assignments a
    left join all_policies p on p.id = a.policy_id
    left join all_users u on u.id = a.user_id
    left join all_groups g on g.id = a.security_group_id
    left join organizations c on c.id = a.customer_id
),
wrong (line, why) as (
    select max(line), format('customer `%s` is given twice: first on line %s', id, min(line))
    from import_customers group by id having count(*) > 1
    union all
    select max(line), format('organization `%s` is given twice: first on line %s', organization, min(line))
    from import_customers group by organization having count(*) > 1 and count(distinct id) > 1
    union all
    select i.line, format('customer `%s` is the organization `%s`, which never changes', i.id, c.organization)
    from import_customers i join customers c on c.id = i.id where c.organization <> i.organization
    union all
    select i.line, format('organization `%s` is customer `%s` already', i.organization, c.id)
    from import_customers i join customers c on c.organization = i.organization where c.id <> i.id

    union all
    select max(line), format('role `%s` is given twice: first on line %s', id, min(line))
    from import_roles where id is not null group by id having count(*) > 1
    union all
    select max(line), format('role `%s` of `%s` is given twice: first on line %s', name, organization, min(line))
    from import_roles group by organization, name having count(*) > 1
    union all
    select i.line, format('organization `%s` is neither in the file nor in the database', i.organization)
    from import_roles i where not exists (select from organizations o where o.organization = i.organization)
    union all
    select i.line, format('role `%s` belongs to `%s`, which never changes', i.id, c.organization)
    from import_roles i join roles r on r.id = i.id join customers c on c.id = r.customer_id
    where c.organization <> i.organization
    union all
    select i.line, format('role `%s` was replaced by another: leave its id out', i.id)
    from import_roles i join roles r on r.id = i.id where r.retired_at is not null
    union all
    select i.line, format('role `%s` of `%s` has the id `%s` already', i.name, i.organization, r.id)
    from import_roles i
    join customers c on c.organization = i.organization
    join roles r on r.customer_id = c.id and r.name = i.name and r.retired_at is null
    where i.id <> r.id and not exists (select from import_roles o where o.id = r.id and o.name <> r.name)

    union all
    select max(line), format('user `%s` is given twice: first on line %s', id, min(line))
    from import_users group by id having count(*) > 1
    union all
    select i.line, format('customer `%s` is neither in the file nor in the database', i.customer_id)
    from import_users i where not exists (select from organizations o where o.id = i.customer_id)
    union all
    select i.line, format('user `%s` belongs to customer `%s`, which never changes', i.id, u.customer_id)
    from import_users i join users u on u.id = i.id where u.customer_id <> i.customer_id
    union all
    select i.line, format('role `%s` of customer `%s` is neither in the file nor in the database', i.role_name,
        i.customer_id)
    from import_users i
    where i.role_name is not null
      and not exists (
        select from organizations o join import_roles r on r.organization = o.organization
        where o.id = i.customer_id and r.name = i.role_name)
      and not exists (
        select from roles r
        where r.customer_id = i.customer_id and r.name = i.role_name and r.retired_at is null
          and not exists (select from import_roles o where o.id = r.id and o.name <> r.name))

    union all
    select max(line), format('security group `%s` is given twice: first on line %s', id, min(line))
    from import_groups group by id having count(*) > 1
    union all
    select i.line, format('customer `%s` is neither in the file nor in the database', i.customer_id)
    from import_groups i where not exists (select from organizations o where o.id = i.customer_id)
    union all
    select i.line, format('security group `%s` belongs to customer `%s`, which never changes', i.id, g.customer_id)
    from import_groups i join security_groups g on g.id = i.id where g.customer_id <> i.customer_id

    union all
    select line, format('security group `%s` is neither in the file nor in the database', security_group_id)
    from members where group_found is null
    union all
    select line, format('user `%s` is neither in the file nor in the database', user_id)
    from members where user_found is null
    union all
    select line, format('security group `%s` and user `%s` belong to different customers', security_group_id, user_id)
    from members where group_found is not null and user_found is not null

    union all
    select max(line), format('policy `%s` is given twice: first on line %s', id, min(line))
    from import_policies group by id having count(*) > 1
    union all
    select i.line, format('customer `%s` is neither in the file nor in the database', i.customer_id)
    from import_policies i
    where i.customer_id is not null and not exists (select from organizations o where o.id = i.customer_id)
    union all
    select i.line, format('policy `%s` %s, which never changes', i.id,
        coalesce('belongs to customer `' || p.customer_id || '`', 'is shared'))
    from import_policies i join policies p on p.id = i.id where p.customer_id is distinct from i.customer_id

    union all
    select line, format('policy `%s` is neither in the file nor in the database', policy_id)
    from given where policy_found is null
    union all
    select line, format('user `%s` is neither in the file nor in the database', user_id)
    from given where user_id is not null and user_found is null
    union all
    select line, format('security group `%s` is neither in the file nor in the database', security_group_id)
    from given where security_group_id is not null and group_found is null
    union all
    select line, format('customer `%s` is neither in the file nor in the database', customer_id)
    from given where customer_id is not null and customer_found is null
    union all
    select line, format('policy `%s` belongs to customer `%s` and can''t be assigned in customer `%s`', policy_id,
        owner, target_customer)
    from given where owner <> target_customer

    union all
    select max(line), format('action `%s` is given twice: first on line %s', name, min(line))
    from import_actions group by name having count(*) > 1

    union all
    select max(line), format('temporary grant `%s` is given twice: first on line %s', id, min(line))
    from import_grants group by id having count(*) > 1
    union all
    select i.line, format('user `%s` is neither in the file nor in the database', i.user_id)
    from import_grants i where not exists (select from all_users u where u.id = i.user_id)
    union all
    select i.line, format('temporary grant `%s` belongs to user `%s`, which never changes', i.id, g.user_id)
    from import_grants i join temporary_grants g on g.id = i.id where g.user_id <> i.user_id
)
select line, why from wrong order by line, why limit $1";

/// Foreign keys cost half of an import, row by row. Whoever may turn them off does: every insert between the two
/// statements joins the rows it references, which stay ([`HOLD`]).
pub(super) const TRUST: &str = "select set_config('session_replication_role', 'replica', true)
where has_parameter_privilege('session_replication_role', 'set')";
/// Back to normal.
pub(super) const MISTRUST: &str = "select set_config('session_replication_role', 'origin', true)
where has_parameter_privilege('session_replication_role', 'set')";

/// New ids are counted on from the highest that was given. Sequences can't be rolled back: at worst some ids are
/// never used. One that is near is moved step by step: set, it could go back behind what others draw this moment.
pub(super) const SEQUENCES: &str = "
select case when m - last > 10000 then setval(s, m)
    else (select max(drawn) from (select nextval(s) as drawn from generate_series(last + 1, m)) as steps) end
from (select s, m, coalesce(pg_sequence_last_value(s), 0) as last from (values
    (pg_get_serial_sequence('customers', 'id')::regclass, (select max(id) from import_customers)),
    (pg_get_serial_sequence('roles', 'id')::regclass, (select max(id) from import_roles)),
    (pg_get_serial_sequence('users', 'id')::regclass, (select max(id) from import_users)),
    (pg_get_serial_sequence('security_groups', 'id')::regclass, (select max(id) from import_groups)),
    (pg_get_serial_sequence('policies', 'id')::regclass, (select max(id) from import_policies))
) as given (s, m)) as behind where m > last";

/// Each answers how many rows it added or changed: what is there already is not written again.
pub(super) const CUSTOMERS: &str = "
with changed as (
    insert into customers as t (id, organization, name)
    select id, organization, name from import_customers order by id
    on conflict (id) do update set name = excluded.name, updated_at = now() where t.name <> excluded.name
    returning id
)
select count(*) from changed";

/// Roles that get another name, out of the way of those who get theirs.
pub(super) const ROLE_NAMES: &str = "
update roles r set name = gen_random_uuid()::text from import_roles i where i.id = r.id and i.name <> r.name";
/// Roles that are named without their id.
pub(super) const ROLE_IDS: &str = "
update import_roles i set id = coalesce(
    (select r.id from customers c join roles r on r.customer_id = c.id
     where c.organization = i.organization and r.name = i.name and r.retired_at is null),
    nextval(pg_get_serial_sequence('roles', 'id')))
where i.id is null";
/// Roles.
pub(super) const ROLES: &str = "
with changed as (
    insert into roles as t (id, customer_id, name, description, frontend_view, permission_grants)
    select i.id, c.id, i.name, i.description, i.frontend_view, i.permission_grants
    from import_roles i join customers c on c.organization = i.organization order by i.id
    on conflict (id) do update set name = excluded.name, description = excluded.description,
        frontend_view = excluded.frontend_view, permission_grants = excluded.permission_grants, updated_at = now()
    where (t.name, t.description, t.frontend_view, t.permission_grants)
        is distinct from (excluded.name, excluded.description, excluded.frontend_view, excluded.permission_grants)
    returning id, customer_id
),
touched as (insert into import_touched select 'r', id, customer_id from changed)
select count(*) from changed";

/// Users.
pub(super) const USERS: &str = "
with changed as (
    insert into users as t (id, customer_id, email, ui_language, active, role_id)
    select i.id, c.id, i.email, i.ui_language, i.active, r.id
    from import_users i
    join customers c on c.id = i.customer_id
    left join roles r on r.customer_id = c.id and r.name = i.role_name and r.retired_at is null
    order by i.id
    on conflict (id) do update set email = excluded.email, ui_language = excluded.ui_language,
        active = excluded.active, role_id = excluded.role_id, updated_at = now()
    where (t.email, t.ui_language, t.active, t.role_id)
        is distinct from (excluded.email, excluded.ui_language, excluded.active, excluded.role_id)
    returning id, customer_id
),
touched as (insert into import_touched select 'u', id, customer_id from changed)
select count(*) from changed";

/// Groups: a name gives nobody anything.
pub(super) const GROUPS: &str = "
with changed as (
    insert into security_groups as t (id, customer_id, name, description)
    select id, customer_id, name, description from import_groups order by id
    on conflict (id) do update set name = excluded.name, description = excluded.description, updated_at = now()
    where (t.name, t.description) is distinct from (excluded.name, excluded.description)
    returning id
)
select count(*) from changed";

/// Members. A look beforehand is cheaper than a conflict a row; who is added by somebody else meanwhile is one.
pub(super) const MEMBERS: &str = "
with changed as (
    insert into security_group_members (security_group_id, user_id, customer_id)
    select distinct g.id, u.id, g.customer_id
    from import_members i
    join security_groups g on g.id = i.security_group_id
    join users u on u.id = i.user_id and u.customer_id = g.customer_id
    where not exists (
        select from security_group_members m where m.security_group_id = g.id and m.user_id = u.id)
    order by g.id, u.id
    on conflict do nothing
    returning user_id, customer_id
),
touched as (insert into import_touched select distinct 'u'::\"char\", user_id, customer_id from changed)
select count(*) from changed";

/// Policies.
pub(super) const POLICIES: &str = "
with changed as (
    insert into policies as t (id, customer_id, name, description, statements)
    select id, customer_id, name, description, statements from import_policies order by id
    on conflict (id) do update set name = excluded.name, description = excluded.description,
        statements = excluded.statements, updated_at = now()
    where (t.name, t.description, t.statements)
        is distinct from (excluded.name, excluded.description, excluded.statements)
    returning id, customer_id
),
touched as (insert into import_touched select 'p', id, customer_id from changed)
select count(*) from changed";

/// Assignments.
pub(super) const ASSIGNMENTS: &str = "
with changed as (
    insert into assignments (policy_id, customer_id, user_id, security_group_id, scope_customer_id)
    select distinct i.policy_id, coalesce(u.customer_id, g.customer_id, i.customer_id), i.user_id, i.security_group_id,
        nullif(i.customer_id, coalesce(u.customer_id, g.customer_id, i.customer_id))
    from import_assignments i
    left join users u on u.id = i.user_id
    left join security_groups g on g.id = i.security_group_id
    order by 1, 2, 3, 4, 5
    on conflict do nothing
    returning user_id, security_group_id, customer_id
),
touched as (
    insert into import_touched
    select case when user_id is not null then 'u'::\"char\" when security_group_id is not null then 'g' else 'c' end,
        coalesce(user_id, security_group_id, customer_id), customer_id
    from changed
)
select count(*) from changed";

/// The catalogue.
pub(super) const ACTIONS: &str = "
with changed as (
    insert into actions as t (name, model, title, description, experimental)
    select name, model, title, description, experimental from import_actions order by name
    on conflict (name) do update set model = excluded.model, title = excluded.title,
        description = excluded.description, experimental = excluded.experimental
    where (t.model, t.title, t.description, t.experimental)
        is distinct from (excluded.model, excluded.title, excluded.description, excluded.experimental)
    returning name
)
select count(*) from changed";

/// Temporary grants. Parameter: who made the new ones.
pub(super) const GRANTS: &str = "
with changed as (
    insert into temporary_grants as t
        (id, customer_id, user_id, permission_grant, expires_at, justification, tags, creator)
    select i.id, u.customer_id, u.id, i.permission_grant, i.expires_at, i.justification, i.tags, $1
    from import_grants i join users u on u.id = i.user_id order by i.line
    on conflict (id) do update set permission_grant = excluded.permission_grant, expires_at = excluded.expires_at,
        justification = excluded.justification, tags = excluded.tags, tidied = false, updated_at = now()
    where (t.permission_grant, t.expires_at, t.justification, t.tags)
        is distinct from (excluded.permission_grant, excluded.expires_at, excluded.justification, excluded.tags)
    returning user_id, customer_id
),
touched as (insert into import_touched select 'u', user_id, customer_id from changed)
select count(*) from changed";

/// Whose permissions changed, each once, up to the parameter.
pub(super) const TOUCHED: &str = "select kind::text, id from import_touched group by kind, id limit $1";
/// The one customer they are all in, if it is one.
pub(super) const ONE_CUSTOMER: &str = "
select case when count(*) = count(customer_id) and min(customer_id) = max(customer_id) then min(customer_id) end
from import_touched";
