//! A certificate chain that somebody uploads for a zone, and everything that can be wrong with it.

use super::{
    facts::Facts,
    key_kind::{KeyKind, UnsupportedKey},
    pem::{self, PemError},
    private_key::PrivateKey,
};
use jiff::{SignedDuration, Timestamp};
use policy::hostname::Hostname;
use rustls::{pki_types::CertificateDer, server::ParsedCertificate};
use x509_parser::{
    certificate::X509Certificate,
    extensions::GeneralName,
    prelude::{FromDer as _, X509Error},
};

pub const CHAIN_CERTIFICATES_MAX: usize = 10;
pub const HOSTS_MAX: usize = 100;
/// How far the clock of who issued a certificate may be ahead of ours.
pub const CLOCK_SKEW_MAX: SignedDuration = SignedDuration::from_mins(5);

/// A chain in order, leaf first, whose names all lie within one zone, valid at the time of the check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// DER.
    pub certificates: Vec<Vec<u8>>,
    pub hosts: Vec<Hostname>,
    pub facts: Facts,
    public_key: Vec<u8>,
}

/// Positions count from 1, the leaf.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    #[error(transparent)]
    Pem(#[from] PemError),
    #[error("the chain holds more than {CHAIN_CERTIFICATES_MAX} certificates")]
    TooMany,
    #[error("certificate {0} is not a valid X.509 certificate")]
    Malformed(usize),
    #[error("the chain is not in order: certificate {0} is not issued by certificate {next}; put the leaf first, then each issuer", next = .0 + 1)]
    Order(usize),
    #[error("certificate {0} has a signature of a kind that is not supported")]
    Signature(usize),
    #[error("certificate {0} expired on {1}")]
    Expired(usize, Timestamp),
    #[error("certificate {0} is not valid before {1}")]
    NotYetValid(usize, Timestamp),
    #[error(transparent)]
    Key(#[from] UnsupportedKey),
    #[error("the certificate is not meant for servers: its extended key usage lacks serverAuth")]
    NotForServers,
    #[error("the certificate has no DNS name among its subject alternative names")]
    NoNames,
    #[error("the certificate has more than {HOSTS_MAX} names")]
    TooManyNames,
    #[error("the certificate's name \"{name}\" is not within the zone {zone}")]
    OutsideZone { name: String, zone: Hostname },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the private key does not belong to the certificate")]
pub struct OtherKey;

impl Chain {
    /// Reads and checks a chain for a zone.
    pub fn check(text: &str, zone: &Hostname, now: Timestamp) -> Result<Self, ChainError> {
        let certificates = pem::certificates(text)?;
        if certificates.len() > CHAIN_CERTIFICATES_MAX {
            return Err(ChainError::TooMany);
        }
        let parsed = parse_all(&certificates)?;
        let facts = parsed
            .iter()
            .enumerate()
            .map(|(index, (_, facts))| check_dates(index + 1, facts, now).map(|()| facts));
        let facts = facts.collect::<Result<Vec<_>, _>>()?.first().map(|facts| (*facts).clone());
        check_order(&parsed)?;
        let (Some((leaf, _)), Some(facts)) = (parsed.first(), facts) else {
            return Err(ChainError::Malformed(1));
        };
        KeyKind::of(leaf.public_key())?;
        check_form(&certificates)?;
        check_purpose(leaf)?;
        let hosts = hosts(leaf, zone)?;
        let public_key = leaf.public_key().subject_public_key.data.to_vec();
        Ok(Self { hosts, facts, public_key, certificates })
    }

    /// Whether the private key is the leaf's.
    pub fn check_key(&self, key: &PrivateKey) -> Result<(), OtherKey> {
        if key.public() == self.public_key { Ok(()) } else { Err(OtherKey) }
    }
}

fn parse_all(certificates: &[Vec<u8>]) -> Result<Vec<(X509Certificate<'_>, Facts)>, ChainError> {
    certificates
        .iter()
        .enumerate()
        .map(|(index, der)| parse(der).ok_or(ChainError::Malformed(index + 1)))
        .collect()
}

fn parse(der: &[u8]) -> Option<(X509Certificate<'_>, Facts)> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    let facts = Facts::of(&certificate);
    rest.is_empty().then_some((certificate, facts))
}

fn check_dates(position: usize, facts: &Facts, now: Timestamp) -> Result<(), ChainError> {
    if facts.not_after <= now {
        Err(ChainError::Expired(position, facts.not_after))
    } else if facts.not_before > now + CLOCK_SKEW_MAX {
        Err(ChainError::NotYetValid(position, facts.not_before))
    } else {
        Ok(())
    }
}

fn check_order(chain: &[(X509Certificate<'_>, Facts)]) -> Result<(), ChainError> {
    for (index, pair) in chain.windows(2).enumerate() {
        let ((subject, _), (issuer, _)) = (&pair[0], &pair[1]);
        if subject.issuer().as_raw() != issuer.subject().as_raw() || !issuer.is_ca() {
            return Err(ChainError::Order(index + 1));
        }
        subject.verify_signature(Some(issuer.public_key())).map_err(|error| match error {
            X509Error::SignatureUnsupportedAlgorithm => ChainError::Signature(index + 1),
            _ => ChainError::Order(index + 1),
        })?;
    }
    Ok(())
}

/// What nodes read the leaf with is stricter about the parts that no signature covers.
fn check_form(certificates: &[Vec<u8>]) -> Result<(), ChainError> {
    let leaf = certificates
        .first()
        .map(|der| CertificateDer::from(der.as_slice()))
        .ok_or(ChainError::Malformed(1))?;
    ParsedCertificate::try_from(&leaf).map(|_| ()).map_err(|_| ChainError::Malformed(1))
}

fn check_purpose(leaf: &X509Certificate<'_>) -> Result<(), ChainError> {
    match leaf.extended_key_usage() {
        Ok(Some(usage)) if !usage.value.server_auth && !usage.value.any => Err(ChainError::NotForServers),
        Ok(_) => Ok(()),
        Err(_) => Err(ChainError::Malformed(1)),
    }
}

/// The leaf's names, each of which must lie within the zone. Names of other kinds (mail, URI) name no host and are passed over.
fn hosts(leaf: &X509Certificate<'_>, zone: &Hostname) -> Result<Vec<Hostname>, ChainError> {
    let names = leaf.subject_alternative_name().map_err(|_| ChainError::Malformed(1))?;
    let outside = |name: String| ChainError::OutsideZone { name, zone: zone.clone() };
    let mut hosts = Vec::new();
    for name in names.iter().flat_map(|extension| &extension.value.general_names) {
        match name {
            GeneralName::DNSName(name) => {
                let host = Hostname::parse_pattern(name).ok().filter(|host| host.is_within(zone));
                hosts.push(host.ok_or_else(|| outside((*name).to_owned()))?);
            }
            GeneralName::IPAddress(bytes) => return Err(outside(address(bytes))),
            _ => {}
        }
    }
    hosts.sort();
    hosts.dedup();
    match hosts.len() {
        0 => Err(ChainError::NoNames),
        1..=HOSTS_MAX => Ok(hosts),
        _ => Err(ChainError::TooManyNames),
    }
}

fn address(bytes: &[u8]) -> String {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        std::net::Ipv4Addr::from(v4).to_string()
    } else if let Ok(v6) = <[u8; 16]>::try_from(bytes) {
        std::net::Ipv6Addr::from(v6).to_string()
    } else {
        "a malformed address".into()
    }
}
