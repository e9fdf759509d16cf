-- The link between the planes: who may join, which nodes there are and how far they are, and the keys of the publisher.

create table nodes (
    id text collate "C" constraint nodes_pkey primary key constraint nodes_id_form check (id ~ '^[0-9a-f]{32}$'),
    name text not null constraint nodes_name_unique unique constraint nodes_name_length check (octet_length(name) between 1 and 100),
    labels jsonb not null default '{}' constraint nodes_labels_form check (jsonb_typeof(labels) = 'object'),
    -- Ed25519 and X25519 public keys; the private ones never leave the node.
    signing_key bytea not null constraint nodes_signing_key_unique unique
        constraint nodes_signing_key_length check (octet_length(signing_key) = 32),
    receiving_key bytea not null constraint nodes_receiving_key_length check (octet_length(receiving_key) = 32),
    version text not null,
    -- The token it came with. No foreign key: tokens are deleted, nodes stay.
    enrolled_with text collate "C" not null,
    enrolled_on timestamptz not null,
    revoked_on timestamptz
);

-- What changes all the time about a node. The turns are the newest accepted requests: a request is good once.
create table node_states (
    node_id text collate "C" constraint node_states_pkey primary key
        constraint node_states_node references nodes on delete cascade,
    watch_session bigint not null default 0,
    watch_counter bigint not null default 0,
    report_session bigint not null default 0,
    report_counter bigint not null default 0,
    -- The open stream, wherever it is held; absent when there is none.
    stream text collate "C",
    last_seen timestamptz,
    applied_revision bigint not null default 0,
    applied_chain bytea not null default decode(repeat('00', 32), 'hex')
        constraint node_states_applied_chain_length check (octet_length(applied_chain) = 32),
    -- When the control plane learned of it, by its own clock.
    applied_on timestamptz,
    -- [{"document", "needs_newer_node", "reason"}], the first of them.
    rejected jsonb not null default '[]',
    rejected_total integer not null default 0
) with (fillfactor = 50);

create table enrolment_tokens (
    id text collate "C" constraint enrolment_tokens_pkey primary key
        constraint enrolment_tokens_id_form check (id ~ '^[0-9a-f]{32}$'),
    name text not null constraint enrolment_tokens_name_length check (octet_length(name) between 1 and 100),
    -- The Ed25519 public key of the seed in the token; the seed is shown once and never kept.
    public_key bytea not null constraint enrolment_tokens_key_unique unique
        constraint enrolment_tokens_key_length check (octet_length(public_key) = 32),
    uses_max integer not null constraint enrolment_tokens_uses_max_range check (uses_max between 1 and 1000000),
    uses integer not null default 0 constraint enrolment_tokens_uses_range check (uses between 0 and uses_max),
    created_on timestamptz not null,
    expires_on timestamptz not null
);

-- Singletons: replicas agree by inserting, doing nothing on conflict, and reading.

create table publisher_key (
    singleton boolean constraint publisher_key_pkey primary key default true
        constraint publisher_key_singleton check (singleton),
    public_key bytea not null constraint publisher_key_length check (octet_length(public_key) = 32),
    -- An Ed25519 seed under the master key.
    seed_ciphertext bytea not null,
    created_on timestamptz not null
);

create table fleet_keys (
    id text collate "C" constraint fleet_keys_pkey primary key constraint fleet_keys_id_form check (id ~ '^[0-9a-f]{32}$'),
    -- 256 bits under the master key.
    key_ciphertext bytea not null,
    created_on timestamptz not null,
    retired_on timestamptz
);

create unique index fleet_keys_one_current on fleet_keys ((true)) where retired_on is null;
