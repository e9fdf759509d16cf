//! From settings as they are chosen to settings as nodes enforce them.

use policy::{
    settings::{
        Ciphers, Edge, GrpcNeedsEncryptedOrigin, MaxUpload, MinTlsVersion, OriginMaxHttpVersion,
        OriginStreams, ProxyReadTimeout, SecurityHeader, Settings, VisitorTls,
    },
    ssl::SslMode,
};

/// What one setting asks of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforced {
    AlwaysUseHttps(bool),
    Ciphers(Ciphers),
    Grpc(bool),
    Http2(bool),
    IpGeolocation(bool),
    MaxUpload(MaxUpload),
    MinTlsVersion(MinTlsVersion),
    OriginH2MaxStreams(OriginStreams),
    OriginMaxHttpVersion(OriginMaxHttpVersion),
    ProxyReadTimeout(ProxyReadTimeout),
    SecurityHeader(SecurityHeader),
    Ssl(SslMode),
    Tls12Only(bool),
    Tls13(bool),
    TrueClientIpHeader(bool),
    Websockets(bool),
}

/// Settings that cannot stand beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    #[error(transparent)]
    Grpc(#[from] GrpcNeedsEncryptedOrigin),
    /// The lowest version is 1.3, which one of these forbids.
    #[error("no TLS version is left")]
    Tls { tls_1_3: bool, tls_1_2_only: bool },
}

/// `settings` with some of them changed. What constrains each other is judged by what it is in the end, so all of it can be
/// changed together in any order.
pub fn changed(
    mut settings: Settings,
    changes: impl IntoIterator<Item = Enforced>,
) -> Result<Settings, Impossible> {
    let (mut ssl, mut grpc) = (settings.edge.ssl(), settings.edge.grpc());
    let tls = settings.visitor_tls;
    let (mut min_tls_version, mut ciphers) = (tls.min_version(), tls.ciphers());
    let (mut tls_1_3, mut tls_1_2_only) = (tls.tls_1_3(), tls.tls_1_2_only());
    for change in changes {
        match change {
            Enforced::AlwaysUseHttps(on) => settings.always_use_https = on,
            Enforced::Ciphers(chosen) => ciphers = chosen,
            Enforced::Grpc(on) => grpc = on,
            Enforced::Http2(on) => settings.http2 = on,
            Enforced::IpGeolocation(on) => settings.ip_geolocation = on,
            Enforced::MaxUpload(size) => settings.max_upload = size,
            Enforced::MinTlsVersion(version) => min_tls_version = version,
            Enforced::OriginH2MaxStreams(count) => settings.origin_h2_max_streams = count,
            Enforced::OriginMaxHttpVersion(version) => settings.origin_max_http_version = version,
            Enforced::ProxyReadTimeout(timeout) => settings.proxy_read_timeout = timeout,
            Enforced::SecurityHeader(header) => settings.security_header = header,
            Enforced::Ssl(mode) => ssl = mode,
            Enforced::Tls12Only(on) => tls_1_2_only = on,
            Enforced::Tls13(on) => tls_1_3 = on,
            Enforced::TrueClientIpHeader(on) => settings.true_client_ip_header = on,
            Enforced::Websockets(on) => settings.websockets = on,
        }
    }
    settings.edge = Edge::new(ssl, grpc)?;
    settings.visitor_tls = VisitorTls::new(min_tls_version, tls_1_3, tls_1_2_only, ciphers)
        .map_err(|_| Impossible::Tls { tls_1_3, tls_1_2_only })?;
    Ok(settings)
}
