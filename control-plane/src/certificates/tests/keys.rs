use super::made::{now, params, zone};
use crate::certificates::{
    custom::Upload,
    key_kind::{KeyKind, UnsupportedKey},
    pem::{self, PemError},
    private_key::{PrivateKey, PrivateKeyError},
};
use aws_lc_rs::{
    encoding::{AsDer as _, EcPrivateKeyRfc5915Der},
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_ED25519,
    PKCS_RSA_SHA256, RsaKeySize,
};

fn section(title: &str, der: &[u8]) -> String {
    format!("-----BEGIN {title}-----\n{}\n-----END {title}-----\n", STANDARD.encode(der))
}

#[test]
fn each_supported_kind_of_key_belongs_to_its_certificate() {
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048);
    for (key, kind) in [
        (KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256), KeyKind::P256),
        (KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384), KeyKind::P384),
        (KeyPair::generate_for(&PKCS_ED25519), KeyKind::Ed25519),
        (rsa, KeyKind::Rsa(2048)),
    ] {
        let key = key.unwrap();
        let certificate = params(&["example.com"]).self_signed(&key).unwrap();
        let upload = Upload::check(&certificate.pem(), &key.serialize_pem(), &zone(), now()).unwrap();
        assert_eq!(upload.key.kind(), kind);
        // What is kept is a PKCS #8 key that opens again as the same one.
        let again = PrivateKey::from_pem(&pem::encode_private_key(upload.key.pkcs8())).unwrap();
        assert_eq!(upload.chain.check_key(&again), Ok(()), "{kind}");
    }
}

#[test]
fn a_sec1_key_becomes_pkcs8() {
    let pkcs8 = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap().serialize_der();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8).unwrap();
    let sec1: EcPrivateKeyRfc5915Der<'static> = pair.private_key().as_der().unwrap();
    let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    let text = format!("{parameters}{}", section("EC PRIVATE KEY", sec1.as_ref()));
    let key = PrivateKey::from_pem(&text).unwrap();
    assert_eq!(key.kind(), KeyKind::P256);
    assert!(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.pkcs8()).is_ok());
}

#[test]
fn a_pkcs1_key_becomes_pkcs8() {
    let pkcs8 = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap().serialize_der();
    // The PKCS #1 structure follows the version, the algorithm and the head of an octet string.
    let key = PrivateKey::from_pem(&section("RSA PRIVATE KEY", &pkcs8[26..])).unwrap();
    assert_eq!((key.kind(), key.pkcs8()), (KeyKind::Rsa(2048), pkcs8.as_slice()));
}

#[test]
fn what_is_not_one_plain_supported_key_is_refused() {
    let key = KeyPair::generate().unwrap().serialize_pem();
    let p521 = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap().serialize_pem();
    let encrypted = section("ENCRYPTED PRIVATE KEY", b"anything");
    const SECTION: &str = "\"BEGIN PRIVATE KEY\" section";
    for (text, error) in [
        ("", PrivateKeyError::Pem(PemError::Missing(SECTION))),
        (&format!("{key}{key}"), PrivateKeyError::Pem(PemError::Several(SECTION))),
        (&p521, PrivateKeyError::Unsupported(UnsupportedKey)),
        (&section("PRIVATE KEY", b"not a key"), PrivateKeyError::Unsupported(UnsupportedKey)),
        (&encrypted, PrivateKeyError::Encrypted),
    ] {
        assert_eq!(PrivateKey::from_pem(text).unwrap_err(), error);
    }
}

#[test]
fn rsa_keys_outside_2048_to_4096_bits_are_refused() {
    assert_eq!(KeyKind::rsa(1024), Err(UnsupportedKey));
    assert_eq!(KeyKind::rsa(4096), Ok(KeyKind::Rsa(4096)));
    assert_eq!(KeyKind::rsa(8192), Err(UnsupportedKey));
}

#[test]
fn a_private_key_is_never_part_of_a_debug_text() {
    let key = PrivateKey::from_pem(&KeyPair::generate().unwrap().serialize_pem()).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKey(ECDSA on P-256)");
}
