use crate::authority::Identity;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// A TLS server that shows `identity` and offers `protocols` through ALPN.
pub(super) fn acceptor(identity: &Identity, protocols: &[&[u8]]) -> anyhow::Result<TlsAcceptor> {
    let chain = CertificateDer::pem_slice_iter(identity.chain_pem.as_bytes()).collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes())?;
    let mut config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(TlsAcceptor::from(Arc::new(config)))
}
