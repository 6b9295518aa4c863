-- How many users were written before the latest attempt began: with it a reader of the job can tell how fast this
-- attempt is, and how long it will still take.
alter table jobs add column processed_before bigint not null default 0;
