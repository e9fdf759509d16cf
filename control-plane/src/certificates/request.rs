//! Certificate signing requests (PKCS #10, RFC 2986).

use super::{
    key_kind::{KeyKind, UnsupportedKey},
    pem::{self, PemError},
};
use rcgen::SubjectPublicKeyInfo;
use x509_parser::{certification_request::X509CertificationRequest, prelude::FromDer as _};

/// A request whose signature proves that its sender holds the private key.
///
/// Only the public key is taken from it: names and uses are decided by who signs.
#[derive(Debug)]
pub struct SigningRequest {
    pub kind: KeyKind,
    pub(super) public_key: SubjectPublicKeyInfo,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigningRequestError {
    #[error(transparent)]
    Pem(#[from] PemError),
    #[error("the text is not a valid certificate signing request")]
    Malformed,
    #[error(transparent)]
    Key(#[from] UnsupportedKey),
    #[error("the signature of the certificate signing request is wrong")]
    Signature,
}

impl SigningRequest {
    pub fn check(text: &str) -> Result<Self, SigningRequestError> {
        let der = pem::signing_request(text)?;
        let (rest, request) =
            X509CertificationRequest::from_der(&der).map_err(|_| SigningRequestError::Malformed)?;
        if !rest.is_empty() {
            return Err(SigningRequestError::Malformed);
        }
        let key = &request.certification_request_info.subject_pki;
        let kind = KeyKind::of(key)?;
        request.verify_signature().map_err(|_| SigningRequestError::Signature)?;
        let public_key = SubjectPublicKeyInfo::from_der(key.raw).map_err(|_| UnsupportedKey)?;
        Ok(Self { kind, public_key })
    }
}
