//! Certificates that a zone's owner uploads.

use super::{
    CertificateError,
    chain::{Chain, ChainError, OtherKey},
    private_key::{PrivateKey, PrivateKeyError},
    seal,
};
use crate::{
    db::{
        certificates::{self, Certificate, Material, Options, Source},
        change::Change,
    },
    random,
    secrets::MasterKey,
};
use jiff::Timestamp;
use policy::{
    hostname::Hostname,
    id::{CertificateId, ZoneId},
};

/// Certificates that one zone may hold.
pub const CERTIFICATES_PER_ZONE_MAX: usize = 20;

/// A chain for a zone and the private key of its leaf.
#[derive(Debug)]
pub struct Upload {
    pub chain: Chain,
    pub key: PrivateKey,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
    #[error(transparent)]
    OtherKey(#[from] OtherKey),
}

impl Upload {
    /// Reads both PEM texts and checks them for a zone.
    pub fn check(
        certificate: &str,
        private_key: &str,
        zone: &Hostname,
        now: Timestamp,
    ) -> Result<Self, UploadError> {
        let chain = Chain::check(certificate, zone, now)?;
        let key = PrivateKey::from_pem(private_key)?;
        chain.check_key(&key)?;
        Ok(Self { chain, key })
    }
}

/// Adds a certificate to a zone and publishes the zone. The zone's row must be locked.
pub async fn add(
    change: &mut Change,
    master: &MasterKey,
    zone: ZoneId,
    upload: Upload,
    options: Options,
) -> Result<Certificate, CertificateError> {
    let (id, now) = (CertificateId::from_bytes(random::bytes()), change.at());
    let material = material(change, master, id, upload).await?;
    let source = Source::Custom(options);
    let certificate =
        Certificate { id, zone, material, source, expired: false, uploaded_on: now, modified_on: now };
    certificates::save(change, &certificate).await?;
    Ok(certificate)
}

/// Puts another chain and key in the place of a certificate's, which counts as uploaded anew, and publishes the zone.
pub async fn replace(
    change: &mut Change,
    master: &MasterKey,
    former: Certificate,
    upload: Upload,
) -> Result<Certificate, CertificateError> {
    let now = change.at();
    let material = material(change, master, former.id, upload).await?;
    let certificate = Certificate { material, expired: false, uploaded_on: now, modified_on: now, ..former };
    certificates::save(change, &certificate).await?;
    Ok(certificate)
}

async fn material(
    change: &mut Change,
    master: &MasterKey,
    id: CertificateId,
    upload: Upload,
) -> Result<Material, CertificateError> {
    let Upload { chain, key } = upload;
    Ok(Material {
        key: seal(change, master, id, key.pkcs8()).await?,
        hosts: chain.hosts,
        chain: chain.certificates,
        issuer: chain.facts.issuer,
        signature: chain.facts.signature.into(),
        not_before: chain.facts.not_before,
        not_after: chain.facts.not_after,
    })
}
