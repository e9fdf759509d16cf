//! TLS towards origins: whom a zone trusts, and what is offered through ALPN.

use policy::{
    object::{ObjectHash, TrustStore},
    origin::OriginHttp,
    ssl::OriginTls,
};
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::sync::Arc;

/// The authorities a zone trusts for its origins, with the client configurations that follow from them.
///
/// Sessions are never resumed: a resumed session skips the check of the certificate, and pooled connections leave little to gain.
pub struct OriginTrust {
    /// Nothing for the public authorities alone.
    pub id: Option<ObjectHash>,
    verified: ByHttp,
    encrypted: ByHttp,
}

struct ByHttp {
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
    negotiated: Arc<ClientConfig>,
}

impl OriginTrust {
    pub fn public(crypto: &Arc<CryptoProvider>) -> Self {
        Self::new(crypto, None, RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()))
    }

    /// The public authorities and those of the store; what is not a certificate in it is left out.
    pub fn with_store(crypto: &Arc<CryptoProvider>, store: &TrustStore) -> Self {
        let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let (_, ignored) =
            roots.add_parsable_certificates(store.certificates().iter().map(|der| der.as_slice().into()));
        if ignored > 0 {
            tracing::warn!(store = %store.hash(), ignored, "certificates of a trust store cannot be read");
        }
        Self::new(crypto, Some(store.hash()), roots)
    }

    fn new(crypto: &Arc<CryptoProvider>, id: Option<ObjectHash>, roots: RootCertStore) -> Self {
        let roots = Arc::new(roots);
        let builder = || {
            ClientConfig::builder_with_provider(Arc::clone(crypto))
                .with_protocol_versions(rustls::ALL_VERSIONS)
                .unwrap_or_else(|_| ClientConfig::builder_with_protocol_versions(rustls::ALL_VERSIONS))
        };
        let verified = || builder().with_root_certificates(Arc::clone(&roots)).with_no_client_auth();
        let unverified = Arc::new(Unverified(crypto.signature_verification_algorithms));
        let encrypted = || {
            let verifier = Arc::clone(&unverified) as Arc<dyn ServerCertVerifier>;
            builder().dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
        };
        Self { id, verified: ByHttp::new(verified), encrypted: ByHttp::new(encrypted) }
    }

    /// The configuration for a leg; nothing for a plain one.
    pub fn client_config(&self, tls: OriginTls, http: OriginHttp) -> Option<&Arc<ClientConfig>> {
        let by_http = match tls {
            OriginTls::Plain => return None,
            OriginTls::Encrypted => &self.encrypted,
            OriginTls::Verified => &self.verified,
        };
        Some(match http {
            OriginHttp::Http1 => &by_http.http1,
            OriginHttp::Http2 => &by_http.http2,
            OriginHttp::Negotiated => &by_http.negotiated,
        })
    }
}

impl ByHttp {
    fn new(base: impl Fn() -> ClientConfig) -> Self {
        let with = |alpn: &[&[u8]]| {
            let mut config = base();
            config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
            config.resumption = Resumption::disabled();
            Arc::new(config)
        };
        Self { http1: with(&[b"http/1.1"]), http2: with(&[b"h2"]), negotiated: with(&[b"h2", b"http/1.1"]) }
    }
}

/// Mode `full`: the leg is encrypted, whoever answers. Signatures of the handshake are still checked.
#[derive(Debug)]
struct Unverified(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
