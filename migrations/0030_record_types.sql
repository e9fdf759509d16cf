-- Every type of DNS record that the API knows, and lists that are read in the order of an index.

alter table records
    drop constraint records_type,
    drop constraint records_mx_priority,
    -- The parts of a content are read from the content.
    drop column data;
alter table records
    add constraint records_type check (type in (
        'A', 'AAAA', 'CAA', 'CERT', 'CNAME', 'DNSKEY', 'DS', 'HTTPS', 'LOC', 'MX', 'NAPTR', 'NS', 'OPENPGPKEY', 'PTR', 'SMIMEA', 'SRV',
        'SSHFP', 'SVCB', 'TLSA', 'TXT', 'URI')),
    add constraint records_priority check ((type in ('MX', 'SRV', 'URI')) = (priority is not null));

-- The priority tells records apart too: a name may have the same mail server twice.
-- Hashes that stay as they were until the record is written again: of MX with names beyond ASCII, and of TXT with several strings
-- or with escapes. Until then an equal record that is written differently can stand beside such a one.
update records set content_hash = sha256(convert_to(priority || ' ' || lower(content), 'UTF8')) where type = 'MX';

-- Lists are in this order unless another one is asked for. The order by type is that of records_identical.
drop index records_by_name;
create index records_by_name on records (zone_id, name, type, content_hash);
