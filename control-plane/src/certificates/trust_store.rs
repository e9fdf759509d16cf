//! Authorities that a zone's owner trusts for the zone's origins.

use super::{
    CertificateError,
    authority::Kind,
    facts::Facts,
    key_kind::{KeyKind, UnsupportedKey},
    pem::{self, PemError},
};
use crate::{
    db::{self, authorities, change::Change},
    secrets::MasterKey,
};
use jiff::Timestamp;
use policy::{id::ZoneId, object::TrustStore};
use rustls::{RootCertStore, pki_types::CertificateDer, server::ParsedCertificate};
use x509_parser::{certificate::X509Certificate, prelude::FromDer as _};

/// Authorities in one zone's trust store.
pub const AUTHORITIES_PER_ZONE_MAX: usize = 50;

/// A root certificate that may be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    pub der: Vec<u8>,
    pub facts: Facts,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    #[error(transparent)]
    Pem(#[from] PemError),
    #[error("the text is not a valid X.509 certificate")]
    Malformed,
    #[error("only root certificates are accepted: this one is not a certification authority")]
    NotAnAuthority,
    #[error("only root certificates are accepted: this one is issued by another authority")]
    NotSelfSigned,
    #[error(transparent)]
    Key(#[from] UnsupportedKey),
    #[error("the certificate expired on {0}")]
    Expired(Timestamp),
}

impl Root {
    pub fn check(text: &str, now: Timestamp) -> Result<Self, RootError> {
        let der = pem::one(pem::certificates(text)?, "certificate")?;
        let (rest, certificate) = X509Certificate::from_der(&der).map_err(|_| RootError::Malformed)?;
        if !rest.is_empty() {
            return Err(RootError::Malformed);
        }
        let facts = Facts::of(&certificate);
        // What nodes read it with is stricter about the parts that no signature covers.
        ParsedCertificate::try_from(&CertificateDer::from(der.as_slice()))
            .map_err(|_| RootError::Malformed)?;
        RootCertStore::empty().add(CertificateDer::from(der.as_slice())).map_err(|_| RootError::Malformed)?;
        if !certificate.is_ca() {
            return Err(RootError::NotAnAuthority);
        }
        KeyKind::of(certificate.public_key())?;
        if certificate.issuer().as_raw() != certificate.subject().as_raw()
            || certificate.verify_signature(None).is_err()
        {
            return Err(RootError::NotSelfSigned);
        }
        if facts.not_after <= now {
            return Err(RootError::Expired(facts.not_after));
        }
        Ok(Self { der, facts })
    }
}

/// Publishes what a zone trusts: what its owner added and, always, our Origin CA.
pub async fn publish(change: &mut Change, master: &MasterKey, zone: ZoneId) -> Result<(), CertificateError> {
    let now = change.at();
    let origin_ca = authorities::load_or_create(change.conn(), master, Kind::Origin, now).await?;
    let added = db::trust_store::list(change.conn(), zone).await?;
    let certificates = added.into_iter().map(|authority| authority.certificate);
    let store = TrustStore::new(certificates.chain([origin_ca.certificate().to_vec()]).collect());
    Ok(db::trust_store::assign(change, zone, &store).await?)
}
