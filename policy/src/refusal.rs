//! Every reason to say no, each with its HTTP and its gRPC face. No other file writes a status for an edge-made answer.

use crate::grpc::{self, Status};

/// Why a request is not carried, or an exchange with the origin failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    // The visitor's request.
    MalformedRequest,
    UnknownHost,
    DirectAddress,
    Misdirected,
    MethodNotSupported,
    GrpcOverHttp1,
    HeadersTooLarge,
    UploadTooLarge,
    WebSocketVersion,
    TooManyStreams,
    Loop,
    // What the zone's owner chose.
    DnsOnly,
    Paused,
    GrpcOff,
    Http2Off,
    WebSocketsOff,
    HttpsOnly,
    GrpcNeedsEncryptedOrigin,
    PlainOriginUnderStrict,
    OriginLimitedToHttp1,
    OriginProtocolIsHttp1,
    OriginProtocolIsGrpc,
    // The way to the origin.
    OriginNotResolved,
    OriginCnameLoop,
    OriginForbidden,
    OriginRefused,
    OriginConnectTimeout,
    OriginUnreachable,
    OriginSilent,
    OriginTlsFailed,
    OriginCertificateInvalid,
    OriginWithoutHttp2,
    // The exchange with the origin.
    OriginClosed,
    OriginReset,
    /// The origin reset the stream with this HTTP/2 error code before it answered.
    OriginResetWith(u32),
    OriginProtocolError,
    OriginTimeout,
    OriginEndedWithoutStatus,
    /// The origin answered a gRPC call with this HTTP status and something that is not gRPC.
    OriginNotGrpc(u16),
    DeadlineExceeded,
    // The node itself.
    Internal,
}

/// One row of the table: how a refusal looks to each kind of visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Face {
    /// Stable, for programs: the `reason` of `google.rpc.ErrorInfo` and of the access log.
    pub reason: &'static str,
    pub http_status: u16,
    /// A Cloudflare-style error code, where one fits, for `cf-error-type`; the HTTP status otherwise.
    pub error_type: u16,
    pub grpc_status: Status,
    /// One sentence that says what to do, for people.
    pub sentence: &'static str,
    /// Whether the same request may succeed later without anybody changing anything.
    pub retry: bool,
}

impl Refusal {
    pub fn face(self) -> Face {
        match self {
            Self::OriginNotGrpc(status) => Face {
                grpc_status: grpc::from_http_status(status),
                retry: grpc::from_http_status(status) == Status::Unavailable,
                ..row(self)
            },
            Self::OriginResetWith(code) => Face {
                grpc_status: grpc::from_http2_error(code),
                retry: grpc::from_http2_error(code) == Status::Unavailable,
                ..row(self)
            },
            _ => row(self),
        }
    }
}

const fn face(
    reason: &'static str,
    http_status: u16,
    error_type: u16,
    grpc_status: Status,
    retry: bool,
    sentence: &'static str,
) -> Face {
    Face { reason, http_status, error_type, grpc_status, sentence, retry }
}

