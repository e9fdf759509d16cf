-- How a change becomes history: audit, the counter under whose lock changes are numbered, and what each of them touched.

create table audit (
    id bigint generated always as identity constraint audit_pkey primary key,
    at timestamptz not null,
    -- No foreign keys: history outlives what it speaks of.
    actor_user text collate "C",
    actor_token text collate "C",
    -- What acted where nobody called: a reconciler, the bootstrap, the command line.
    actor_system text,
    actor_ip text,
    ray text,
    action text not null,
    resource_type text not null,
    resource_id text not null,
    account_id text collate "C",
    zone_id text collate "C",
    before jsonb,
    after jsonb,
    -- The revision that published it; absent if nothing was published.
    revision bigint
);

create index audit_by_zone on audit (zone_id, id);
create index audit_by_account on audit (account_id, id);

-- One row, locked last by every change that publishes: revisions commit in the order of their numbers, without gaps.
create table revision_counter (
    singleton boolean constraint revision_counter_pkey primary key default true
        constraint revision_counter_singleton check (singleton),
    revision bigint not null constraint revision_counter_range check (revision >= 0),
    chain bytea not null constraint revision_counter_chain_length check (octet_length(chain) = 32)
);

insert into revision_counter (revision, chain) values (0, decode(repeat('00', 32), 'hex'));

create table revisions (
    revision bigint constraint revisions_pkey primary key,
    -- Chance that goes into the chain: a history that was restored and went on otherwise must never look the same.
    salt bytea not null constraint revisions_salt_length check (octet_length(salt) = 16),
    chain bytea not null constraint revisions_chain_length check (octet_length(chain) = 32),
    at timestamptz not null
);

-- Which documents a revision touched: `zone/<id>`, `object/<hash>`, `global/<name>`. No foreign key, for removals outlive zones.
create table outbox (
    revision bigint not null,
    document text collate "C" not null,
    removed boolean not null,
    constraint outbox_pkey primary key (revision, document)
);

create index outbox_by_document on outbox (document, revision);
