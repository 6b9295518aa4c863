//! The two claim statements: one round trip each.
//!
//! Why they look as they do:
//! - `gate` holds one row or none: whether this process may claim, and the new token. It also turns off waiting
//!   for the disk at this commit: a claim lost in a crash of the server leaves its rows queued, and the attempt
//!   that held it is refused.
//! - The tenants with queued rows are found by stepping through `jobs_queued` from one to the next, so 100,000
//!   rows of one cost as much as one row. Each look has an `order by`, even where any row would do: it keeps
//!   the planner on that index, where it would else gamble on a sequential scan with `limit 1`.
//! - Rows are locked where they are picked, exactly as many as are taken, `skip locked`: a second claimer
//!   takes the next ones instead of waiting, or of finding nothing.
//! - The update takes the ids as an array, so that a wrong estimate can't make it scan the table.

/// Parameters: turn, most rows, lease in seconds, schema version, epoch.
///
/// The share of a tenant is the bound divided by the tenants that are ready; what others leave over waits for
/// the next claim. At most 64 tenants a claim, going on where the last claim stopped (`$1`), then from the start.
pub(super) const SMALL: &str = "
with recursive gate as materialized (
    select gen_random_uuid() as token, set_config('synchronous_commit', 'off', true)
    where not exists (select from index_generations where state in ('building', 'serving') and schema_version > $4)
      and ($5::bigint is null or exists (select from embedded_lease where epoch = $5))
),
tenants (tenant, wrapped) as (
    select $1::bigint, false from gate
    union all
    select step.tenant, step.wrapped from tenants t cross join lateral (
        (select j.tenant, t.wrapped from jobs j
         where j.state = 'queued' and j.lane = 'small' and j.tenant > t.tenant and not (t.wrapped and j.tenant > $1)
         order by j.tenant limit 1)
        union all
        (select j.tenant, true from jobs j
         where j.state = 'queued' and j.lane = 'small' and not t.wrapped and j.tenant <= $1
         order by j.tenant limit 1)
        order by 2 limit 1
    ) step
),
ready as materialized (
    select t.tenant from (select tenant from tenants offset 1) t cross join lateral (
        select from jobs j
        where j.state = 'queued' and j.lane = 'small' and j.tenant = t.tenant and j.not_before <= now()
        order by j.not_before limit 1
    ) any_row
    limit least(64, $2::bigint)
),
picked as materialized (
    select p.id from ready r cross join lateral (
        select j.id from jobs j
        where j.state = 'queued' and j.lane = 'small' and j.tenant = r.tenant and j.not_before <= now()
        order by j.not_before, j.id
        limit greatest(1, $2 / (select count(*) from ready))
        for update skip locked
    ) p
)
update jobs j
set state = 'running', claim = (select token from gate), attempts = j.attempts + 1, joinable = false,
    processed_before = j.processed, started_at = now(), lease_until = clock_timestamp() + make_interval(secs => $3)
where j.id = any (array(select id from picked))
returning j.claim, j.id, j.kind, j.scope, j.customer_id, j.actor, j.waited, j.attempts, j.cut_off, j.position, j.processed,
    j.trace,
    (select tenant from ready offset least(64, $2) - 1) as turn";

/// Parameters: kinds, most rows, lease in seconds, schema version, epoch.
///
/// The tenant whose last large claim is longest ago comes first, with its oldest row. Rows with an equal scope go
/// along, looked for among the tenant's first 1,000; but only rows whose walk stands at the same place: a
/// fresh row merged into a half-done walk would miss the users before that place. A rebuild or verify whose equal is
/// running waits for it: two would do the same pages for nothing.
pub(super) const LARGE: &str = "
with recursive gate as materialized (
    select gen_random_uuid() as token, set_config('synchronous_commit', 'off', true)
    where not exists (select from index_generations where state in ('building', 'serving') and schema_version > $4)
      and ($5::bigint is null or exists (select from embedded_lease where epoch = $5))
),
tenants (tenant) as (
    select -1::bigint from gate
    union all
    select step.tenant from tenants t cross join lateral (
        select j.tenant from jobs j
        where j.state = 'queued' and j.lane = 'large' and j.tenant > t.tenant
        order by j.tenant limit 1
    ) step
),
turns as materialized (
    select t.tenant,
        (select max(s.started_at) from jobs s
         where s.lane = 'large' and s.started_at is not null and s.tenant = t.tenant) as served
    from tenants t cross join lateral (
        select from jobs j
        where j.state = 'queued' and j.lane = 'large' and j.tenant = t.tenant and j.not_before <= now()
          and j.kind = any ($1::text[])
        order by j.not_before limit 1
    ) any_row
    order by served nulls first, t.tenant
),
lead as materialized (
    select p.* from turns t cross join lateral (
        select j.id, j.tenant, j.kind, j.scope, j.position from jobs j
        where j.state = 'queued' and j.lane = 'large' and j.tenant = t.tenant and j.not_before <= now()
          and j.kind = any ($1)
          and not (j.kind <> 'refresh' and exists (
              select from jobs r where r.claim is not null and r.kind = j.kind and r.scope = j.scope))
        order by j.not_before, j.id limit 1
        for update skip locked
    ) p
    limit 1
),
equal as materialized (
    select w.id from lead cross join lateral (
        select j.id, j.kind, j.scope, j.position from jobs j
        where j.state = 'queued' and j.lane = 'large' and j.tenant = lead.tenant and j.not_before <= now()
        order by j.not_before, j.id limit 1000
    ) w
    where w.kind = lead.kind and w.scope = lead.scope and w.position is not distinct from lead.position
      and w.id <> lead.id
    limit $2::bigint - 1
),
followers as materialized (
    select j.id from jobs j
    where j.id = any (array(select id from equal)) and j.state = 'queued'
    order by j.id for update skip locked
)
update jobs j
set state = 'running', claim = (select token from gate), attempts = j.attempts + 1, joinable = false,
    processed_before = j.processed, started_at = now(), lease_until = clock_timestamp() + make_interval(secs => $3)
where j.id = any (array(select id from lead union all select id from followers))
returning j.claim, j.id, j.kind, j.scope, j.customer_id, j.actor, j.waited, j.attempts, j.cut_off, j.position, j.processed,
    j.trace,
    null::bigint as turn";
