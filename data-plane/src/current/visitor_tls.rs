use super::{NotLive, OpenKey, providers::Providers};
use policy::{
    certificate::Certificate,
    hostname::Hostname,
    id::CertificateId,
    settings::{TlsVersions, VisitorTls as Allowed},
    zone::Zone,
};
use rustls::{
    ServerConfig, SupportedProtocolVersion,
    crypto::{CryptoProvider, aws_lc_rs::Ticketer},
    server::{ClientHello, NoServerSessionStorage, ProducesTickets, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;

/// How a zone greets its visitors: its own certificates, and tickets that no other zone can resume.
pub(super) struct VisitorTls {
    /// Offers `h2` and `http/1.1`.
    pub(super) http2: Arc<ServerConfig>,
    /// Offers `http/1.1` only.
    pub(super) http1: Arc<ServerConfig>,
    certificates: Arc<ZoneCertificates>,
    tickets: Arc<dyn ProducesTickets>,
}

#[derive(Debug, thiserror::Error)]
pub enum InvalidCertificate {
    #[error("certificate {0}: the private key cannot be opened")]
    Sealed(CertificateId),
    #[error("certificate {0}: {1}")]
    Unusable(CertificateId, rustls::Error),
    #[error("certificate {0}: the chain is empty")]
    Empty(CertificateId),
}

impl VisitorTls {
    pub(super) fn new(
        zone: &Zone,
        before: Option<(&Zone, &Self)>,
        providers: &Providers,
        keys: OpenKey<'_>,
    ) -> Result<Self, NotLive> {
        let chosen = zone.settings.visitor_tls;
        let crypto = providers.offering(chosen.ciphers());
        let list = zone.certificates.iter().map(|certificate| {
            let key = match before.and_then(|(zone, tls)| tls.certificates.key_of(zone, certificate)) {
                Some(unchanged) => unchanged,
                None => Arc::new(open(certificate, &crypto, keys)?),
            };
            Ok((certificate.hosts.clone(), key))
        });
        let certificates = Arc::new(ZoneCertificates(list.collect::<Result<_, InvalidCertificate>>()?));
        let tickets = match before {
            Some((zone, tls)) if zone.settings.visitor_tls == chosen => Arc::clone(&tls.tickets),
            Some(_) | None => Ticketer::new()?,
        };
        let config = |alpn: &[&[u8]]| -> Result<_, rustls::Error> {
            let mut config = ServerConfig::builder_with_provider(Arc::clone(&crypto))
                .with_protocol_versions(versions(chosen))?
                .with_no_client_auth()
                .with_cert_resolver(Arc::clone(&certificates) as Arc<dyn ResolvesServerCert>);
            config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
            config.ticketer = Arc::clone(&tickets);
            // Sessions live in tickets alone, so that a zone that nobody visits costs no memory for them.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 1;
            Ok(Arc::new(config))
        };
        Ok(Self {
            http2: config(&[b"h2", b"http/1.1"])?,
            http1: config(&[b"http/1.1"])?,
            certificates,
            tickets,
        })
    }

    pub(super) fn speaks_for(&self, host: &str) -> bool {
        self.certificates.covering(host).next().is_some()
    }
}

static ONLY_TLS12: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS12];
static ONLY_TLS13: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS13];

fn versions(allowed: Allowed) -> &'static [&'static SupportedProtocolVersion] {
    match allowed.versions() {
        TlsVersions::Tls12 => &ONLY_TLS12,
        TlsVersions::Tls13 => &ONLY_TLS13,
        TlsVersions::Both => rustls::ALL_VERSIONS,
    }
}

fn open(
    certificate: &Certificate,
    crypto: &CryptoProvider,
    keys: OpenKey<'_>,
) -> Result<CertifiedKey, InvalidCertificate> {
    let id = certificate.id;
    if certificate.chain.is_empty() {
        return Err(InvalidCertificate::Empty(id));
    }
    let pkcs8 = keys(&certificate.key, id).ok_or(InvalidCertificate::Sealed(id))?;
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8.as_slice())).clone_key();
    let unusable = |error| InvalidCertificate::Unusable(id, error);
    let key = crypto.key_provider.load_private_key(der).map_err(unusable)?;
    let chain = certificate.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    let certified = CertifiedKey::new(chain, key);
    certified.keys_match().map_err(unusable)?;
    Ok(certified)
}

/// The certificates of one zone, in order of precedence.
#[derive(Debug)]
struct ZoneCertificates(Vec<(Vec<Hostname>, Arc<CertifiedKey>)>);

impl ZoneCertificates {
    fn covering<'a>(&'a self, host: &'a str) -> impl Iterator<Item = &'a Arc<CertifiedKey>> {
        let speaks = move |hosts: &[Hostname]| hosts.iter().any(|pattern| pattern.covers(host));
        self.0.iter().filter(move |(hosts, _)| speaks(hosts)).map(|(_, key)| key)
    }

    /// The opened key of a certificate that this list was made of.
    fn key_of(&self, zone: &Zone, certificate: &Certificate) -> Option<Arc<CertifiedKey>> {
        let position = zone.certificates.iter().position(|known| known == certificate)?;
        self.0.get(position).map(|(_, key)| Arc::clone(key))
    }
}

impl ResolvesServerCert for ZoneCertificates {
    /// The first certificate for the name that the visitor can verify; the first for the name if none fits.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = hello.server_name()?.to_ascii_lowercase();
        let fits = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        self.covering(&host).find(fits).or_else(|| self.covering(&host).next()).cloned()
    }
}
