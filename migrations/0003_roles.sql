-- What the role API needs: its list of temporary grants is sorted by fields of theirs, an expired grant is tidied once, and
-- a role that another took over from is purged.

-- One tenant's grants in the order of each field that they can be sorted by; further fields only break ties.
create index temporary_grants_by_user on temporary_grants (customer_id, user_id, serial);
create index temporary_grants_by_expiry on temporary_grants (customer_id, expires_at, serial);
create index temporary_grants_by_name on temporary_grants
    (customer_id, ((permission_grant ->> 'permission_name') collate "C"), serial);

-- Whether the documents were written anew since the grant expired. Answers never depend on it.
alter table temporary_grants add column tidied boolean not null default false;
drop index temporary_grants_expiry;
create index temporary_grants_expiry on temporary_grants (expires_at) where not tidied;

create index roles_retired on roles (retired_at) where retired_at is not null;
