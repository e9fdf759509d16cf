//! Which authorities zones trust for their origins: what owners added, and the shared objects that are published.

use super::{DbError, change::Change, parse};
use crate::certificates::trust_store::Root;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use policy::{
    id::{CertificateId, ZoneId},
    object::{ObjectHash, TrustStore},
};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

/// Writers of shared objects go one after another, so that none is removed while another zone takes it up.
const OBJECTS_LOCK: i64 = 0x6f72_616e_6765_0011;

/// An authority that a zone's owner added.
#[derive(Debug, Clone, PartialEq)]
pub struct Authority {
    pub id: CertificateId,
    /// DER.
    pub certificate: Vec<u8>,
    pub issuer: String,
    pub signature: String,
    pub not_after: Timestamp,
    pub uploaded_on: Timestamp,
    pub updated_at: Timestamp,
}

impl Authority {
    /// What [`insert`] writes.
    pub fn new(id: CertificateId, root: Root, at: Timestamp) -> Self {
        let Root { der, facts } = root;
        let signature = facts.signature.to_owned();
        Self {
            id,
            certificate: der,
            issuer: facts.issuer,
            signature,
            not_after: facts.not_after,
            uploaded_on: at,
            updated_at: at,
        }
    }
}

struct Row {
    id: String,
    certificate: Vec<u8>,
    issuer: String,
    signature: String,
    not_after: jiff_sqlx::Timestamp,
    uploaded_on: jiff_sqlx::Timestamp,
    updated_at: jiff_sqlx::Timestamp,
}

impl TryFrom<Row> for Authority {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        Ok(Self {
            id: parse("trust_store_certificates.id", &row.id)?,
            certificate: row.certificate,
            issuer: row.issuer,
            signature: row.signature,
            not_after: row.not_after.to_jiff(),
            uploaded_on: row.uploaded_on.to_jiff(),
            updated_at: row.updated_at.to_jiff(),
        })
    }
}

/// What a zone's owner added, the oldest first.
pub async fn list(conn: &mut PgConnection, zone: ZoneId) -> Result<Vec<Authority>, DbError> {
    let rows = sqlx::query_as!(
        Row,
        "select id, certificate, issuer, signature, not_after, uploaded_on, updated_at
         from trust_store_certificates where zone_id = $1 order by uploaded_on, id",
        zone.to_string()
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Authority::try_from).collect()
}

/// Adds an authority. The zone is not published by this, but by [`assign`].
pub async fn insert(
    change: &mut Change,
    zone: ZoneId,
    id: CertificateId,
    root: &Root,
) -> Result<(), DbError> {
    let at = change.at().to_sqlx();
    let fingerprint: [u8; 32] = Sha256::digest(&root.der).into();
    sqlx::query!(
        "insert into trust_store_certificates
             (id, zone_id, certificate, fingerprint, issuer, signature, not_after, uploaded_on, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        id.to_string(),
        zone.to_string(),
        root.der,
        &fingerprint,
        root.facts.issuer,
        root.facts.signature,
        root.facts.not_after.to_sqlx(),
        at
    )
    .execute(change.conn())
    .await?;
    Ok(())
}

/// Removes an authority; whether there was one. The zone is not published by this, but by [`assign`].
pub async fn delete(change: &mut Change, zone: ZoneId, id: CertificateId) -> Result<bool, DbError> {
    let deleted = sqlx::query!(
        "delete from trust_store_certificates where zone_id = $1 and id = $2",
        zone.to_string(),
        id.to_string()
    )
    .execute(change.conn())
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Makes `store` the trust store of a zone, publishes what changes by it, and removes the former object if no zone uses it.
pub async fn assign(change: &mut Change, zone: ZoneId, store: &TrustStore) -> Result<(), DbError> {
    lock_objects(change).await?;
    let former = hash_of(change.conn(), zone).await?;
    let hash = store.hash();
    if former == Some(hash) {
        return Ok(());
    }
    let inserted = sqlx::query!(
        "insert into trust_stores (hash, certificates) values ($1, $2) on conflict do nothing",
        &hash.0,
        store.certificates()
    )
    .execute(change.conn())
    .await?;
    if inserted.rows_affected() == 1 {
        change.publish_object(hash);
    }
    sqlx::query!(
        "insert into zone_trust_stores (zone_id, hash) values ($1, $2) on conflict (zone_id) do update set hash = excluded.hash",
        zone.to_string(),
        &hash.0
    )
    .execute(change.conn())
    .await?;
    change.publish_zone(zone);
    remove_unused(change, former).await
}

/// Takes a zone's trust store away before the zone is deleted.
pub async fn release(change: &mut Change, zone: ZoneId) -> Result<(), DbError> {
    lock_objects(change).await?;
    let former = hash_of(change.conn(), zone).await?;
    sqlx::query!("delete from zone_trust_stores where zone_id = $1", zone.to_string())
        .execute(change.conn())
        .await?;
    remove_unused(change, former).await
}

async fn lock_objects(change: &mut Change) -> Result<(), DbError> {
    sqlx::query!("select pg_advisory_xact_lock($1) is null as locked", OBJECTS_LOCK)
        .fetch_one(change.conn())
        .await?;
    Ok(())
}

async fn hash_of(conn: &mut PgConnection, zone: ZoneId) -> Result<Option<ObjectHash>, DbError> {
    let hash = sqlx::query_scalar!("select hash from zone_trust_stores where zone_id = $1", zone.to_string())
        .fetch_optional(conn)
        .await?;
    let corrupt = |_| DbError::Corrupt { column: "zone_trust_stores.hash" };
    hash.map(|hash| hash.try_into().map(ObjectHash).map_err(corrupt)).transpose()
}

async fn remove_unused(change: &mut Change, hash: Option<ObjectHash>) -> Result<(), DbError> {
    let Some(hash) = hash else { return Ok(()) };
    let removed = sqlx::query!(
        "delete from trust_stores where hash = $1 and not exists (select from zone_trust_stores where hash = $1)",
        &hash.0
    )
    .execute(change.conn())
    .await?;
    if removed.rows_affected() == 1 {
        change.remove_object(hash);
    }
    Ok(())
}
