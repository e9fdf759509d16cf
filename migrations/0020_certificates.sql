-- Our own authorities, the certificates that nodes show to visitors, what zones trust at their origins, and Origin CA.

-- One row for each kind of authority: replicas agree by inserting, doing nothing on conflict, and reading.
create table authorities (
    kind text collate "C" constraint authorities_pkey primary key
        constraint authorities_kind check (kind in ('link', 'edge', 'origin')),
    -- DER.
    certificate bytea not null,
    -- PKCS #8 under the master key.
    key_ciphertext bytea not null,
    created_on timestamptz not null
);

create table certificates (
    id text collate "C" constraint certificates_pkey primary key constraint certificates_id_form check (id ~ '^[0-9a-f]{32}$'),
    zone_id text collate "C" not null constraint certificates_zone references zones on delete cascade,
    -- `edge` is issued by our edge authority, `custom` was uploaded by the zone's owner.
    source text collate "C" not null constraint certificates_source check (source in ('edge', 'custom')),
    -- Each within the zone.
    hosts text[] not null constraint certificates_hosts_count check (cardinality(hosts) between 1 and 100),
    -- DER, leaf first.
    chain bytea[] not null constraint certificates_chain_count check (cardinality(chain) between 1 and 10),
    -- PKCS #8 under the fleet key; the certificate's id is the associated data.
    fleet_key_id text collate "C" not null constraint certificates_fleet_key_form check (fleet_key_id ~ '^[0-9a-f]{32}$'),
    key_ciphertext bytea not null,
    issuer text not null,
    signature text not null,
    not_before timestamptz not null,
    not_after timestamptz not null,
    -- The four that only custom certificates use. A higher priority goes first.
    priority integer not null default 0 constraint certificates_priority_range check (priority between 0 and 1000000),
    bundle_method text not null default 'ubiquitous'
        constraint certificates_bundle_method check (bundle_method in ('ubiquitous', 'optimal', 'force')),
    type text not null default 'sni_custom' constraint certificates_type check (type in ('sni_custom', 'legacy_custom')),
    geo_restrictions text constraint certificates_geo_restrictions check (geo_restrictions in ('us', 'eu', 'highest_security')),
    policy text,
    -- Expired certificates are kept for their owner to see, and not published.
    expired boolean not null default false,
    uploaded_on timestamptz not null,
    modified_on timestamptz not null,
    constraint certificates_validity check (not_before < not_after)
);

create unique index certificates_one_edge on certificates (zone_id) where source = 'edge';
create index certificates_by_zone on certificates (zone_id);
create index certificates_by_end on certificates (not_after) where not expired;

-- Authorities that a zone's owner trusts for the zone's origins.
create table trust_store_certificates (
    id text collate "C" constraint trust_store_certificates_pkey primary key
        constraint trust_store_certificates_id_form check (id ~ '^[0-9a-f]{32}$'),
    zone_id text collate "C" not null constraint trust_store_certificates_zone references zones on delete cascade,
    -- DER, and its SHA-256.
    certificate bytea not null,
    fingerprint bytea not null constraint trust_store_certificates_fingerprint_length check (octet_length(fingerprint) = 32),
    issuer text not null,
    signature text not null,
    not_after timestamptz not null,
    uploaded_on timestamptz not null,
    updated_at timestamptz not null,
    constraint trust_store_certificates_unique unique (zone_id, fingerprint)
);

-- The published objects: every set of authorities that some zone trusts, each once, by policy::object::TrustStore::hash.
create table trust_stores (
    hash bytea constraint trust_stores_pkey primary key constraint trust_stores_hash_length check (octet_length(hash) = 32),
    -- DER, sorted.
    certificates bytea[] not null constraint trust_stores_count check (cardinality(certificates) >= 1)
);

create table zone_trust_stores (
    zone_id text collate "C" constraint zone_trust_stores_pkey primary key
        constraint zone_trust_stores_zone references zones on delete cascade,
    hash bytea not null constraint zone_trust_stores_object references trust_stores
);

create index zone_trust_stores_by_hash on zone_trust_stores (hash);

create table origin_ca_certificates (
    -- The serial number in decimal.
    id text collate "C" constraint origin_ca_certificates_pkey primary key
        constraint origin_ca_certificates_id_form check (id ~ '^[0-9]{1,48}$'),
    account_id text collate "C" not null constraint origin_ca_certificates_account references accounts on delete cascade,
    certificate bytea not null,
    -- PEM, as it was sent.
    csr text not null,
    hostnames text[] not null constraint origin_ca_certificates_hostnames_count check (cardinality(hostnames) between 1 and 100),
    request_type text not null
        constraint origin_ca_certificates_request_type check (request_type in ('origin-rsa', 'origin-ecc', 'keyless-certificate')),
    -- Days.
    requested_validity integer not null,
    created_on timestamptz not null,
    expires_on timestamptz not null,
    revoked_at timestamptz
);

create index origin_ca_certificates_by_account on origin_ca_certificates (account_id, created_on);
