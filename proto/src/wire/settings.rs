use super::error::{DecodeError, invalid, newer};
use crate::v1;
use policy::{
    settings::{
        Cipher, Ciphers, Edge, Hsts, MaxUpload, MinTlsVersion, OriginMaxHttpVersion, OriginStreams,
        ProxyReadTimeout, SecurityHeader, Settings, VisitorTls,
    },
    ssl::SslMode,
};

pub(super) fn to_proto(settings: &Settings) -> v1::Settings {
    v1::Settings {
        ssl: match settings.edge.ssl() {
            SslMode::Off => v1::SslMode::Off,
            SslMode::Flexible => v1::SslMode::Flexible,
            SslMode::Full => v1::SslMode::Full,
            SslMode::Strict => v1::SslMode::Strict,
        }
        .into(),
        grpc: settings.edge.grpc(),
        http2: settings.http2,
        min_tls_version: match settings.visitor_tls.min_version() {
            MinTlsVersion::V1_0 => v1::MinTlsVersion::MinTlsVersion10,
            MinTlsVersion::V1_1 => v1::MinTlsVersion::MinTlsVersion11,
            MinTlsVersion::V1_2 => v1::MinTlsVersion::MinTlsVersion12,
            MinTlsVersion::V1_3 => v1::MinTlsVersion::MinTlsVersion13,
        }
        .into(),
        always_use_https: settings.always_use_https,
        origin_max_http_version: match settings.origin_max_http_version {
            OriginMaxHttpVersion::Http1 => v1::OriginMaxHttpVersion::OriginMaxHttpVersion1,
            OriginMaxHttpVersion::Http2 => v1::OriginMaxHttpVersion::OriginMaxHttpVersion2,
        }
        .into(),
        visitor_tls: besides_default(settings, visitor_tls_to_proto),
        carriage: besides_default(settings, carriage_to_proto),
        headers: besides_default(settings, headers_to_proto),
    }
}

/// Whether the settings say something for which a node needs the feature `settings.2`.
pub(super) fn need_second_version(settings: &v1::Settings) -> bool {
    settings.visitor_tls.is_some() || settings.carriage.is_some() || settings.headers.is_some()
}

fn besides_default<T: PartialEq>(settings: &Settings, to_proto: fn(&Settings) -> T) -> Option<T> {
    Some(to_proto(settings)).filter(|part| *part != to_proto(&Settings::default()))
}

fn visitor_tls_to_proto(settings: &Settings) -> v1::VisitorTls {
    let tls = settings.visitor_tls;
    v1::VisitorTls {
        tls_1_3: tls.tls_1_3(),
        tls_1_2_only: tls.tls_1_2_only(),
        ciphers: tls.ciphers().iter().map(|cipher| cipher.number().into()).collect(),
    }
}

fn carriage_to_proto(settings: &Settings) -> v1::Carriage {
    v1::Carriage {
        websockets: settings.websockets,
        max_upload_megabytes: settings.max_upload.megabytes().into(),
        proxy_read_timeout_seconds: settings.proxy_read_timeout.seconds().into(),
        origin_h2_max_streams: settings.origin_h2_max_streams.count().into(),
    }
}

fn headers_to_proto(settings: &Settings) -> v1::Headers {
    v1::Headers {
        true_client_ip: settings.true_client_ip_header,
        ip_geolocation: settings.ip_geolocation,
        hsts: settings.security_header.hsts.map(|hsts| v1::Hsts {
            max_age_seconds: hsts.max_age_seconds,
            include_subdomains: hsts.include_subdomains,
            preload: hsts.preload,
        }),
        nosniff: settings.security_header.nosniff,
    }
}

