//! Our own certification authorities, with ECDSA keys on P-256.

use super::request::SigningRequest;
use crate::random;
use jiff::{SignedDuration, Timestamp};
use policy::hostname::Hostname;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, PublicKeyData, SanType, SerialNumber,
};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use std::net::IpAddr;
use zeroize::Zeroizing;

/// An authority outlives everything it signs: the longest Origin CA certificate has fifteen years.
const AUTHORITY_DAYS: i64 = 30 * 365;
/// How far the clocks of those who verify may be behind ours.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_hours(1);

/// What an authority is for. Each kind has a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The link between the planes.
    Link,
    /// What nodes show to visitors of zones without a certificate of their own.
    Edge,
    /// What origins show to nodes.
    Origin,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Link, Self::Edge, Self::Origin];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Edge => "edge",
            Self::Origin => "origin",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Link => "Link",
            Self::Edge => "Edge",
            Self::Origin => "Origin",
        }
    }
}

/// A name that a certificate speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectName {
    Host(Hostname),
    Address(IpAddr),
}

impl From<Hostname> for SubjectName {
    fn from(host: Hostname) -> Self {
        Self::Host(host)
    }
}

impl From<IpAddr> for SubjectName {
    fn from(address: IpAddr) -> Self {
        Self::Address(address)
    }
}

/// A self-signed certificate and its private key.
pub struct Authority {
    certificate: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate that an authority signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// DER. The authority's own certificate is not part of it.
    pub leaf: Vec<u8>,
    /// 127 bits, never zero.
    pub serial: u128,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

/// A signed certificate with a private key made for it.
pub struct Issued {
    pub signed: Signed,
    pub pkcs8: Zeroizing<Vec<u8>>,
}

#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    #[error("the certificate cannot be made")]
    Make(#[from] rcgen::Error),
    #[error("no random bytes from the operating system")]
    NoRandomness(#[from] getrandom::Error),
}

impl Authority {
    pub fn create(kind: Kind, now: Timestamp) -> Result<Self, IssueError> {
        let serial = serial();
        let mut params = CertificateParams::default();
        // The number tells the authorities of two installations apart where people see only names.
        let common_name = format!("Orangery {} CA {:08x}", kind.title(), serial as u32);
        params.distinguished_name = distinguished_name(common_name);
        params.serial_number = Some(SerialNumber::from_slice(&serial.to_be_bytes()));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        set_validity(&mut params, now - CLOCK_SKEW, now + SignedDuration::from_hours(24 * AUTHORITY_DAYS));
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?.der().to_vec();
        Ok(Self { certificate, issuer: Issuer::new(params, key) })
    }

    /// Takes up what [`Authority::certificate`] and [`Authority::private_key`] gave.
    pub fn from_parts(certificate: Vec<u8>, pkcs8: &[u8]) -> Result<Self, IssueError> {
        let key = KeyPair::try_from(&PrivatePkcs8KeyDer::from(pkcs8))?;
        let issuer = Issuer::from_ca_cert_der(&CertificateDer::from(certificate.as_slice()), key)?;
        Ok(Self { certificate, issuer })
    }

    /// DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// PKCS #8.
    pub fn private_key(&self) -> &[u8] {
        self.issuer.key().serialized_der()
    }

    /// A server certificate with a new ECDSA key on P-256.
    pub fn issue_server(
        &self,
        names: &[SubjectName],
        validity: SignedDuration,
        now: Timestamp,
    ) -> Result<Issued, IssueError> {
        let key = KeyPair::generate()?;
        let signed = self.sign(&key, names, validity, now)?;
        Ok(Issued { signed, pkcs8: Zeroizing::new(key.serialized_der().to_vec()) })
    }

    /// A server certificate for the public key of a request; everything else in the request is passed over.
    pub fn sign_request(
        &self,
        request: &SigningRequest,
        names: &[SubjectName],
        validity: SignedDuration,
        now: Timestamp,
    ) -> Result<Signed, IssueError> {
        self.sign(&request.public_key, names, validity, now)
    }

    fn sign(
        &self,
        key: &impl PublicKeyData,
        names: &[SubjectName],
        validity: SignedDuration,
        now: Timestamp,
    ) -> Result<Signed, IssueError> {
        let (serial, not_before, not_after) = (serial(), now - CLOCK_SKEW, now + validity);
        let mut params = CertificateParams::default();
        params.distinguished_name = distinguished_name("Orangery Certificate".into());
        params.serial_number = Some(SerialNumber::from_slice(&serial.to_be_bytes()));
        params.subject_alt_names = names.iter().map(subject_alt_name).collect::<Result<_, _>>()?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if key.algorithm() == &PKCS_RSA_SHA256 {
            // RFC 8446 has no key exchange that needs it, but TLS 1.2 has (RFC 5246, 7.4.2).
            params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, not_before, not_after);
        let leaf = params.signed_by(key, &self.issuer)?.der().to_vec();
        Ok(Signed { leaf, serial, not_before, not_after })
    }
}

fn distinguished_name(common_name: String) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Orangery");
    name.push(DnType::CommonName, common_name);
    name
}

fn subject_alt_name(name: &SubjectName) -> Result<SanType, rcgen::Error> {
    Ok(match name {
        SubjectName::Host(host) => SanType::DnsName(host.as_str().try_into()?),
        SubjectName::Address(address) => SanType::IpAddress(*address),
    })
}

/// Whole seconds, which is all that X.509 can say.
fn set_validity(params: &mut CertificateParams, not_before: Timestamp, not_after: Timestamp) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let at = |time: Timestamp| epoch + std::time::Duration::from_secs(time.as_second().unsigned_abs());
    params.not_before = at(not_before);
    params.not_after = at(not_after);
}

/// Positive, as RFC 5280, 4.1.2.2 asks, and always sixteen bytes long.
fn serial() -> u128 {
    let mut bytes: [u8; 16] = random::bytes();
    bytes[0] = bytes[0] & 0x7f | 0x40;
    u128::from_be_bytes(bytes)
}
