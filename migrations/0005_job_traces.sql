-- Which trace (W3C Trace Context) the request belonged to that left the job behind: its 128 bits, so that what the worker
-- logs of a job is found by the trace of the request. Null: nobody said. `where trace = '4bf9…'` takes the 32 hex digits
-- as logs have them.
alter table jobs add column trace uuid;
