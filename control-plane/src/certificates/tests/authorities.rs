use super::made::now;
use crate::certificates::authority::{Authority, Kind, SubjectName};
use jiff::SignedDuration;
use policy::hostname::Hostname;
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{sync::Arc, time::Duration};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn names() -> Vec<SubjectName> {
    let pattern = Hostname::parse_pattern("*.example.com").unwrap();
    vec![SubjectName::Host(pattern), SubjectName::Address("127.0.0.1".parse().unwrap())]
}

/// Whether rustls, trusting `authority`, takes `leaf` for `name` at a number of days after [`now`].
fn verifies(authority: &Authority, leaf: &[u8], name: &'static str, days: i64) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.certificate())).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
    let at = UnixTime::since_unix_epoch(Duration::from_secs((now() + DAY * days as i32).as_second() as u64));
    let name = ServerName::try_from(name).unwrap();
    verifier.verify_server_cert(&CertificateDer::from(leaf), &[], &name, &[], at).is_ok()
}

#[test]
fn a_server_certificate_verifies_for_its_names_during_its_validity() {
    let authority = Authority::create(Kind::Edge, now()).unwrap();
    let issued = authority.issue_server(&names(), DAY * 90, now()).unwrap();
    let leaf = &issued.signed.leaf;
    assert!(verifies(&authority, leaf, "api.example.com", 0));
    assert!(verifies(&authority, leaf, "127.0.0.1", 89));
    assert!(!verifies(&authority, leaf, "api.example.com", 91));
    assert!(!verifies(&authority, leaf, "example.org", 0));
}

#[test]
fn authorities_do_not_vouch_for_each_other() {
    let [edge, other] = [Kind::Edge, Kind::Edge].map(|kind| Authority::create(kind, now()).unwrap());
    let issued = edge.issue_server(&names(), DAY, now()).unwrap();
    assert!(!verifies(&other, &issued.signed.leaf, "api.example.com", 0));
}

#[test]
fn an_authority_taken_up_again_is_the_same_authority() {
    let first = Authority::create(Kind::Origin, now()).unwrap();
    let again = Authority::from_parts(first.certificate().to_vec(), first.private_key()).unwrap();
    let issued = again.issue_server(&names(), DAY * 5475, now()).unwrap();
    assert!(verifies(&first, &issued.signed.leaf, "api.example.com", 5474));
}

#[test]
fn a_serial_number_is_positive_and_as_long_as_any_other() {
    let authority = Authority::create(Kind::Link, now()).unwrap();
    let issued = authority.issue_server(&names(), DAY, now()).unwrap();
    let (_, parsed) = x509_parser::parse_x509_certificate(&issued.signed.leaf).unwrap();
    assert_eq!(parsed.raw_serial(), issued.signed.serial.to_be_bytes());
    assert_eq!(issued.signed.serial >> 126, 1);
}
