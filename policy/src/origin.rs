//! How an origin is reached: the record's own wishes and the zone's SSL mode become one leg.

use crate::{
    grpc::Dialect,
    hostname::Hostname,
    refusal::Refusal,
    settings::{OriginMaxHttpVersion, Settings},
    ssl::{OriginTls, SslMode},
};
use serde::{Deserialize, Serialize};

/// What the origin behind a record speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OriginProtocol {
    /// What the zone's SSL mode says.
    #[default]
    Auto,
    /// Plain HTTP/1.1.
    Http,
    /// TLS, HTTP/2 or HTTP/1.1.
    Https,
    /// Plain HTTP/2 with prior knowledge (h2c).
    Grpc,
    /// TLS and HTTP/2.
    Grpcs,
}

impl OriginProtocol {
    pub const ALL: [Self; 5] = [Self::Auto, Self::Http, Self::Https, Self::Grpc, Self::Grpcs];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Http => "http",
            Self::Https => "https",
            Self::Grpc => "grpc",
            Self::Grpcs => "grpcs",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == text)
    }

    /// Whether the origin leg is plain text whatever the SSL mode says.
    pub fn is_plain(self) -> bool {
        matches!(self, Self::Http | Self::Grpc)
    }
}

/// The `origin` extension of a record. The default is what a record without it has.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct OriginSettings {
    /// 80 for plain and 443 for encrypted origins if absent.
    pub port: Option<u16>,
    pub protocol: OriginProtocol,
    /// The visitor's host if absent.
    pub sni: Option<Hostname>,
    /// A host, with or without a port; the visitor's `:authority` if absent.
    pub host_header: Option<String>,
}

/// What is to be spoken on the origin leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OriginHttp {
    Http1,
    /// HTTP/2 or nothing: by ALPN over TLS, by prior knowledge without.
    Http2,
    /// HTTP/2 if the origin offers it through ALPN, HTTP/1.1 otherwise.
    Negotiated,
}

/// One way to an origin, ready to be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Leg {
    pub tls: OriginTls,
    pub http: OriginHttp,
    pub port: u16,
}

/// Decides how to reach the origin of a proxied name.
///
/// # Errors
///
/// The refusal that stands in the way: the SSL mode, the record's protocol or the zone's HTTP version.
pub fn leg(settings: &Settings, origin: &OriginSettings, dialect: Dialect) -> Result<Leg, Refusal> {
    let tls = encryption(settings, origin.protocol)?;
    let http = match dialect {
        Dialect::Grpc => grpc_http(settings, origin.protocol)?,
        Dialect::GrpcWeb | Dialect::Http => plain_http(settings, origin.protocol, tls),
    };
    Ok(Leg { tls, http, port: port(origin, tls) })
}

/// The same for a WebSocket, which is HTTP/1.1 whatever the origin could speak besides (RFC 6455, 4.1).
///
/// # Errors
///
/// The refusal that stands in the way: the SSL mode, or a record whose origin speaks gRPC alone.
pub fn websocket_leg(settings: &Settings, origin: &OriginSettings) -> Result<Leg, Refusal> {
    let tls = encryption(settings, origin.protocol)?;
    match origin.protocol {
        OriginProtocol::Grpc | OriginProtocol::Grpcs => Err(Refusal::OriginProtocolIsGrpc),
        OriginProtocol::Auto | OriginProtocol::Http | OriginProtocol::Https => {
            Ok(Leg { tls, http: OriginHttp::Http1, port: port(origin, tls) })
        }
    }
}

fn encryption(settings: &Settings, protocol: OriginProtocol) -> Result<OriginTls, Refusal> {
    let mode = settings.edge.ssl();
    if mode == SslMode::Strict && protocol.is_plain() {
        return Err(Refusal::PlainOriginUnderStrict);
    }
    Ok(match protocol {
        OriginProtocol::Auto => mode.origin_tls(),
        OriginProtocol::Http | OriginProtocol::Grpc => OriginTls::Plain,
        OriginProtocol::Https | OriginProtocol::Grpcs if mode == SslMode::Strict => OriginTls::Verified,
        OriginProtocol::Https | OriginProtocol::Grpcs => OriginTls::Encrypted,
    })
}

fn port(origin: &OriginSettings, tls: OriginTls) -> u16 {
    origin.port.unwrap_or(if tls == OriginTls::Plain { 80 } else { 443 })
}

fn grpc_http(settings: &Settings, protocol: OriginProtocol) -> Result<OriginHttp, Refusal> {
    if !settings.edge.ssl().carries_grpc() {
        return Err(Refusal::GrpcNeedsEncryptedOrigin);
    }
    if settings.origin_max_http_version == OriginMaxHttpVersion::Http1 {
        return Err(Refusal::OriginLimitedToHttp1);
    }
    if protocol == OriginProtocol::Http {
        return Err(Refusal::OriginProtocolIsHttp1);
    }
    Ok(OriginHttp::Http2)
}

