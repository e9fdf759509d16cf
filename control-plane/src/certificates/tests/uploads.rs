use super::made::{chain_pem, now, params, self_signed, three_deep, zone};
use crate::certificates::{
    chain::{CHAIN_CERTIFICATES_MAX, CLOCK_SKEW_MAX, Chain, ChainError, OtherKey},
    custom::{Upload, UploadError},
    key_kind::UnsupportedKey,
    pem::{PEM_BYTES_MAX, PemError},
};
use rcgen::{
    ExtendedKeyUsagePurpose, KeyPair, PKCS_ECDSA_P521_SHA512, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd,
};

fn check(pem: &str) -> Result<Chain, ChainError> {
    Chain::check(pem, &zone(), now())
}

#[test]
fn a_chain_in_order_is_taken_with_its_names_and_facts() {
    let ([leaf, middle, root], key) = three_deep(&["*.example.com", "example.com"]);
    let upload =
        Upload::check(&chain_pem(&[&leaf, &middle, &root]), &key.serialize_pem(), &zone(), now()).unwrap();
    assert_eq!(
        upload.chain.hosts.iter().map(|host| host.as_str()).collect::<Vec<_>>(),
        ["*.example.com", "example.com"]
    );
    assert_eq!(upload.chain.certificates, [leaf, middle, root]);
    assert_eq!(upload.chain.facts.issuer, "middle");
    assert_eq!(upload.chain.facts.signature, "ECDSAWithSHA256");
    assert_eq!(upload.chain.facts.not_after.to_string(), "2027-01-01T00:00:00Z");
}

#[test]
fn a_chain_out_of_order_is_refused_and_the_break_named() {
    let ([leaf, middle, root], _) = three_deep(&["example.com"]);
    assert_eq!(check(&chain_pem(&[&leaf, &root, &middle])), Err(ChainError::Order(1)));
    assert_eq!(check(&chain_pem(&[&leaf, &middle, &middle])), Err(ChainError::Order(2)));
    assert_eq!(check(&chain_pem(&[&middle, &leaf])), Err(ChainError::Order(1)));
}

#[test]
fn an_issuer_of_the_same_name_with_another_key_does_not_complete_a_chain() {
    let ([leaf, ..], _) = three_deep(&["example.com"]);
    let ([_, other, _], _) = three_deep(&["example.com"]);
    assert_eq!(check(&chain_pem(&[&leaf, &other])), Err(ChainError::Order(1)));
}

#[test]
fn text_that_is_not_pem_is_refused() {
    let missing = ChainError::Pem(PemError::Missing("\"BEGIN CERTIFICATE\" section"));
    for text in ["", "hello", "\0", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
        assert_eq!(check(text), Err(missing.clone()), "{text:?}");
    }
    for text in
        ["-----BEGIN CERTIFICATE-----\nAAAA\n", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"]
    {
        assert!(matches!(check(text), Err(ChainError::Pem(PemError::Malformed(_)))), "{text:?}");
    }
    let not_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(check(not_der), Err(ChainError::Malformed(1)));
}

#[test]
fn bytes_after_a_certificate_are_refused() {
    let (certificate, _) = self_signed(&["example.com"]);
    let mut der = certificate.der().to_vec();
    der.push(0);
    assert_eq!(check(&chain_pem(&[&der])), Err(ChainError::Malformed(1)));
}

#[test]
fn text_and_chains_that_are_too_long_are_refused() {
    let (certificate, _) = self_signed(&["example.com"]);
    let der = certificate.der().to_vec();
    assert_eq!(check(&" ".repeat(PEM_BYTES_MAX + 1)), Err(ChainError::Pem(PemError::TooLarge)));
    assert_eq!(check(&chain_pem(&[&der; CHAIN_CERTIFICATES_MAX + 1])), Err(ChainError::TooMany));
}

#[test]
fn an_expired_certificate_and_one_of_the_future_are_refused() {
    let key = KeyPair::generate().unwrap();
    let mut expired = params(&["example.com"]);
    expired.not_after = date_time_ymd(2026, 11, 20);
    let pem = expired.self_signed(&key).unwrap().pem();
    assert_eq!(check(&pem), Err(ChainError::Expired(1, "2026-11-20T00:00:00Z".parse().unwrap())));

    let mut future = params(&["example.com"]);
    future.not_before = date_time_ymd(2026, 11, 21);
    let pem = future.self_signed(&key).unwrap().pem();
    assert_eq!(check(&pem), Err(ChainError::NotYetValid(1, "2026-11-21T00:00:00Z".parse().unwrap())));
}

#[test]
fn every_name_must_lie_within_the_zone() {
    for name in ["example.org", "badexample.com", "com", "*.com", "192.0.2.1", "2001:db8::1"] {
        let (certificate, _) = self_signed(&["example.com", name]);
        let outside = ChainError::OutsideZone { name: name.into(), zone: zone() };
        assert_eq!(check(&certificate.pem()), Err(outside), "{name}");
    }
    let (certificate, _) = self_signed(&[]);
    assert_eq!(check(&certificate.pem()), Err(ChainError::NoNames));
}

#[test]
fn a_certificate_with_too_many_names_is_refused() {
    let names: Vec<String> = (0..=100).map(|n| format!("h{n}.example.com")).collect();
    let (certificate, _) = self_signed(&names.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(check(&certificate.pem()), Err(ChainError::TooManyNames));
}

#[test]
fn a_certificate_for_clients_only_is_refused() {
    let mut params = params(&["example.com"]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let pem = params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
    assert_eq!(check(&pem), Err(ChainError::NotForServers));
}

#[test]
fn a_key_of_an_unsupported_kind_is_refused() {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
    let pem = params(&["example.com"]).self_signed(&key).unwrap().pem();
    assert_eq!(check(&pem), Err(ChainError::Key(UnsupportedKey)));
}

#[test]
fn the_key_of_another_certificate_is_refused() {
    let (certificate, _) = self_signed(&["example.com"]);
    for key in [KeyPair::generate(), KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)] {
        let refused =
            Upload::check(&certificate.pem(), &key.unwrap().serialize_pem(), &zone(), now()).unwrap_err();
        assert_eq!(refused, UploadError::OtherKey(OtherKey));
    }
}

#[test]
fn the_clock_of_an_issuer_may_be_a_little_ahead() {
    let key = KeyPair::generate().unwrap();
    let mut ahead = params(&["example.com"]);
    ahead.not_before = date_time_ymd(2026, 11, 20);
    let pem = ahead.self_signed(&key).unwrap().pem();
    let begin: jiff::Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
    assert!(Chain::check(&pem, &zone(), begin - CLOCK_SKEW_MAX).is_ok());
    let earlier = begin - CLOCK_SKEW_MAX - jiff::SignedDuration::from_secs(1);
    assert_eq!(Chain::check(&pem, &zone(), earlier), Err(ChainError::NotYetValid(1, begin)));
}

#[test]
fn a_certificate_without_an_end_is_taken() {
    let key = KeyPair::generate().unwrap();
    let mut endless = params(&["example.com"]);
    endless.not_after = date_time_ymd(9999, 12, 31).replace_time(
        date_time_ymd(9999, 12, 31)
            .replace_hour(23)
            .unwrap()
            .replace_minute(59)
            .unwrap()
            .replace_second(59)
            .unwrap()
            .time(),
    );
    let certificate = endless.self_signed(&key).unwrap();
    assert!(certificate.der().windows(15).any(|bytes| bytes == b"99991231235959Z"));
    assert_eq!(check(&certificate.pem()).unwrap().facts.not_after, jiff::Timestamp::MAX);
}
