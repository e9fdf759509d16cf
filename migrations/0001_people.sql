-- Who may call: people, the accounts that own zones, and the tokens people and programs carry.
--
-- Ids are 128 random bits as 32 hexadecimal digits, as the API shows them. They sort by byte ("C"), so that rows can be locked
-- in one order everywhere.

create table users (
    id text collate "C" constraint users_pkey primary key constraint users_id_form check (id ~ '^[0-9a-f]{32}$'),
    email text not null,
    first_name text,
    last_name text,
    -- Absent for people who only carry tokens.
    password_hash text,
    -- SHA-256 of the global API key, for clients that send X-Auth-Email and X-Auth-Key.
    api_key_hash bytea constraint users_api_key_hash_length check (octet_length(api_key_hash) = 32),
    -- Runs the installation itself: nodes, enrolment, every account.
    operator boolean not null default false,
    suspended boolean not null default false,
    two_factor_authentication_enabled boolean not null default false,
    locale text not null default 'en',
    created_on timestamptz not null,
    modified_on timestamptz not null
);

create unique index users_email_unique on users (lower(email));

create table accounts (
    id text collate "C" constraint accounts_pkey primary key constraint accounts_id_form check (id ~ '^[0-9a-f]{32}$'),
    name text not null,
    type text not null default 'standard' constraint accounts_type check (type in ('standard', 'enterprise')),
    enforce_twofactor boolean not null default false,
    created_on timestamptz not null,
    modified_on timestamptz not null
);

create table memberships (
    id text collate "C" constraint memberships_pkey primary key constraint memberships_id_form check (id ~ '^[0-9a-f]{32}$'),
    user_id text collate "C" not null constraint memberships_user references users on delete cascade,
    account_id text collate "C" not null constraint memberships_account references accounts on delete cascade,
    role text not null constraint memberships_role check (role in ('administrator', 'member')),
    status text not null default 'accepted' constraint memberships_status check (status in ('pending', 'accepted', 'rejected')),
    created_on timestamptz not null,
    constraint memberships_once unique (user_id, account_id)
);

create index memberships_by_account on memberships (account_id);

create table tokens (
    id text collate "C" constraint tokens_pkey primary key constraint tokens_id_form check (id ~ '^[0-9a-f]{32}$'),
    user_id text collate "C" constraint tokens_user references users on delete cascade,
    account_id text collate "C" constraint tokens_account references accounts on delete cascade,
    name text not null,
    -- SHA-256 of the token, which is random enough to need no slow hash; the token itself is shown once and kept nowhere.
    hash bytea not null constraint tokens_hash_unique unique constraint tokens_hash_length check (octet_length(hash) = 32),
    status text not null default 'active' constraint tokens_status check (status in ('active', 'disabled')),
    policies jsonb not null default '[]',
    condition jsonb not null default '{}',
    not_before timestamptz,
    expires_on timestamptz,
    last_used_on timestamptz,
    issued_on timestamptz not null,
    modified_on timestamptz not null,
    constraint tokens_one_owner check (num_nonnulls(user_id, account_id) = 1)
);

create index tokens_by_user on tokens (user_id);
create index tokens_by_account on tokens (account_id);

-- One row: this installation. Replicas that start together agree on it by inserting and then reading.
create table cluster (
    singleton boolean constraint cluster_pkey primary key default true constraint cluster_singleton check (singleton),
    id text collate "C" not null constraint cluster_id_form check (id ~ '^[0-9a-f]{32}$'),
    created_on timestamptz not null
);
