//! Certificates made for tests, valid throughout 2026 unless said otherwise.

use control_plane::certificates::pem;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// PEM texts of a certificate and its key.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) private_key: String,
    pub(crate) pkcs8: Vec<u8>,
}

impl Pair {
    /// What `POST custom_certificates` takes.
    pub(crate) fn body(&self) -> Value {
        json!({ "certificate": self.certificate, "private_key": self.private_key })
    }
}

pub(crate) fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

pub(crate) fn pair_of(params: &CertificateParams) -> Pair {
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    Pair { certificate, private_key: key.serialize_pem(), pkcs8: key.serialize_der() }
}

pub(crate) fn pair(names: &[&str]) -> Pair {
    pair_of(&params(names))
}

pub(crate) fn root(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = params(&[]);
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages.clear();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A leaf for a name and the root above it.
pub(crate) fn chain(name: &str) -> (Vec<u8>, Vec<u8>, KeyPair) {
    let (root, key) = (root("root"), KeyPair::generate().unwrap());
    let leaf = params(&[name]).signed_by(&key, &root).unwrap();
    (leaf.der().to_vec(), root.der().to_vec(), key)
}

pub(crate) fn chain_pem(chain: &[&[u8]]) -> String {
    pem::encode_chain(chain.iter().copied())
}

pub(crate) fn der(pem: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}

/// Whether rustls, trusting one authority alone, takes a leaf for a name now.
pub(crate) fn verifies(authority: &[u8], leaf: &[u8], name: &str) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
    let now =
        UnixTime::since_unix_epoch(Duration::from_secs(super::support::now().as_second().unsigned_abs()));
    let name = ServerName::try_from(name.to_owned()).unwrap();
    verifier.verify_server_cert(&CertificateDer::from(leaf), &[], &name, &[], now).is_ok()
}