pub(super) fn from_proto(settings: &v1::Settings) -> Result<Settings, DecodeError> {
    let default = Settings::default();
    let carriage = settings.carriage.unwrap_or_else(|| carriage_to_proto(&default));
    let headers = settings.headers.unwrap_or_else(|| headers_to_proto(&default));
    let out_of_range = |field: &str| invalid(&format!("carriage.{field}"), "is out of range");
    let max_upload = u16::try_from(carriage.max_upload_megabytes).ok().and_then(MaxUpload::from_megabytes);
    let read_timeout =
        u16::try_from(carriage.proxy_read_timeout_seconds).ok().and_then(ProxyReadTimeout::from_seconds);
    let streams = u16::try_from(carriage.origin_h2_max_streams).ok().and_then(OriginStreams::new);
    Ok(Settings {
        edge: Edge::new(ssl(settings)?, settings.grpc).map_err(|error| invalid("grpc", error))?,
        http2: settings.http2,
        websockets: carriage.websockets,
        visitor_tls: visitor_tls(settings)?,
        always_use_https: settings.always_use_https,
        security_header: security_header(&headers),
        max_upload: max_upload.ok_or_else(|| out_of_range("max_upload_megabytes"))?,
        proxy_read_timeout: read_timeout.ok_or_else(|| out_of_range("proxy_read_timeout_seconds"))?,
        origin_max_http_version: origin_max_http_version(settings)?,
        origin_h2_max_streams: streams.ok_or_else(|| out_of_range("origin_h2_max_streams"))?,
        true_client_ip_header: headers.true_client_ip,
        ip_geolocation: headers.ip_geolocation,
    })
}

fn visitor_tls(settings: &v1::Settings) -> Result<VisitorTls, DecodeError> {
    let min_version = min_tls_version(settings)?;
    let part = settings.visitor_tls.clone().unwrap_or_else(|| visitor_tls_to_proto(&Settings::default()));
    let ciphers = part.ciphers.iter().map(|number| {
        let cipher = u16::try_from(*number).ok().and_then(Cipher::from_number);
        cipher.ok_or_else(|| newer("visitor_tls.ciphers"))
    });
    let ciphers = Ciphers::new(ciphers.collect::<Result<Vec<_>, _>>()?)
        .ok_or_else(|| invalid("visitor_tls.ciphers", "may not be empty"))?;
    VisitorTls::new(min_version, part.tls_1_3, part.tls_1_2_only, ciphers)
        .map_err(|error| invalid("visitor_tls", error))
}

fn security_header(headers: &v1::Headers) -> SecurityHeader {
    let hsts = headers.hsts.map(|hsts| Hsts {
        max_age_seconds: hsts.max_age_seconds,
        include_subdomains: hsts.include_subdomains,
        preload: hsts.preload,
    });
    SecurityHeader { hsts, nosniff: headers.nosniff }
}

fn ssl(settings: &v1::Settings) -> Result<SslMode, DecodeError> {
    match settings.ssl.try_into() {
        Ok(v1::SslMode::Off) => Ok(SslMode::Off),
        Ok(v1::SslMode::Flexible) => Ok(SslMode::Flexible),
        Ok(v1::SslMode::Full) => Ok(SslMode::Full),
        Ok(v1::SslMode::Strict) => Ok(SslMode::Strict),
        Ok(v1::SslMode::Unspecified) | Err(_) => Err(newer("ssl")),
    }
}

fn min_tls_version(settings: &v1::Settings) -> Result<MinTlsVersion, DecodeError> {
    match settings.min_tls_version.try_into() {
        Ok(v1::MinTlsVersion::MinTlsVersion10) => Ok(MinTlsVersion::V1_0),
        Ok(v1::MinTlsVersion::MinTlsVersion11) => Ok(MinTlsVersion::V1_1),
        Ok(v1::MinTlsVersion::MinTlsVersion12) => Ok(MinTlsVersion::V1_2),
        Ok(v1::MinTlsVersion::MinTlsVersion13) => Ok(MinTlsVersion::V1_3),
        Ok(v1::MinTlsVersion::Unspecified) | Err(_) => Err(newer("min_tls_version")),
    }
}

fn origin_max_http_version(settings: &v1::Settings) -> Result<OriginMaxHttpVersion, DecodeError> {
    match settings.origin_max_http_version.try_into() {
        Ok(v1::OriginMaxHttpVersion::OriginMaxHttpVersion1) => Ok(OriginMaxHttpVersion::Http1),
        Ok(v1::OriginMaxHttpVersion::OriginMaxHttpVersion2) => Ok(OriginMaxHttpVersion::Http2),
        Ok(v1::OriginMaxHttpVersion::Unspecified) | Err(_) => Err(newer("origin_max_http_version")),
    }
}
