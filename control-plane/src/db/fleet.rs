//! A new fleet key: after a node was removed, what it could read must not open what comes next.

use super::{
    DbError,
    change::Change,
    link::{self, LinkKeyError},
    parse,
};
use crate::secrets::MasterKey;
use jiff_sqlx::ToSqlx as _;
use policy::{
    certificate::SealedKey,
    id::{CertificateId, FleetKeyId, ZoneId},
};
use proto::seal::{FleetKey, NoRandomness, OpenError};
use sqlx::PgConnection;

#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    #[error(transparent)]
    Link(#[from] LinkKeyError),
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("a private key does not open under its fleet key")]
    Open(#[from] OpenError),
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl From<sqlx::Error> for RotateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// Makes a new fleet key and seals every private key under it, which publishes every zone that has one.
pub async fn rotate(change: &mut Change, master: &MasterKey) -> Result<FleetKeyId, RotateError> {
    let zones = zones_with_private_keys(change.conn()).await?;
    change.lock_zones(&zones).await?;
    let new = replace_current(change, master).await?;
    let known = all_keys(change.conn(), master).await?;
    let mut keys = lock_private_keys(change).await?;
    for key in &mut keys {
        let id = key.sealed.fleet_key;
        let old = known.iter().find(|known| known.id() == id).ok_or(OpenError::OtherKey(id))?;
        let opened = old.open_private_key(key.certificate, &key.sealed)?;
        key.sealed = new.seal_private_key(key.certificate, &opened)?;
    }
    store_private_keys(change, &keys).await?;
    Ok(new.id())
}

async fn replace_current(change: &mut Change, master: &MasterKey) -> Result<FleetKey, RotateError> {
    let at = change.at();
    let retired =
        sqlx::query!("update fleet_keys set retired_on = $1 where retired_on is null", at.to_sqlx())
            .execute(change.conn())
            .await?;
    if retired.rows_affected() == 0 {
        return Err(LinkKeyError::NoFleetKey.into());
    }
    let new = FleetKey::generate()?;
    link::insert_fleet_key(change.conn(), master, &new, at).await?;
    Ok(new)
}

async fn all_keys(conn: &mut PgConnection, master: &MasterKey) -> Result<Vec<FleetKey>, RotateError> {
    let rows = sqlx::query!("select id, key_ciphertext from fleet_keys").fetch_all(conn).await?;
    Ok(rows
        .iter()
        .map(|row| link::fleet_key(master, &row.id, &row.key_ciphertext))
        .collect::<Result<_, _>>()?)
}

/// A private key as it lies in the database.
struct StoredPrivateKey {
    certificate: CertificateId,
    zone: ZoneId,
    sealed: SealedKey,
}

/// The zones that have certificates.
async fn zones_with_private_keys(conn: &mut PgConnection) -> Result<Vec<ZoneId>, DbError> {
    let ids = sqlx::query_scalar!("select distinct zone_id from certificates order by zone_id")
        .fetch_all(conn)
        .await?;
    ids.iter().map(|id| parse("certificates.zone_id", id)).collect()
}

/// Every private key, locked until commit.
async fn lock_private_keys(change: &mut Change) -> Result<Vec<StoredPrivateKey>, DbError> {
    let rows = sqlx::query!(
        "select id, zone_id, fleet_key_id, key_ciphertext from certificates order by id for update"
    )
    .fetch_all(change.conn())
    .await?;
    let keys = rows.into_iter().map(|row| {
        let fleet_key = parse("certificates.fleet_key_id", &row.fleet_key_id)?;
        Ok(StoredPrivateKey {
            certificate: parse("certificates.id", &row.id)?,
            zone: parse("certificates.zone_id", &row.zone_id)?,
            sealed: SealedKey { fleet_key, ciphertext: row.key_ciphertext },
        })
    });
    keys.collect()
}

/// Writes private keys under their new seals and publishes the zones they belong to.
async fn store_private_keys(change: &mut Change, keys: &[StoredPrivateKey]) -> Result<(), DbError> {
    let ids: Vec<String> = keys.iter().map(|key| key.certificate.to_string()).collect();
    let fleet_keys: Vec<String> = keys.iter().map(|key| key.sealed.fleet_key.to_string()).collect();
    let ciphertexts: Vec<Vec<u8>> = keys.iter().map(|key| key.sealed.ciphertext.clone()).collect();
    sqlx::query!(
        "update certificates c set fleet_key_id = t.fleet_key_id, key_ciphertext = t.key_ciphertext
         from unnest($1::text[], $2::text[], $3::bytea[]) as t (id, fleet_key_id, key_ciphertext) where c.id = t.id",
        &ids,
        &fleet_keys,
        &ciphertexts
    )
    .execute(change.conn())
    .await?;
    keys.iter().for_each(|key| change.publish_zone(key.zone));
    Ok(())
}
