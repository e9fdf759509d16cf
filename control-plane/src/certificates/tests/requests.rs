use super::made::params;
use crate::certificates::{
    key_kind::{KeyKind, UnsupportedKey},
    pem::PemError,
    request::{SigningRequest, SigningRequestError},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{KeyPair, PKCS_ECDSA_P521_SHA512, PKCS_RSA_SHA256, RsaKeySize};

fn request(key: &KeyPair) -> Vec<u8> {
    params(&["other.example"]).serialize_request(key).unwrap().der().to_vec()
}

fn section(title: &str, der: &[u8]) -> String {
    format!("-----BEGIN {title}-----\n{}\n-----END {title}-----\n", STANDARD.encode(der))
}

#[test]
fn a_request_with_a_supported_key_is_taken() {
    let der = request(&KeyPair::generate().unwrap());
    assert_eq!(SigningRequest::check(&section("CERTIFICATE REQUEST", &der)).unwrap().kind, KeyKind::P256);
    assert_eq!(SigningRequest::check(&section("NEW CERTIFICATE REQUEST", &der)).unwrap().kind, KeyKind::P256);
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_3072).unwrap();
    let taken = SigningRequest::check(&section("CERTIFICATE REQUEST", &request(&rsa))).unwrap();
    assert_eq!(taken.kind, KeyKind::Rsa(3072));
}

#[test]
fn a_request_that_its_key_did_not_sign_is_refused() {
    let mut der = request(&KeyPair::generate().unwrap());
    let last = der.len() - 1;
    der[last] ^= 1;
    let refused = SigningRequest::check(&section("CERTIFICATE REQUEST", &der)).unwrap_err();
    assert_eq!(refused, SigningRequestError::Signature);
}

#[test]
fn what_is_not_a_request_is_refused() {
    let p521 = request(&KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap());
    let missing = SigningRequestError::Pem(PemError::Missing("\"BEGIN CERTIFICATE REQUEST\" section"));
    for (text, error) in [
        ("hello", missing),
        (section("CERTIFICATE REQUEST", b"not a request").as_str(), SigningRequestError::Malformed),
        (section("CERTIFICATE REQUEST", &p521).as_str(), SigningRequestError::Key(UnsupportedKey)),
    ] {
        assert_eq!(SigningRequest::check(text).unwrap_err(), error);
    }
}
