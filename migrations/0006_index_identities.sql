-- What told a generation's index from others of the same name when it was registered: an index that was deleted and made
-- anew, or restored from a snapshot, has another one, and lacks what was written since. Null: not looked at yet, or the
-- engine keeps nothing that could be restored.
alter table index_generations add column identity text;
