use policy::{origin::OriginHttp, refusal::Refusal};
use rustls::{AlertDescription, CertificateError};
use std::{error::Error as _, io, sync::Arc};

/// Why an exchange with an origin failed, with what is worth telling beyond the refusal's own sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub refusal: Refusal,
    pub detail: Option<Arc<str>>,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, detail: None }
    }
}

impl Failure {
    pub fn with(refusal: Refusal, detail: impl AsRef<str>) -> Self {
        Self { refusal, detail: Some(detail.as_ref().into()) }
    }

    pub(super) fn of_tcp(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Refusal::OriginRefused.into(),
            io::ErrorKind::TimedOut => Refusal::OriginConnectTimeout.into(),
            kind => Self::with(Refusal::OriginUnreachable, kind.to_string()),
        }
    }

    pub(super) fn of_tls(error: &io::Error, wanted: OriginHttp) -> Self {
        let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
            return Self::with(Refusal::OriginTlsFailed, "the connection was closed during the handshake");
        };
        match tls {
            rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol) => match wanted {
                OriginHttp::Http1 => Self::with(Refusal::OriginTlsFailed, "it does not offer HTTP/1.1"),
                OriginHttp::Http2 | OriginHttp::Negotiated => Refusal::OriginWithoutHttp2.into(),
            },
            rustls::Error::InvalidCertificate(why) => {
                Self::with(Refusal::OriginCertificateInvalid, certificate_problem(why))
            }
            other => Self::with(Refusal::OriginTlsFailed, other.to_string()),
        }
    }

    /// A request that got no answer. Local HTTP/2 errors are the origin's breaches of the protocol, found by us.
    pub(super) fn of_request(error: &hyper::Error) -> Self {
        if let Some(http2) = h2_error(error) {
            let reason = http2.reason();
            return match reason {
                Some(reason) if http2.is_remote() && http2.is_reset() => {
                    Self::with(Refusal::OriginResetWith(reason.into()), format!("RST_STREAM {reason:?}"))
                }
                Some(reason) if http2.is_remote() => {
                    Self::with(Refusal::OriginClosed, format!("GOAWAY {reason:?}"))
                }
                Some(reason) => Self::with(Refusal::OriginProtocolError, reason.description()),
                None => Refusal::OriginClosed.into(),
            };
        }
        if error.is_parse() || error.is_parse_too_large() {
            return Self::with(Refusal::OriginProtocolError, error.to_string());
        }
        Refusal::OriginClosed.into()
    }
}

/// The HTTP/2 error at the root of an error of hyper, if there is one.
pub(crate) fn h2_error(error: &hyper::Error) -> Option<&h2::Error> {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(http2) = inner.downcast_ref() {
            return Some(http2);
        }
        source = inner.source();
    }
    None
}

fn certificate_problem(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "expired".into(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "not valid yet".into(),
        // An authority of the same name, but another key, shows as a bad signature.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "not signed by an authority that the zone trusts".into()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "issued for another name".into()
        }
        CertificateError::Revoked => "revoked".into(),
        CertificateError::Other(other) => other.to_string(),
        other => format!("{other:?}"),
    }
}
