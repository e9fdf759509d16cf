-- What the audit log says is written before the counter of revisions is locked, so it cannot say their number: it names the revision by its
-- salt, which is known from the beginning of a change.
alter table audit add column change bytea constraint audit_change_length check (octet_length(change) = 16);
update audit set change = revisions.salt from revisions where revisions.revision = audit.revision;
alter table audit drop column revision;
create unique index revisions_by_salt on revisions (salt);
