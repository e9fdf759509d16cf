//! What a visitor sees of each refusal, written out: these texts and numbers are a promise, so they stand here a second time.

use e2e::visitor::Outcome;

/// The face of a refusal to a gRPC visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Face {
    pub(crate) code: i32,
    pub(crate) reason: &'static str,
    pub(crate) message: &'static str,
    /// What follows the sentence, where the edge knows more.
    pub(crate) detail: Option<&'static str>,
}

const fn face(code: i32, reason: &'static str, message: &'static str) -> Face {
    Face { code, reason, message, detail: None }
}

impl Face {
    pub(crate) const fn because(self, detail: &'static str) -> Self {
        Self { detail: Some(detail), ..self }
    }
}

pub(crate) const DNS_ONLY: Face =
    face(9, "DNS_ONLY", "The record is DNS only, turn its proxy status on (orange cloud)");
pub(crate) const GRPC_OFF: Face =
    face(7, "GRPC_OFF", "gRPC is off for this zone, turn it on (Network > gRPC)");
pub(crate) const PAUSED: Face = face(9, "ZONE_PAUSED", "The zone is paused, resume it");
pub(crate) const UNKNOWN_HOST: Face =
    face(5, "UNKNOWN_HOST", "No zone or record of this edge has this host name");
pub(crate) const HTTP2_OFF: Face =
    face(9, "HTTP2_OFF", "HTTP/2 is off for this zone, turn the http2 setting on");
pub(crate) const HTTPS_ONLY: Face = face(9, "HTTPS_ONLY", "The zone always uses HTTPS, connect with TLS");
pub(crate) const MISDIRECTED: Face = face(
    9,
    "MISDIRECTED_REQUEST",
    "The host of the request belongs to another zone than the TLS server name, open a new connection",
);
pub(crate) const ORIGIN_LIMITED_TO_HTTP1: Face =
    face(9, "ORIGIN_LIMITED_TO_HTTP1", "gRPC needs HTTP/2 to the origin, set origin_max_http_version to 2");
pub(crate) const ORIGIN_FORBIDDEN: Face =
    face(9, "ORIGIN_FORBIDDEN", "The record points to an address that the edge may not connect to");
pub(crate) const ORIGIN_WITHOUT_HTTP2: Face =
    face(9, "ORIGIN_WITHOUT_HTTP2", "The origin does not offer HTTP/2 (ALPN h2)");
pub(crate) const ORIGIN_CERTIFICATE_INVALID: Face =
    face(14, "ORIGIN_CERTIFICATE_INVALID", "The certificate of the origin is not valid for strict mode");
pub(crate) const ORIGIN_TLS_FAILED: Face =
    face(14, "ORIGIN_TLS_FAILED", "The TLS handshake with the origin failed");
pub(crate) const ORIGIN_REFUSED: Face = face(14, "ORIGIN_REFUSED", "The origin refuses connections");
pub(crate) const ORIGIN_SILENT: Face =
    face(14, "ORIGIN_SILENT", "The origin accepts connections but does not answer");
pub(crate) const ORIGIN_RESET: Face = face(14, "ORIGIN_RESET", "The origin cut the answer short");
pub(crate) const ORIGIN_PROTOCOL_ERROR: Face =
    face(13, "ORIGIN_PROTOCOL_ERROR", "The origin broke the HTTP protocol");
pub(crate) const ORIGIN_ENDED_WITHOUT_STATUS: Face =
    face(2, "ORIGIN_ENDED_WITHOUT_STATUS", "The origin ended the answer without a gRPC status");
pub(crate) const ORIGIN_NOT_GRPC: Face =
    face(14, "ORIGIN_NOT_GRPC", "The origin answered the gRPC call with something that is not gRPC");

/// Why a certificate that nobody vouches for is not valid.
pub(crate) const UNTRUSTED: &str = "not signed by an authority that the zone trusts";

/// The visitor saw exactly this face, by the edge and with a ray to ask about.
pub(crate) fn assert_refused(outcome: &Outcome, face: Face, what: &str) {
    let seen = (outcome.code, outcome.reason.as_str(), outcome.domain.as_str());
    assert_eq!(seen, (face.code, face.reason, "orangery"), "{what}: {outcome:?}");
    let message = face.detail.map_or(face.message.to_owned(), |detail| format!("{}: {detail}", face.message));
    assert_eq!(outcome.message, message, "{what}: {outcome:?}");
    assert!(!outcome.ray.is_empty(), "{what}: {outcome:?}");
}
