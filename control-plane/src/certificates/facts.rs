//! What the API tells about a certificate.

use jiff::Timestamp;
use x509_parser::{certificate::X509Certificate, oid_registry, time::ASN1Time, x509::X509Name};

/// Issuer, signature algorithm and validity, in the words of the v4 API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub issuer: String,
    /// Such as `SHA256WithRSA`.
    pub signature: &'static str,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

impl Facts {
    pub(super) fn of(certificate: &X509Certificate<'_>) -> Self {
        let validity = certificate.validity();
        Self {
            issuer: name(certificate.issuer()),
            signature: signature(certificate),
            not_before: timestamp(&validity.not_before),
            not_after: timestamp(&validity.not_after),
        }
    }
}

/// The organization if there is one, else the common name, else the whole name.
fn name(name: &X509Name<'_>) -> String {
    let organization = name.iter_organization().chain(name.iter_common_name());
    let text = organization.filter_map(|attribute| attribute.as_str().ok()).find(|text| !text.is_empty());
    text.map_or_else(|| name.to_string(), str::to_owned)
        .chars()
        .filter(|c| !c.is_control())
        .take(255)
        .collect()
}

fn signature(certificate: &X509Certificate<'_>) -> &'static str {
    let algorithm = &certificate.signature_algorithm.algorithm;
    let known = [
        (oid_registry::OID_PKCS1_SHA1WITHRSA, "SHA1WithRSA"),
        (oid_registry::OID_PKCS1_SHA256WITHRSA, "SHA256WithRSA"),
        (oid_registry::OID_PKCS1_SHA384WITHRSA, "SHA384WithRSA"),
        (oid_registry::OID_PKCS1_SHA512WITHRSA, "SHA512WithRSA"),
        (oid_registry::OID_PKCS1_RSASSAPSS, "RSASSA-PSS"),
        (oid_registry::OID_SIG_ECDSA_WITH_SHA256, "ECDSAWithSHA256"),
        (oid_registry::OID_SIG_ECDSA_WITH_SHA384, "ECDSAWithSHA384"),
        (oid_registry::OID_SIG_ECDSA_WITH_SHA512, "ECDSAWithSHA512"),
        (oid_registry::OID_SIG_ED25519, "Ed25519"),
    ];
    known.into_iter().find(|(oid, _)| oid == algorithm).map_or("unknown", |(_, name)| name)
}

/// The years 0 to 9999 fit, but for the very end of the last one, which means that there is no end (RFC 5280, 4.1.2.5).
fn timestamp(time: &ASN1Time) -> Timestamp {
    Timestamp::from_second(time.timestamp()).unwrap_or(Timestamp::MAX)
}
