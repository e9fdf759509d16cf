-- What the owner of a domain chose: zones, their settings and their records.

create table zones (
    id text collate "C" constraint zones_pkey primary key constraint zones_id_form check (id ~ '^[0-9a-f]{32}$'),
    account_id text collate "C" not null constraint zones_account references accounts,
    name text collate "C" not null constraint zones_name_unique unique
        constraint zones_name_form check (name = lower(name) and name like '%.%' and octet_length(name) <= 253),
    type text not null default 'full' constraint zones_type check (type in ('full', 'partial', 'secondary', 'internal')),
    status text not null default 'active' constraint zones_status check (status in ('initializing', 'pending', 'active', 'moved')),
    paused boolean not null default false,
    vanity_name_servers text[] not null default '{}',
    ssl text not null default 'full' constraint zones_ssl check (ssl in ('off', 'flexible', 'full', 'strict')),
    ssl_modified_on timestamptz,
    grpc boolean not null default false,
    grpc_modified_on timestamptz,
    -- The revision that last published this zone; also its ETag.
    revision bigint not null default 0 constraint zones_revision_range check (revision >= 0),
    created_on timestamptz not null,
    modified_on timestamptz not null,
    activated_on timestamptz,
    -- The same rule as policy::settings::Edge.
    constraint zones_grpc_needs_encrypted_origin check (not grpc or ssl in ('full', 'strict'))
);

create index zones_by_account on zones (account_id, name);
-- Finds the zones below a name.
create index zones_by_reversed_name on zones (reverse(name));

-- Settings other than ssl and grpc, present only where the owner changed them.
create table zone_settings (
    zone_id text collate "C" not null constraint zone_settings_zone references zones on delete cascade,
    id text not null,
    value jsonb not null,
    modified_on timestamptz not null,
    constraint zone_settings_pkey primary key (zone_id, id)
);

create table records (
    id text collate "C" constraint records_pkey primary key constraint records_id_form check (id ~ '^[0-9a-f]{32}$'),
    zone_id text collate "C" not null constraint records_zone references zones on delete cascade,
    type text collate "C" not null constraint records_type check (type in ('A', 'AAAA', 'CNAME', 'TXT', 'MX', 'NS')),
    -- The whole name in lower case, without the trailing dot.
    name text collate "C" not null constraint records_name_form check (name = lower(name) and octet_length(name) <= 253),
    content text not null constraint records_content_length check (octet_length(content) between 1 and 8192),
    -- SHA-256 of the content in the form in which it is compared; an index over long TXT itself would be refused.
    content_hash bytea not null constraint records_content_hash_length check (octet_length(content_hash) = 32),
    -- Seconds; 1 means automatic.
    ttl integer not null constraint records_ttl check (ttl = 1 or ttl between 30 and 86400),
    proxied boolean not null,
    priority integer constraint records_priority_range check (priority between 0 and 65535),
    data jsonb,
    comment text,
    comment_modified_on timestamptz,
    tags text[] not null default '{}',
    tags_modified_on timestamptz,
    settings jsonb not null default '{}',
    -- How to reach the origin: {"port", "protocol", "sni", "host_header"}; absent means as the zone's SSL mode says.
    origin jsonb,
    created_on timestamptz not null,
    modified_on timestamptz not null,
    constraint records_identical unique (zone_id, type, name, content_hash),
    constraint records_proxiable check (type in ('A', 'AAAA', 'CNAME') or (not proxied and origin is null)),
    constraint records_proxied_ttl check (not proxied or ttl = 1),
    constraint records_mx_priority check ((type = 'MX') = (priority is not null))
);

create index records_by_name on records (zone_id, name);
create unique index records_one_cname on records (zone_id, name) where type = 'CNAME';
