//! Keys of the link: the publisher's, and the fleet keys. All secrets lie under the master key.

use super::{DbError, parse};
use crate::secrets::{MasterKey, OpenError};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use policy::id::FleetKeyId;
use proto::{
    identity::{IdentityError, KEY_BYTES, SigningKey},
    seal::{FleetKey, NoRandomness},
};
use sqlx::PgConnection;
use zeroize::Zeroizing;

#[derive(Debug, thiserror::Error)]
pub enum LinkKeyError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    #[error("no random bytes from the operating system")]
    Randomness(#[from] getrandom::Error),
    #[error("there is no fleet key although the database was set up")]
    NoFleetKey,
}

impl From<sqlx::Error> for LinkKeyError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// The current key may be replaced while its lock is awaited; then there is none to lock for a moment.
const LOCK_ATTEMPTS: usize = 3;
const PUBLISHER_CONTEXT: &str = "publisher_key/seed";

fn fleet_context(id: FleetKeyId) -> String {
    format!("fleet_keys/key/{id}")
}

/// The key that signs what is published; made by whichever replica is first.
pub async fn publisher_key(
    conn: &mut PgConnection,
    master: &MasterKey,
    now: Timestamp,
) -> Result<SigningKey, LinkKeyError> {
    let new = SigningKey::generate()?;
    sqlx::query!(
        "insert into publisher_key (public_key, seed_ciphertext, created_on) values ($1, $2, $3) on conflict do nothing",
        &new.public().0,
        master.seal(PUBLISHER_CONTEXT, new.expose())?,
        now.to_sqlx()
    )
    .execute(&mut *conn)
    .await?;
    let sealed = sqlx::query_scalar!("select seed_ciphertext from publisher_key").fetch_one(conn).await?;
    let seed = secret(master, PUBLISHER_CONTEXT, &sealed)?;
    Ok(SigningKey::from_seed(seed)?)
}

/// Makes the first fleet key if there is none.
pub async fn ensure_fleet_key(
    conn: &mut PgConnection,
    master: &MasterKey,
    now: Timestamp,
) -> Result<FleetKey, LinkKeyError> {
    insert_fleet_key(conn, master, &FleetKey::generate()?, now).await?;
    read_fleet_key(conn, master).await
}

/// The fleet key under which a private key is to be sealed. Within a transaction it stays the current one until commit.
pub async fn current_fleet_key(
    conn: &mut PgConnection,
    master: &MasterKey,
) -> Result<FleetKey, LinkKeyError> {
    for _ in 0..LOCK_ATTEMPTS {
        let locked =
            sqlx::query!("select id, key_ciphertext from fleet_keys where retired_on is null for share")
                .fetch_optional(&mut *conn)
                .await?;
        if let Some(row) = locked {
            return fleet_key(master, &row.id, &row.key_ciphertext);
        }
    }
    Err(LinkKeyError::NoFleetKey)
}

/// The same without a lock, for the publisher, whose view is read only.
pub async fn read_fleet_key(conn: &mut PgConnection, master: &MasterKey) -> Result<FleetKey, LinkKeyError> {
    let row = sqlx::query!("select id, key_ciphertext from fleet_keys where retired_on is null")
        .fetch_optional(conn)
        .await?
        .ok_or(LinkKeyError::NoFleetKey)?;
    fleet_key(master, &row.id, &row.key_ciphertext)
}

pub(super) async fn insert_fleet_key(
    conn: &mut PgConnection,
    master: &MasterKey,
    key: &FleetKey,
    now: Timestamp,
) -> Result<(), LinkKeyError> {
    sqlx::query!(
        "insert into fleet_keys (id, key_ciphertext, created_on) values ($1, $2, $3) on conflict do nothing",
        key.id().to_string(),
        master.seal(&fleet_context(key.id()), key.expose())?,
        now.to_sqlx()
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) fn fleet_key(master: &MasterKey, id: &str, sealed: &[u8]) -> Result<FleetKey, LinkKeyError> {
    let id: FleetKeyId = parse("fleet_keys.id", id)?;
    Ok(FleetKey::from_parts(id, secret(master, &fleet_context(id), sealed)?))
}

fn secret(
    master: &MasterKey,
    context: &str,
    sealed: &[u8],
) -> Result<Zeroizing<[u8; KEY_BYTES]>, LinkKeyError> {
    let opened = master.open(context, sealed)?;
    let key = opened.as_slice().try_into().map_err(|_| IdentityError::MalformedKey)?;
    Ok(Zeroizing::new(key))
}
