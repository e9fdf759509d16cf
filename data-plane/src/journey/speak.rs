//! What a request speaks, and whether the zone lets it be spoken.

use super::{
    Stop,
    head::{Arrival, Head, Protocol},
    locate::Located,
};
use policy::{grpc::Dialect, refusal::Refusal, settings::Settings, ssl::SslMode};

/// A located request in a dialect that its zone carries.
pub(super) struct Spoken<'z> {
    pub located: Located<'z>,
    pub dialect: Dialect,
}

/// Where a plain HTTP request is sent instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Redirect {
    ToHttps,
    ToHttp,
}

pub(super) fn speak<'z>(located: Located<'z>, head: &Head<'_>) -> Result<Spoken<'z>, Stop> {
    let dialect = Dialect::of(head.content_type);
    judge(&located.zone.zone.settings, dialect, head)?;
    Ok(Spoken { located, dialect })
}

fn judge(settings: &Settings, dialect: Dialect, head: &Head<'_>) -> Result<(), Stop> {
    let carried = head.method != "CONNECT" && head.method != "TRACE";
    match dialect {
        Dialect::Grpc if head.protocol == Protocol::Http1 => return Err(Refusal::GrpcOverHttp1.into()),
        Dialect::Grpc if head.method != "POST" => return Err(Refusal::MethodNotSupported.into()),
        Dialect::Grpc | Dialect::GrpcWeb | Dialect::Http if !carried => {
            return Err(Refusal::MethodNotSupported.into());
        }
        Dialect::Grpc | Dialect::GrpcWeb | Dialect::Http => {}
    }
    if head.protocol == Protocol::Http2 && !settings.http2 {
        return Err(Refusal::Http2Off.into());
    }
    if dialect == Dialect::Grpc {
        return judge_grpc(settings, head).map_err(Stop::from);
    }
    match (head.visitor.arrival, settings.edge.ssl()) {
        (Arrival::Tls { .. }, SslMode::Off) => Err(Stop::Redirect(Redirect::ToHttp)),
        (Arrival::Plain, SslMode::Flexible | SslMode::Full | SslMode::Strict)
            if settings.always_use_https =>
        {
            Err(Stop::Redirect(Redirect::ToHttps))
        }
        (Arrival::Tls { .. } | Arrival::Plain, _) => Ok(()),
    }
}

/// A gRPC client follows no redirect, so what redirects others refuses it in words.
fn judge_grpc(settings: &Settings, head: &Head<'_>) -> Result<(), Refusal> {
    let ssl = settings.edge.ssl();
    if head.visitor.arrival == Arrival::Plain && settings.always_use_https && ssl != SslMode::Off {
        return Err(Refusal::HttpsOnly);
    }
    if !settings.edge.grpc() {
        return Err(Refusal::GrpcOff);
    }
    if ssl.carries_grpc() { Ok(()) } else { Err(Refusal::GrpcNeedsEncryptedOrigin) }
}
