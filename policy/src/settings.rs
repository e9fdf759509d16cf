//! The settings of a zone that a node enforces.

use crate::ssl::SslMode;
use serde::{Deserialize, Serialize};

/// SSL mode and gRPC toggle together, since they constrain each other. The pair is only valid as made by [`Edge::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Edge {
    ssl: SslMode,
    grpc: bool,
}

/// gRPC was asked for under a mode that leaves the origin leg unencrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("gRPC needs an encrypted origin: SSL mode is {}, it must be full or strict while gRPC is on", .0.as_str())]
pub struct GrpcNeedsEncryptedOrigin(pub SslMode);

impl Edge {
    pub fn new(ssl: SslMode, grpc: bool) -> Result<Self, GrpcNeedsEncryptedOrigin> {
        if grpc && !ssl.carries_grpc() { Err(GrpcNeedsEncryptedOrigin(ssl)) } else { Ok(Self { ssl, grpc }) }
    }

    pub fn ssl(self) -> SslMode {
        self.ssl
    }

    pub fn grpc(self) -> bool {
        self.grpc
    }
}

impl Default for Edge {
    fn default() -> Self {
        Self { ssl: SslMode::Full, grpc: false }
    }
}

/// The lowest TLS version a visitor may use. Versions below 1.2 can be stored, and mean 1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MinTlsVersion {
    #[serde(rename = "1.0")]
    V1_0,
    #[serde(rename = "1.1")]
    V1_1,
    #[serde(rename = "1.2")]
    V1_2,
    #[serde(rename = "1.3")]
    V1_3,
}

/// The highest HTTP version that is spoken to origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OriginMaxHttpVersion {
    #[serde(rename = "1")]
    Http1,
    #[serde(rename = "2")]
    Http2,
}

/// Everything a zone's owner chose for the whole zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Settings {
    pub edge: Edge,
    /// Whether visitors may use HTTP/2, without which gRPC is impossible.
    pub http2: bool,
    pub min_tls_version: MinTlsVersion,
    /// Whether requests on the plain port are sent to HTTPS.
    pub always_use_https: bool,
    pub origin_max_http_version: OriginMaxHttpVersion,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            edge: Edge::default(),
            http2: true,
            min_tls_version: MinTlsVersion::V1_0,
            always_use_https: false,
            origin_max_http_version: OriginMaxHttpVersion::Http2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_can_be_on_only_where_the_origin_leg_is_encrypted() {
        for mode in SslMode::ALL {
            assert!(Edge::new(mode, false).is_ok());
            assert_eq!(
                Edge::new(mode, true).is_ok(),
                matches!(mode, SslMode::Full | SslMode::Strict),
                "{mode:?}"
            );
        }
    }
}
