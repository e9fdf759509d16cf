//! The `origin` extension of a record: how its origin is reached.

use crate::api::{
    body::{Field, Whole},
    error::{ApiError, Result},
};
use policy::{
    hostname::Hostname,
    origin::{OriginProtocol, OriginSettings},
    ssl::SslMode,
};
use serde::Deserialize;
use utoipa::ToSchema;

/// Ours, and ignored by clients that do not know it. What is absent is as the zone's SSL mode says.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct OriginBody {
    /// 1 to 65535.
    #[serde(default)]
    #[schema(value_type = Option<u16>)]
    port: Field<Whole>,
    /// `auto`, `http`, `https`, `grpc` (plaintext HTTP/2) or `grpcs`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    protocol: Field<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    sni: Field<String>,
    /// A host, with or without a port.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    host_header: Field<String>,
}

/// Reads the extension as the zone's SSL mode permits it.
pub(super) fn origin(body: OriginBody) -> Result<OriginSettings> {
    let invalid = |field: &str, what: &str| {
        ApiError::invalid(format!("/origin/{field}"), format!("Invalid value for `origin.{field}`: {what}"))
    };
    let port = body.port.given().map(|Whole(port)| {
        u16::try_from(port).ok().filter(|port| *port > 0).ok_or_else(|| invalid("port", "it is 1 to 65535"))
    });
    let protocol = body.protocol.given().map(|text| {
        OriginProtocol::parse(&text)
            .ok_or_else(|| invalid("protocol", "it is auto, http, https, grpc or grpcs"))
    });
    let sni = body
        .sni
        .given()
        .map(|text| Hostname::parse(&text).map_err(|error| invalid("sni", &error.to_string())));
    let host = body.host_header.given().map(|text| {
        host_header(&text).ok_or_else(|| invalid("host_header", "it is a host, with or without a port"))
    });
    Ok(OriginSettings {
        port: port.transpose()?,
        protocol: protocol.transpose()?.unwrap_or_default(),
        sni: sni.transpose()?,
        host_header: host.transpose()?,
    })
}

/// Refuses plain protocols where the zone promises that every origin is verified.
pub(super) fn permitted(origin: &OriginSettings, mode: SslMode) -> Result<()> {
    if mode == SslMode::Strict && origin.protocol.is_plain() {
        let message = "Invalid value for `origin.protocol`: the zone's SSL mode is strict, under which no origin is reached in plain text; use https or grpcs, or change the setting `ssl`";
        return Err(ApiError::invalid("/origin/protocol", message));
    }
    Ok(())
}

fn host_header(text: &str) -> Option<String> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse::<u16>().ok().filter(|port| *port > 0)?)),
        None => (text, None),
    };
    let host = Hostname::parse(host).ok()?;
    Some(port.map_or_else(|| host.to_string(), |port| format!("{host}:{port}")))
}
