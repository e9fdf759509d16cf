//! What accepted values ask of nodes. Each answers `None` for what its setting does not accept.

use super::Enforced;
use crate::whole::whole;
use policy::{
    settings::{
        Cipher, Ciphers, Hsts, MaxUpload, MinTlsVersion, OriginMaxHttpVersion, OriginStreams,
        ProxyReadTimeout, SecurityHeader,
    },
    ssl::SslMode,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

pub(super) fn always_use_https(value: &Value) -> Option<Enforced> {
    switch(value).map(Enforced::AlwaysUseHttps)
}

/// An empty list means all. Names that nodes lack are passed over, unless no other is left.
pub(super) fn ciphers(value: &Value) -> Option<Enforced> {
    let names: Vec<String> = typed(value)?;
    if names.is_empty() {
        return Some(Enforced::Ciphers(Ciphers::ALL));
    }
    Ciphers::new(names.iter().filter_map(|name| Cipher::parse(name))).map(Enforced::Ciphers)
}

pub(super) fn grpc(value: &Value) -> Option<Enforced> {
    switch(value).map(Enforced::Grpc)
}

pub(super) fn http2(value: &Value) -> Option<Enforced> {
    switch(value).map(Enforced::Http2)
}

pub(super) fn ip_geolocation(value: &Value) -> Option<Enforced> {
    switch(value).map(Enforced::IpGeolocation)
}

pub(super) fn max_upload(value: &Value) -> Option<Enforced> {
    MaxUpload::from_megabytes(amount(value)?).map(Enforced::MaxUpload)
}

pub(super) fn min_tls_version(value: &Value) -> Option<Enforced> {
    typed::<MinTlsVersion>(value).map(Enforced::MinTlsVersion)
}

pub(super) fn origin_h2_max_streams(value: &Value) -> Option<Enforced> {
    OriginStreams::new(amount(value)?).map(Enforced::OriginH2MaxStreams)
}

pub(super) fn origin_max_http_version(value: &Value) -> Option<Enforced> {
    typed::<OriginMaxHttpVersion>(value).map(Enforced::OriginMaxHttpVersion)
}

pub(super) fn proxy_read_timeout(value: &Value) -> Option<Enforced> {
    ProxyReadTimeout::from_seconds(amount(value)?).map(Enforced::ProxyReadTimeout)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SecurityHeaders {
    strict_transport_security: StrictTransportSecurity,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StrictTransportSecurity {
    enabled: bool,
    max_age: u32,
    include_subdomains: bool,
    preload: bool,
    nosniff: bool,
}

/// `nosniff` is a header of its own and does not need the other to be enabled.
pub(super) fn security_header(value: &Value) -> Option<Enforced> {
    let sent = typed::<SecurityHeaders>(value)?.strict_transport_security;
    let hsts = Hsts {
        max_age_seconds: sent.max_age,
        include_subdomains: sent.include_subdomains,
        preload: sent.preload,
    };
    let hsts = sent.enabled.then_some(hsts);
    Some(Enforced::SecurityHeader(SecurityHeader { hsts, nosniff: sent.nosniff }))
}

pub(super) fn ssl(value: &Value) -> Option<Enforced> {
    SslMode::parse(value.as_str()?).map(Enforced::Ssl)
}

pub(super) fn tls_1_2_only(value: &Value) -> Option<Enforced> {
    switch(value).map(Enforced::Tls12Only)
}

/// `zrt` asks for early data too, which nodes never take.
pub(super) fn tls_1_3(value: &Value) -> Option<Enforced> {
    if value == "zrt" { Some(Enforced::Tls13(true)) } else { switch(value).map(Enforced::Tls13) }
}

pub(super) fn true_client_ip_header(value: &Value) -> Option<Enforced> {
    switch(value).map(Enforced::TrueClientIpHeader)
}

pub(super) fn websockets(value: &Value) -> Option<Enforced> {
    switch(value).map(Enforced::Websockets)
}

fn switch(value: &Value) -> Option<bool> {
    match value.as_str()? {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

fn amount(value: &Value) -> Option<u16> {
    whole(value)?.try_into().ok()
}

fn typed<T: DeserializeOwned>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}
