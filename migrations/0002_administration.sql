-- What administration needs: ids that were somebody's are remembered, refused attempts to change something stand in the
-- audit log, the audit log has months that its owner can detach, and lists are walked by index.

-- An id lives on in other systems, tokens and the audit log: only services may use it again.
create table freed_ids (
    kind text not null check (kind in ('customer', 'user', 'securityGroup', 'policy')),
    id   bigint not null,
    primary key (kind, id)
);
create function remember_freed_ids() returns trigger language plpgsql as $$
begin
    insert into freed_ids (kind, id) select tg_argv[0], id from gone on conflict do nothing;
    return null;
end $$;
-- A statement each, whoever deletes and however many.
create trigger customers_freed after delete on customers referencing old table as gone
    for each statement execute function remember_freed_ids('customer');
create trigger users_freed after delete on users referencing old table as gone
    for each statement execute function remember_freed_ids('user');
create trigger security_groups_freed after delete on security_groups referencing old table as gone
    for each statement execute function remember_freed_ids('securityGroup');
create trigger policies_freed after delete on policies referencing old table as gone
    for each statement execute function remember_freed_ids('policy');

-- Lists filtered by what is said of a thing, and a role's name without its customer.
create index users_email on users (email, id);
create index users_inactive on users (id) where not active;
create index roles_by_name on roles (name) where retired_at is null;
create index security_groups_name on security_groups (name, id);
create index policies_name on policies (name, id);

-- Why an attempt to change something was refused; null: it was done.
alter table audit add column refused text;
-- How many refusals of somebody were written lately: the bound that keeps him from filling the disk.
create index audit_refused on audit (actor, at) where refused is not null;
create index audit_refused_at on audit (at) where refused is not null;

-- A month of the audit log is a partition of its own, made ahead of time; what no month covers goes to the default one.
-- Months that are there stay as they are, so this can be called again and again.
create function audit_months_ahead(months integer) returns void language plpgsql as $$
declare
    month date;
    name text;
begin
    for ahead in 1..months loop
        month := date_trunc('month', now() at time zone 'UTC')::date + make_interval(months => ahead);
        name := 'audit_' || to_char(month, 'YYYY_MM');
        if to_regclass(name) is null then
            execute format('create table %I partition of audit for values from (%L) to (%L)', name,
                month::timestamp at time zone 'UTC', (month + interval '1 month') at time zone 'UTC');
        end if;
    end loop;
end $$;
select audit_months_ahead(3);
