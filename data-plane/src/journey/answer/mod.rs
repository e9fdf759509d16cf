//! Edge-made answers, in the visitor's dialect. No other file writes one.

mod details;
mod page;

use super::{
    head::{Head, Protocol},
    locate::Asked,
    ray::Ray,
    speak::Redirect,
};
use crate::origin::Failure;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use policy::{
    grpc::{self, Dialect, Status},
    refusal::{Face, Refusal},
    revision::Revision,
};
use std::sync::Arc;

/// Who answers, for error details.
#[derive(Debug, Clone)]
pub struct Signature {
    pub node: Arc<str>,
    pub ray: Ray,
    pub revision: Revision,
}

/// In which form a visitor can read an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    Grpc,
    Browser,
    Json,
    Plain,
}

impl Audience {
    /// A gRPC client over HTTP/1.1 cannot read gRPC answers: those need trailers.
    pub(super) fn of(head: &Head<'_>, accept: Option<&[u8]>) -> Self {
        if Dialect::of(head.content_type) == Dialect::Grpc {
            return if head.protocol == Protocol::Http2 { Self::Grpc } else { Self::Plain };
        }
        let accepts = |media: &str| accept.is_some_and(|accept| contains(accept, media.as_bytes()));
        if accepts("application/json") || accepts("application/problem+json") {
            Self::Json
        } else if accepts("text/html") {
            Self::Browser
        } else {
            Self::Plain
        }
    }
}

/// Says no. The body is whole; nothing means that the head is all.
pub(super) fn refuse(
    failure: &Failure,
    audience: Audience,
    host: &str,
    signature: &Signature,
) -> Response<Option<Bytes>> {
    let face = failure.refusal.face();
    let mut response = match audience {
        Audience::Grpc => return refuse_grpc(failure, signature),
        Audience::Browser => whole("text/html; charset=utf-8", page::html(&face, failure, signature)),
        Audience::Json => whole("application/problem+json", page::json(&face, failure, host, signature)),
        Audience::Plain => whole("text/plain; charset=utf-8", page::text(&face, failure)),
    };
    *response.status_mut() =
        StatusCode::from_u16(face.http_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    if matches!(failure.refusal, Refusal::MalformedRequest | Refusal::UploadTooLarge) {
        // What follows on a connection whose framing is doubtful must never be read as another request, and an upload that is
        // refused is not worth being read to its end.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if failure.refusal == Refusal::WebSocketVersion {
        // RFC 6455, 4.2.2, and RFC 9110, 15.5.22.
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("close, upgrade"));
    }
    sign(headers, &face, signature);
    response
}

/// Sends a visitor to the same place under another scheme.
///
/// A visitor who named a port comes to this node's own port for the other scheme, one who did not to the usual one.
pub(super) fn redirect(
    to: Redirect,
    asked: &Asked<'_>,
    path: &str,
    ports: Ports,
    signature: &Signature,
) -> Response<Option<Bytes>> {
    let (scheme, usual, own) = match to {
        Redirect::ToHttps => ("https", 443, ports.https),
        Redirect::ToHttp => ("http", 80, ports.http),
    };
    let port = match asked.port {
        Some(_) if own != usual => format!(":{own}"),
        Some(_) | None => String::new(),
    };
    let mut response = Response::new(Some(Bytes::new()));
    match HeaderValue::try_from(format!("{scheme}://{}{port}{path}", asked.host)) {
        Ok(location) => {
            *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
            response.headers_mut().insert(header::LOCATION, location);
        }
        Err(_) => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    response.headers_mut().insert("cf-ray", signature.ray.to_header());
    response
}

/// The ports that visitors reach this node by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    pub https: u16,
    pub http: u16,
}

/// Trailers that end a call which the origin left without an end.
pub(super) fn grpc_trailers(failure: &Failure, signature: &Signature) -> HeaderMap {
    let face = failure.refusal.face();
    let message = message(&face, failure);
    let mut trailers = HeaderMap::with_capacity(4);
    trailers.insert("grpc-status", status_value(face.grpc_status));
    if let Ok(encoded) = HeaderValue::try_from(grpc::encode_message(&message)) {
        trailers.insert("grpc-message", encoded);
    }
    let details = details::encode(&face, &message, signature);
    if let Ok(details) = HeaderValue::try_from(details) {
        trailers.insert("grpc-status-details-bin", details);
    }
    sign(&mut trailers, &face, signature);
    trailers
}

/// Trailers-only: HTTP 200 and everything else in one HEADERS frame.
fn refuse_grpc(failure: &Failure, signature: &Signature) -> Response<Option<Bytes>> {
    let mut response = Response::new(None);
    *response.headers_mut() = grpc_trailers(failure, signature);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

fn message(face: &Face, failure: &Failure) -> String {
    match &failure.detail {
        None => face.sentence.to_owned(),
        Some(detail) => format!("{}: {detail}", face.sentence),
    }
}

fn status_value(status: Status) -> HeaderValue {
    HeaderValue::from_static(status.as_str())
}

fn sign(headers: &mut HeaderMap, face: &Face, signature: &Signature) {
    headers.insert("cf-ray", signature.ray.to_header());
    headers.insert("cf-error-type", HeaderValue::from(face.error_type));
}

fn whole(content_type: &'static str, body: String) -> Response<Option<Bytes>> {
    let mut response = Response::new(Some(Bytes::from(body)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}
