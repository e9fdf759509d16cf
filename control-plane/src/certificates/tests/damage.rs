use super::made::{chain_pem, now, three_deep, zone};
use crate::certificates::{
    custom::Upload, private_key::PrivateKey, request::SigningRequest, trust_store::Root,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::KeyPair;

/// The next of a fixed row of numbers (xorshift), so that a failure happens again.
fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state % 1_000_003).unwrap()
}

/// One to three bytes changed, or the end cut off.
fn damaged(der: &[u8], state: &mut u64) -> Vec<u8> {
    let mut der = der.to_vec();
    if next(state).is_multiple_of(8) {
        der.truncate(next(state) % der.len());
        return der;
    }
    for _ in 0..=next(state) % 3 {
        let place = next(state) % der.len();
        der[place] = u8::try_from(next(state) % 256).unwrap();
    }
    der
}

fn section(title: &str, der: &[u8]) -> String {
    format!("-----BEGIN {title}-----\n{}\n-----END {title}-----\n", STANDARD.encode(der))
}

#[test]
fn damaged_uploads_are_refused_and_never_break_the_reader() {
    let ([leaf, middle, root], key) = three_deep(&["example.com", "*.example.com"]);
    let request = super::made::params(&[]).serialize_request(&key).unwrap().der().to_vec();
    let (pkcs8, pem) = (key.serialize_der(), key.serialize_pem());
    let mut state = 0x6f72_616e_6765;
    let mut taken = 0;
    for _ in 0..2000 {
        let broken = damaged(&leaf, &mut state);
        // Without its issuer nothing vouches for the leaf's bytes; with it, every changed byte is noticed.
        Upload::check(&chain_pem(&[&broken]), &pem, &zone(), now()).ok();
        let whole = Upload::check(&chain_pem(&[&broken, &middle, &root]), &pem, &zone(), now());
        taken += usize::from(broken != leaf && whole.is_ok());
        let broken = damaged(&root, &mut state);
        taken += usize::from(broken != root && Root::check(&chain_pem(&[&broken]), now()).is_ok());
        SigningRequest::check(&section("CERTIFICATE REQUEST", &damaged(&request, &mut state))).ok();
        PrivateKey::from_pem(&section("PRIVATE KEY", &damaged(&pkcs8, &mut state))).ok();
    }
    assert_eq!(taken, 0);
}

#[test]
fn another_key_of_the_same_kind_never_fits() {
    let ([leaf, ..], key) = three_deep(&["example.com"]);
    assert!(Upload::check(&chain_pem(&[&leaf]), &key.serialize_pem(), &zone(), now()).is_ok());
    for _ in 0..20 {
        let other = KeyPair::generate().unwrap().serialize_pem();
        assert!(Upload::check(&chain_pem(&[&leaf]), &other, &zone(), now()).is_err());
    }
}
