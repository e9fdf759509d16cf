//! Certificates made for tests.

use crate::certificates::pem;
use jiff::Timestamp;
use policy::hostname::Hostname;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, date_time_ymd,
};

pub(super) fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

pub(super) fn zone() -> Hostname {
    Hostname::parse("example.com").unwrap()
}

pub(super) fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

pub(super) fn self_signed(names: &[&str]) -> (Certificate, KeyPair) {
    let key = KeyPair::generate().unwrap();
    (params(names).self_signed(&key).unwrap(), key)
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = params(&[]);
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages.clear();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

pub(super) fn root(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    CertifiedIssuer::self_signed(authority_params(name), KeyPair::generate().unwrap()).unwrap()
}

/// A leaf, its issuer and the root above, with the leaf's key.
pub(super) fn three_deep(names: &[&str]) -> ([Vec<u8>; 3], KeyPair) {
    let root = root("root");
    let middle =
        CertifiedIssuer::signed_by(authority_params("middle"), KeyPair::generate().unwrap(), &root).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = params(names).signed_by(&key, &middle).unwrap();
    ([leaf.der().to_vec(), middle.der().to_vec(), root.der().to_vec()], key)
}

pub(super) fn chain_pem(chain: &[&Vec<u8>]) -> String {
    pem::encode_chain(chain.iter().map(|der| der.as_slice()))
}
