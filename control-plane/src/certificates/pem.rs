//! PEM text to DER and back, with limits.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls_pki_types::{
    CertificateDer, CertificateSigningRequestDer,
    pem::{self, PemObject},
};

/// Longest PEM text that is looked at, in bytes. A chain of ten certificates with RSA keys of 4096 bits has about 24,000; this much
/// for each of [`super::custom::CERTIFICATES_PER_ZONE_MAX`] still fits into a published zone.
pub const PEM_BYTES_MAX: usize = 32 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    #[error("the PEM text is longer than {PEM_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the text is not valid PEM: {0}")]
    Malformed(String),
    #[error("the text holds no {0}")]
    Missing(&'static str),
    #[error("the text holds more than one {0}")]
    Several(&'static str),
    #[error("the text must hold one {0} and nothing else, least of all a private key")]
    Others(&'static str),
}

/// Every certificate in the text, in order; at least one.
pub fn certificates(text: &str) -> Result<Vec<Vec<u8>>, PemError> {
    let found = read::<CertificateDer<'static>>(text)?;
    if found.is_empty() {
        return Err(PemError::Missing("\"BEGIN CERTIFICATE\" section"));
    }
    Ok(found.into_iter().map(|certificate| certificate.to_vec()).collect())
}

/// The certificate signing request that is the one section in the text.
pub fn signing_request(text: &str) -> Result<Vec<u8>, PemError> {
    const SECTION: &str = "\"BEGIN CERTIFICATE REQUEST\" section";
    // The text is kept and shown again as it was sent: nothing may hide in it, least of all the private key.
    if text.matches("-----BEGIN").count() > 1 || text.to_ascii_uppercase().contains("PRIVATE KEY") {
        return Err(PemError::Others(SECTION));
    }
    // Some tools write the older title.
    let text = text.replace(" NEW CERTIFICATE REQUEST", " CERTIFICATE REQUEST");
    one(read::<CertificateSigningRequestDer<'static>>(&text)?, SECTION).map(|request| request.to_vec())
}

pub(super) fn read<T: PemObject>(text: &str) -> Result<Vec<T>, PemError> {
    if text.len() > PEM_BYTES_MAX {
        return Err(PemError::TooLarge);
    }
    T::pem_slice_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| PemError::Malformed(say(&error)))
}

pub(super) fn one<T>(found: Vec<T>, section: &'static str) -> Result<T, PemError> {
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(it), None) => Ok(it),
        (None, _) => Err(PemError::Missing(section)),
        (Some(_), Some(_)) => Err(PemError::Several(section)),
    }
}

/// PEM of one certificate.
pub fn encode_certificate(der: &[u8]) -> String {
    encode("CERTIFICATE", der)
}

pub fn encode_chain<'a>(chain: impl IntoIterator<Item = &'a [u8]>) -> String {
    chain.into_iter().map(encode_certificate).collect()
}

/// PEM of a PKCS #8 private key.
pub fn encode_private_key(pkcs8: &[u8]) -> zeroize::Zeroizing<String> {
    zeroize::Zeroizing::new(encode("PRIVATE KEY", pkcs8))
}

/// RFC 7468: lines of 64 characters.
fn encode(title: &str, der: &[u8]) -> String {
    let base64 = zeroize::Zeroizing::new(STANDARD.encode(der));
    let mut text = format!("-----BEGIN {title}-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {title}-----\n"));
    text
}

fn say(error: &pem::Error) -> String {
    match error {
        pem::Error::MissingSectionEnd { .. } => "a section has a BEGIN line and no END line".into(),
        pem::Error::IllegalSectionStart { .. } => "a BEGIN line is malformed".into(),
        pem::Error::Base64Decode(_) => "a section does not hold base64".into(),
        other => other.to_string(),
    }
}
