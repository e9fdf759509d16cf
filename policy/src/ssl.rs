//! The SSL/TLS mode of a zone: what the visitor leg and the origin leg must do.

use serde::{Deserialize, Serialize};

/// The mode as people choose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SslMode {
    /// No encryption: visitors who come by HTTPS are redirected to HTTP.
    Off,
    /// Visitors by HTTPS, the origin by plain HTTP.
    Flexible,
    /// Both legs encrypted; the origin's certificate is not checked.
    Full,
    /// Both legs encrypted; the origin's certificate must be valid for its name.
    Strict,
}

/// What the origin leg must do; derived from the mode, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OriginTls {
    Plain,
    /// TLS with whatever certificate the origin shows; SNI is sent.
    Encrypted,
    /// TLS with chain, name and dates checked.
    Verified,
}

impl SslMode {
    pub const ALL: [Self; 4] = [Self::Off, Self::Flexible, Self::Full, Self::Strict];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Flexible => "flexible",
            Self::Full => "full",
            Self::Strict => "strict",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }

    /// What a record with no wish of its own gets.
    pub fn origin_tls(self) -> OriginTls {
        match self {
            Self::Off | Self::Flexible => OriginTls::Plain,
            Self::Full => OriginTls::Encrypted,
            Self::Strict => OriginTls::Verified,
        }
    }

    /// gRPC is carried only where the origin leg is encrypted.
    pub fn carries_grpc(self) -> bool {
        matches!(self, Self::Full | Self::Strict)
    }
}
