//! How visitors may encrypt: `tls_1_3`, `tls_1_2_only` and `ciphers`, seen by real handshakes.

use crate::{
    harness::{HOST, Node, Plan},
    visitor::Tls,
};
use policy::settings::{Cipher, Ciphers, MinTlsVersion, VisitorTls};
use rustls::{
    AlertDescription, CipherSuite, ClientConfig, HandshakeKind, ProtocolVersion, RootCertStore,
    SupportedProtocolVersion,
    version::{TLS12, TLS13},
};
use rustls_pki_types::ServerName;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

fn plan(tls_1_3: bool, tls_1_2_only: bool, ciphers: Ciphers) -> Plan {
    let chosen = VisitorTls::new(MinTlsVersion::V1_0, tls_1_3, tls_1_2_only, ciphers).unwrap();
    Plan::to(9).settings(|settings| settings.visitor_tls = chosen)
}

fn only(cipher: Cipher) -> Ciphers {
    Ciphers::new([cipher]).unwrap()
}

/// A visitor who offers these versions, and of TLS 1.2 only these ciphers.
fn offering(node: &Node, versions: &[&'static SupportedProtocolVersion], ciphers: Ciphers) -> TlsConnector {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.cipher_suites.retain(|suite| {
        Cipher::from_number(suite.suite().into()).is_none_or(|cipher| ciphers.contains(cipher))
    });
    let mut roots = RootCertStore::empty();
    roots.add(node.authority.der.clone()).unwrap();
    let config =
        ClientConfig::builder_with_provider(Arc::new(provider)).with_protocol_versions(versions).unwrap();
    TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

async fn greet(node: &Node, connector: &TlsConnector) -> Result<Tls, AlertDescription> {
    let tcp = TcpStream::connect(node.https).await.unwrap();
    let greeted = connector.connect(ServerName::try_from(HOST).unwrap(), tcp).await;
    greeted.map_err(|error| match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::AlertReceived(alert)) => *alert,
        _ => panic!("{error}"),
    })
}

fn cipher(tls: &Tls) -> CipherSuite {
    tls.get_ref().1.negotiated_cipher_suite().unwrap().suite()
}

#[tokio::test]
async fn tls_1_3_can_be_switched_off() {
    let node = Node::serving(plan(true, false, Ciphers::ALL)).await;
    let (both, new) =
        (offering(&node, &[&TLS12, &TLS13], Ciphers::ALL), offering(&node, &[&TLS13], Ciphers::ALL));
    let version = |tls: Tls| tls.get_ref().1.protocol_version();
    assert_eq!(greet(&node, &both).await.map(version), Ok(Some(ProtocolVersion::TLSv1_3)));
    for off in [plan(false, false, Ciphers::ALL), plan(true, true, Ciphers::ALL)] {
        node.put(off).await;
        assert_eq!(greet(&node, &both).await.map(version), Ok(Some(ProtocolVersion::TLSv1_2)));
        assert_eq!(greet(&node, &new).await.map(version), Err(AlertDescription::ProtocolVersion));
    }
}

#[tokio::test]
async fn ciphers_of_tls_1_2_are_those_that_the_zone_chose() {
    let node = Node::serving(plan(true, false, only(Cipher::EcdheEcdsaChacha20Poly1305))).await;
    let old = offering(&node, &[&TLS12], Ciphers::ALL);
    assert_eq!(
        greet(&node, &old).await.as_ref().map(cipher),
        Ok(CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256)
    );
    let other = offering(&node, &[&TLS12], only(Cipher::EcdheEcdsaAes128GcmSha256));
    assert_eq!(greet(&node, &other).await.map(drop), Err(AlertDescription::HandshakeFailure));
    let new = offering(&node, &[&TLS12, &TLS13], Ciphers::ALL);
    assert_eq!(
        greet(&node, &new).await.as_ref().map(cipher),
        Ok(CipherSuite::TLS13_AES_256_GCM_SHA384),
        "those of TLS 1.3 are not chosen"
    );
    node.put(plan(true, false, Ciphers::ALL)).await;
    assert!(greet(&node, &other).await.is_ok());
}

#[tokio::test]
async fn a_session_with_a_cipher_that_is_now_forbidden_is_not_resumed() {
    let (before, after) = (Cipher::EcdheEcdsaAes128GcmSha256, Cipher::EcdheEcdsaChacha20Poly1305);
    let node = Node::serving(plan(true, false, only(before))).await;
    let old = offering(&node, &[&TLS12], Ciphers::ALL);
    let kind = |tls: &Tls| tls.get_ref().1.handshake_kind().unwrap();
    assert_eq!(greet(&node, &old).await.as_ref().map(kind), Ok(HandshakeKind::Full));
    assert_eq!(greet(&node, &old).await.as_ref().map(kind), Ok(HandshakeKind::Resumed));
    node.put(plan(true, false, only(after))).await;
    let tls = greet(&node, &old).await.unwrap();
    assert_eq!(kind(&tls), HandshakeKind::Full);
    assert_eq!(cipher(&tls), CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256);
    // One that keeps no session of its own shows that a ticket alone is no way around either.
    node.put(plan(false, false, Ciphers::ALL)).await;
    assert_eq!(
        greet(&node, &old).await.as_ref().map(kind),
        Ok(HandshakeKind::Full),
        "nor under a new choice"
    );
}