#[rustfmt::skip]
const fn row(refusal: Refusal) -> Face {
    use Refusal as R;
    use Status as S;
    match refusal {
        R::MalformedRequest         => face("MALFORMED_REQUEST",           400,  400, S::InvalidArgument,    false, "The request is malformed"),
        R::UnknownHost              => face("UNKNOWN_HOST",                404, 1001, S::NotFound,           false, "No zone or record of this edge has this host name"),
        R::DirectAddress            => face("DIRECT_ADDRESS",              403, 1003, S::NotFound,           false, "Direct access by IP address is not possible, use a host name"),
        R::Misdirected              => face("MISDIRECTED_REQUEST",         421, 1013, S::FailedPrecondition, false, "The host of the request belongs to another zone than the TLS server name, open a new connection"),
        R::MethodNotSupported       => face("METHOD_NOT_SUPPORTED",        405,  405, S::Unimplemented,      false, "The edge does not carry this HTTP method"),
        R::GrpcOverHttp1            => face("GRPC_OVER_HTTP1",             415,  415, S::FailedPrecondition, false, "gRPC needs HTTP/2, use an HTTP/2 connection"),
        R::HeadersTooLarge          => face("HEADERS_TOO_LARGE",           431,  431, S::ResourceExhausted,  false, "The header list is larger than the edge allows"),
        R::UploadTooLarge           => face("UPLOAD_TOO_LARGE",            413,  413, S::ResourceExhausted,  false, "The upload is larger than the zone allows (max_upload)"),
        R::WebSocketVersion         => face("WEBSOCKET_VERSION",           426,  426, S::FailedPrecondition, false, "The edge carries WebSockets of version 13 only"),
        R::TooManyStreams           => face("TOO_MANY_STREAMS",            503, 1200, S::ResourceExhausted,  true,  "Too many requests are in progress, try again shortly"),
        R::Loop                     => face("LOOP_DETECTED",               508, 1000, S::FailedPrecondition, false, "The request came back to the edge, point the record at the origin instead"),
        R::DnsOnly                  => face("DNS_ONLY",                    409, 1004, S::FailedPrecondition, false, "The record is DNS only, turn its proxy status on (orange cloud)"),
        R::Paused                   => face("ZONE_PAUSED",                 409, 1004, S::FailedPrecondition, false, "The zone is paused, resume it"),
        R::GrpcOff                  => face("GRPC_OFF",                    403,  403, S::PermissionDenied,   false, "gRPC is off for this zone, turn it on (Network > gRPC)"),
        R::Http2Off                 => face("HTTP2_OFF",                   505,  505, S::FailedPrecondition, false, "HTTP/2 is off for this zone, turn the http2 setting on"),
        R::WebSocketsOff            => face("WEBSOCKETS_OFF",              403,  403, S::PermissionDenied,   false, "WebSockets are off for this zone, turn them on (Network > WebSockets)"),
        R::HttpsOnly                => face("HTTPS_ONLY",                  403,  403, S::FailedPrecondition, false, "The zone always uses HTTPS, connect with TLS"),
        R::GrpcNeedsEncryptedOrigin => face("GRPC_NEEDS_ENCRYPTED_ORIGIN", 409,  409, S::FailedPrecondition, false, "gRPC needs an encrypted origin, set the SSL mode to full or strict"),
        R::PlainOriginUnderStrict   => face("PLAIN_ORIGIN_UNDER_STRICT",   409,  409, S::FailedPrecondition, false, "The SSL mode is strict but the record's origin protocol is not encrypted, change one of them"),
        R::OriginLimitedToHttp1     => face("ORIGIN_LIMITED_TO_HTTP1",     409,  409, S::FailedPrecondition, false, "gRPC needs HTTP/2 to the origin, set origin_max_http_version to 2"),
        R::OriginProtocolIsHttp1    => face("ORIGIN_PROTOCOL_IS_HTTP1",    409,  409, S::FailedPrecondition, false, "The record's origin protocol is http, gRPC needs auto, https, grpc or grpcs"),
        R::OriginProtocolIsGrpc     => face("ORIGIN_PROTOCOL_IS_GRPC",     409,  409, S::FailedPrecondition, false, "The record's origin protocol is grpc or grpcs, WebSockets need auto, http or https"),
        R::OriginNotResolved        => face("ORIGIN_NOT_RESOLVED",         530, 1016, S::Unavailable,        true,  "The name of the origin does not resolve"),
        R::OriginCnameLoop          => face("ORIGIN_CNAME_LOOP",           530, 1016, S::FailedPrecondition, false, "The CNAME records of the origin lead in a circle or too far"),
        R::OriginForbidden          => face("ORIGIN_FORBIDDEN",            403, 1000, S::FailedPrecondition, false, "The record points to an address that the edge may not connect to"),
        R::OriginRefused            => face("ORIGIN_REFUSED",              521,  521, S::Unavailable,        true,  "The origin refuses connections"),
        R::OriginConnectTimeout     => face("ORIGIN_CONNECT_TIMEOUT",      522,  522, S::Unavailable,        true,  "The connection to the origin timed out"),
        R::OriginUnreachable        => face("ORIGIN_UNREACHABLE",          523,  523, S::Unavailable,        true,  "The origin is not reachable"),
        R::OriginSilent             => face("ORIGIN_SILENT",               524,  524, S::Unavailable,        true,  "The origin accepts connections but does not answer"),
        R::OriginTlsFailed          => face("ORIGIN_TLS_FAILED",           525,  525, S::Unavailable,        true,  "The TLS handshake with the origin failed"),
        R::OriginCertificateInvalid => face("ORIGIN_CERTIFICATE_INVALID",  526,  526, S::Unavailable,        false, "The certificate of the origin is not valid for strict mode"),
        R::OriginWithoutHttp2       => face("ORIGIN_WITHOUT_HTTP2",        520,  520, S::FailedPrecondition, false, "The origin does not offer HTTP/2 (ALPN h2)"),
        R::OriginClosed             => face("ORIGIN_CLOSED",               520,  520, S::Unavailable,        true,  "The origin closed the connection before it answered"),
        R::OriginReset              => face("ORIGIN_RESET",                520,  520, S::Unavailable,        true,  "The origin cut the answer short"),
        R::OriginResetWith(_)       => face("ORIGIN_RESET",                520,  520, S::Unavailable,        true,  "The origin refused to answer the request"),
        R::OriginProtocolError      => face("ORIGIN_PROTOCOL_ERROR",       520,  520, S::Internal,           false, "The origin broke the HTTP protocol"),
        R::OriginTimeout            => face("ORIGIN_TIMEOUT",              524,  524, S::Unavailable,        true,  "The origin did not answer in time"),
        R::OriginEndedWithoutStatus => face("ORIGIN_ENDED_WITHOUT_STATUS", 520,  520, S::Unknown,            false, "The origin ended the answer without a gRPC status"),
        R::OriginNotGrpc(_)         => face("ORIGIN_NOT_GRPC",             502,  502, S::Unknown,            false, "The origin answered the gRPC call with something that is not gRPC"),
        R::DeadlineExceeded         => face("DEADLINE_EXCEEDED",           504,  504, S::DeadlineExceeded,   false, "The deadline of the call passed"),
        R::Internal                 => face("INTERNAL",                    500,  500, S::Internal,           false, "The edge failed, its log says more under this ray"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origins_http_status_decides_what_a_grpc_visitor_sees() {
        for (http, grpc) in [
            (400, 13),
            (401, 16),
            (403, 7),
            (404, 12),
            (429, 14),
            (502, 14),
            (503, 14),
            (504, 14),
            (200, 2),
            (521, 2),
        ] {
            assert_eq!(Refusal::OriginNotGrpc(http).face().grpc_status.code(), grpc, "{http}");
        }
    }

    #[test]
    fn a_reset_means_what_the_grpc_protocol_says() {
        for (error, grpc) in [(0, 13), (1, 13), (7, 14), (8, 1), (11, 8), (12, 7), (99, 13)] {
            let face = Refusal::OriginResetWith(error).face();
            assert_eq!((face.grpc_status.code(), face.retry), (grpc, grpc == 14), "{error}");
        }
    }

    #[test]
    fn only_statuses_that_clients_retry_are_called_retryable() {
        for refusal in [Refusal::OriginRefused, Refusal::OriginNotResolved, Refusal::OriginNotGrpc(503)] {
            assert_eq!(refusal.face().grpc_status, Status::Unavailable);
            assert!(refusal.face().retry);
        }
        assert!(!Refusal::GrpcOff.face().retry);
    }
}
