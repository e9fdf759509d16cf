use super::error::{DecodeError, invalid, newer};
use crate::v1;
use policy::{
    settings::{Edge, MinTlsVersion, OriginMaxHttpVersion, Settings},
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
        min_tls_version: match settings.min_tls_version {
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
    }
}

pub(super) fn from_proto(settings: &v1::Settings) -> Result<Settings, DecodeError> {
    Ok(Settings {
        edge: Edge::new(ssl(settings)?, settings.grpc).map_err(|error| invalid("grpc", error))?,
        http2: settings.http2,
        min_tls_version: min_tls_version(settings)?,
        always_use_https: settings.always_use_https,
        origin_max_http_version: origin_max_http_version(settings)?,
    })
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
