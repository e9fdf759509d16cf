//! Certificates: our own authorities, what zone owners upload, what zones trust, and Origin CA.
//!
//! [`authority`] signs; [`chain`], [`private_key`] and [`request`] read what people send, and say precisely what is wrong with
//! it. [`edge`] (and [`universal_ssl`], its switch), [`custom`], [`trust_store`] and [`origin_ca`] are the four uses, each a few
//! steps over these and `db`.

pub mod authority;
pub mod chain;
pub mod custom;
pub mod edge;
mod facts;
pub mod key_kind;
pub mod origin_ca;
pub mod pem;
pub mod private_key;
pub mod request;
pub mod trust_store;
pub mod universal_ssl;

#[cfg(test)]
mod tests;

pub use facts::Facts;

use crate::{
    db::{self, DbError, authorities::AuthorityError, change::Change, link},
    secrets::MasterKey,
};
use policy::{
    certificate::SealedKey,
    hostname::Hostname,
    id::{CertificateId, ZoneId},
};

/// Why our own part of the work fails: never the caller's fault.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    #[error(transparent)]
    Issue(#[from] authority::IssueError),
    #[error(transparent)]
    Seal(#[from] proto::seal::NoRandomness),
    #[error(transparent)]
    FleetKey(#[from] link::LinkKeyError),
}

/// Gives a new zone its certificate and its trust store, in the change that makes the zone.
pub async fn furnish_zone(
    change: &mut Change,
    master: &MasterKey,
    zone: ZoneId,
    name: &Hostname,
) -> Result<(), CertificateError> {
    edge::issue(change, master, zone, name).await?;
    trust_store::publish(change, master, zone).await
}

/// Takes a zone's share of the published objects away, in the change that deletes the zone and before its row goes.
pub async fn clear_zone(change: &mut Change, zone: ZoneId) -> Result<(), DbError> {
    db::trust_store::release(change, zone).await
}

/// A private key under the fleet key of the moment, which is made if this is the first use of it.
async fn seal(
    change: &mut Change,
    master: &MasterKey,
    certificate: CertificateId,
    pkcs8: &[u8],
) -> Result<SealedKey, CertificateError> {
    let now = change.at();
    let fleet = match link::current_fleet_key(change.conn(), master).await {
        Err(link::LinkKeyError::NoFleetKey) => link::ensure_fleet_key(change.conn(), master, now).await?,
        found => found?,
    };
    Ok(fleet.seal_private_key(certificate, pkcs8)?)
}
