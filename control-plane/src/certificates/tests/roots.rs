use super::made::{chain_pem, now, root, self_signed, three_deep};
use crate::certificates::{
    authority::{Authority, Kind},
    pem::{self, PemError},
    trust_store::{Root, RootError},
};
use jiff::Timestamp;

#[test]
fn a_root_is_taken_with_its_facts() {
    let root = root("Private Root");
    let taken = Root::check(&root.pem(), now()).unwrap();
    assert_eq!((taken.der.as_slice(), taken.facts.issuer.as_str()), (root.der().as_ref(), "Private Root"));
}

#[test]
fn our_own_authorities_are_roots() {
    for kind in Kind::ALL {
        let authority = Authority::create(kind, now()).unwrap();
        assert!(Root::check(&pem::encode_certificate(authority.certificate()), now()).is_ok());
    }
}

#[test]
fn only_a_single_valid_root_is_taken() {
    let ([_, middle, root], _) = three_deep(&["example.com"]);
    let (leaf, _) = self_signed(&["example.com"]);
    let later: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
    for (text, at, error) in [
        (leaf.pem(), now(), RootError::NotAnAuthority),
        (chain_pem(&[&middle]), now(), RootError::NotSelfSigned),
        (chain_pem(&[&root, &root]), now(), RootError::Pem(PemError::Several("certificate"))),
        (chain_pem(&[&root]), later, RootError::Expired(later)),
    ] {
        assert_eq!(Root::check(&text, at), Err(error));
    }
}
