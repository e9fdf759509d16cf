//! What a request speaks, and whether the zone lets it be spoken.

use super::{
    Stop,
    head::{Arrival, Head, Offer, Protocol},
    locate::Located,
};
use crate::origin::Failure;
use policy::{grpc::Dialect, refusal::Refusal, settings::Settings, ssl::SslMode};

/// A located request that its zone carries.
pub(super) struct Spoken<'z> {
    pub located: Located<'z>,
    pub speech: Speech,
}

/// What is to happen between visitor and origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speech {
    /// One request and its answer.
    Exchange(Dialect),
    WebSocket,
}

impl Speech {
    /// A handshake, and what else an origin may answer to it, is plain HTTP.
    pub(super) fn dialect(self) -> Dialect {
        match self {
            Self::Exchange(dialect) => dialect,
            Self::WebSocket => Dialect::Http,
        }
    }
}

/// Where a plain HTTP request is sent instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Redirect {
    ToHttps,
    ToHttp,
}

pub(super) fn speak<'z>(located: Located<'z>, head: &Head<'_>) -> Result<Spoken<'z>, Stop> {
    let dialect = Dialect::of(head.content_type);
    let settings = &located.zone.zone.settings;
    judge(settings, dialect, head)?;
    let speech = match head.offer {
        Offer::Nothing => Speech::Exchange(dialect),
        Offer::WebSocket if settings.websockets => Speech::WebSocket,
        Offer::WebSocket => return Err(Refusal::WebSocketsOff.into()),
        Offer::OtherVersion => return Err(Refusal::WebSocketVersion.into()),
        Offer::Malformed(rule) => return Err(Failure::with(Refusal::MalformedRequest, rule).into()),
    };
    Ok(Spoken { located, speech })
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
