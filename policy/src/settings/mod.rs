//! The settings of a zone that a node enforces.

mod amount;
mod edge;
mod visitor_tls;

pub use amount::{MaxUpload, OriginStreams, ProxyReadTimeout};
pub use edge::{Edge, GrpcNeedsEncryptedOrigin};
pub use visitor_tls::{Cipher, Ciphers, MinTlsVersion, NoTlsVersion, TlsVersions, VisitorTls};

use serde::{Deserialize, Serialize};

/// The highest HTTP version that is spoken to origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OriginMaxHttpVersion {
    #[serde(rename = "1")]
    Http1,
    #[serde(rename = "2")]
    Http2,
}

/// What every answer over HTTPS tells browsers to insist on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct SecurityHeader {
    /// Strict-Transport-Security, absent if it is not sent.
    pub hsts: Option<Hsts>,
    /// `X-Content-Type-Options: nosniff`.
    pub nosniff: bool,
}

/// HTTP Strict Transport Security (RFC 6797, 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hsts {
    pub max_age_seconds: u32,
    pub include_subdomains: bool,
    pub preload: bool,
}

/// Everything a zone's owner chose for the whole zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Settings {
    pub edge: Edge,
    /// Whether visitors may use HTTP/2, without which gRPC is impossible.
    pub http2: bool,
    /// Whether visitors may upgrade to WebSocket.
    pub websockets: bool,
    pub visitor_tls: VisitorTls,
    /// Whether requests on the plain port are sent to HTTPS.
    pub always_use_https: bool,
    pub security_header: SecurityHeader,
    pub max_upload: MaxUpload,
    pub proxy_read_timeout: ProxyReadTimeout,
    pub origin_max_http_version: OriginMaxHttpVersion,
    pub origin_h2_max_streams: OriginStreams,
    /// Whether origins are told the visitor's address in `True-Client-IP` as well.
    pub true_client_ip_header: bool,
    /// Whether origins are told the visitor's country, where the node has a database of them.
    pub ip_geolocation: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            edge: Edge::default(),
            http2: true,
            websockets: true,
            visitor_tls: VisitorTls::default(),
            always_use_https: false,
            security_header: SecurityHeader::default(),
            max_upload: MaxUpload::default(),
            proxy_read_timeout: ProxyReadTimeout::default(),
            origin_max_http_version: OriginMaxHttpVersion::Http2,
            origin_h2_max_streams: OriginStreams::default(),
            true_client_ip_header: false,
            ip_geolocation: true,
        }
    }
}