fn plain_http(settings: &Settings, protocol: OriginProtocol, tls: OriginTls) -> OriginHttp {
    match (protocol, tls, settings.origin_max_http_version) {
        (OriginProtocol::Grpc | OriginProtocol::Grpcs, _, _) => OriginHttp::Http2,
        (_, OriginTls::Plain, _) | (_, _, OriginMaxHttpVersion::Http1) => OriginHttp::Http1,
        (_, OriginTls::Encrypted | OriginTls::Verified, OriginMaxHttpVersion::Http2) => {
            OriginHttp::Negotiated
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Edge;

    fn settings(mode: SslMode) -> Settings {
        Settings { edge: Edge::new(mode, mode.carries_grpc()).expect("a valid pair"), ..Default::default() }
    }

    fn origin(protocol: OriginProtocol) -> OriginSettings {
        OriginSettings { protocol, ..Default::default() }
    }

    #[test]
    fn the_ssl_mode_decides_for_records_without_a_wish() {
        for (mode, tls, http, port) in [
            (SslMode::Off, OriginTls::Plain, OriginHttp::Http1, 80),
            (SslMode::Flexible, OriginTls::Plain, OriginHttp::Http1, 80),
            (SslMode::Full, OriginTls::Encrypted, OriginHttp::Negotiated, 443),
            (SslMode::Strict, OriginTls::Verified, OriginHttp::Negotiated, 443),
        ] {
            assert_eq!(
                leg(&settings(mode), &OriginSettings::default(), Dialect::Http),
                Ok(Leg { tls, http, port })
            );
        }
    }

    #[test]
    fn grpc_is_http2_or_nothing() {
        let full = settings(SslMode::Full);
        let encrypted = Leg { tls: OriginTls::Encrypted, http: OriginHttp::Http2, port: 443 };
        let h2c = Leg { tls: OriginTls::Plain, http: OriginHttp::Http2, port: 80 };
        assert_eq!(leg(&full, &origin(OriginProtocol::Auto), Dialect::Grpc), Ok(encrypted));
        assert_eq!(leg(&full, &origin(OriginProtocol::Grpcs), Dialect::Grpc), Ok(encrypted));
        assert_eq!(leg(&full, &origin(OriginProtocol::Grpc), Dialect::Grpc), Ok(h2c));
        assert_eq!(
            leg(&full, &origin(OriginProtocol::Http), Dialect::Grpc),
            Err(Refusal::OriginProtocolIsHttp1)
        );
        let flexible = settings(SslMode::Flexible);
        assert_eq!(
            leg(&flexible, &origin(OriginProtocol::Auto), Dialect::Grpc),
            Err(Refusal::GrpcNeedsEncryptedOrigin)
        );
        let http1 = Settings { origin_max_http_version: OriginMaxHttpVersion::Http1, ..full };
        assert_eq!(
            leg(&http1, &origin(OriginProtocol::Auto), Dialect::Grpc),
            Err(Refusal::OriginLimitedToHttp1)
        );
    }

    #[test]
    fn strict_never_reaches_a_plain_origin() {
        for protocol in OriginProtocol::ALL {
            let leg = leg(&settings(SslMode::Strict), &origin(protocol), Dialect::Http);
            assert_eq!(leg.is_err(), protocol.is_plain(), "{protocol:?}");
            assert!(leg.is_err() || leg.is_ok_and(|leg| leg.tls == OriginTls::Verified));
        }
    }

    #[test]
    fn a_websocket_is_http1_or_nothing() {
        for (mode, tls, port) in [
            (SslMode::Flexible, OriginTls::Plain, 80),
            (SslMode::Full, OriginTls::Encrypted, 443),
            (SslMode::Strict, OriginTls::Verified, 443),
        ] {
            let leg = Leg { tls, http: OriginHttp::Http1, port };
            assert_eq!(websocket_leg(&settings(mode), &OriginSettings::default()), Ok(leg));
        }
        for protocol in [OriginProtocol::Grpc, OriginProtocol::Grpcs] {
            let leg = websocket_leg(&settings(SslMode::Full), &origin(protocol));
            assert_eq!(leg, Err(Refusal::OriginProtocolIsGrpc));
        }
        let plain = websocket_leg(&settings(SslMode::Strict), &origin(OriginProtocol::Http));
        assert_eq!(plain, Err(Refusal::PlainOriginUnderStrict));
    }

    #[test]
    fn the_record_decides_the_port() {
        let origin = OriginSettings { port: Some(50051), ..Default::default() };
        assert_eq!(leg(&settings(SslMode::Full), &origin, Dialect::Grpc).map(|leg| leg.port), Ok(50051));
    }
}
