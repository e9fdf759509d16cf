//! WebSockets over HTTP/1.1 (RFC 6455): a handshake that both sides agree to, then bytes both ways.

use super::{
    Edge, Stop, Walked,
    account::Account,
    answer::Signature,
    body::EdgeBody,
    forward::{self, Arrived},
    head::Offer,
    headers,
    route::Routed,
};
use crate::{
    fields::names,
    origin::{Failure, Handshake, OriginSocket, Upload},
    telemetry::Outcome,
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version, header, request::Parts,
    response,
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use policy::refusal::Refusal;
use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
/// So much is held of each direction while its receiver does not take it.
const BUFFER_BYTES: usize = 16 << 10;

/// What a request says about becoming a WebSocket. Offers of anything else, and lists of several, are ignored, as any
/// server may (RFC 9110, 7.8), and never passed on.
pub(super) fn offer(parts: &Parts) -> Offer {
    let headers = &parts.headers;
    let offered =
        one(headers, &header::UPGRADE).is_some_and(|value| value.eq_ignore_ascii_case(b"websocket"));
    if !offered || parts.version != Version::HTTP_11 || !names(headers, &header::CONNECTION, "upgrade") {
        return Offer::Nothing;
    }
    if parts.method != Method::GET {
        return Offer::Malformed("a WebSocket handshake is a GET");
    }
    if has_body(headers) {
        return Offer::Malformed("a WebSocket handshake has no body");
    }
    if one(headers, &header::SEC_WEBSOCKET_VERSION) != Some(b"13") {
        return Offer::OtherVersion;
    }
    match one(headers, &header::SEC_WEBSOCKET_KEY) {
        Some(key) if is_key(key) => Offer::WebSocket,
        Some(_) | None => Offer::Malformed("the key of a WebSocket handshake is 16 bytes in Base64"),
    }
}

/// Java's and Dart's clients say expressly that there is none.
fn has_body(headers: &HeaderMap) -> bool {
    let empty = one(headers, &header::CONTENT_LENGTH) == Some(b"0");
    headers.contains_key(header::TRANSFER_ENCODING) || headers.contains_key(header::CONTENT_LENGTH) && !empty
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first.as_bytes())
}

fn is_key(key: &[u8]) -> bool {
    let digits = key.strip_suffix(b"==").unwrap_or_default();
    digits.len() == 22
        && digits.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

/// Takes a handshake to the origin. The visitor's protocol is switched only if the origin's was.
pub(super) async fn open(
    edge: &Edge,
    routed: &Routed<'_>,
    mut arrived: Arrived,
    upload: Upload,
    signature: Signature,
    account: Account,
) -> Result<Walked, (Stop, Account)> {
    let Some(visitor) = arrived.parts.extensions.remove::<OnUpgrade>() else {
        return Err((Refusal::Internal.into(), account));
    };
    match shake_hands(edge, routed, arrived, &upload, &signature).await {
        Ok(Handshake::Accepted(head, origin)) => Ok(accepted(*head, visitor, origin, &signature, account)),
        Ok(Handshake::Declined(answer)) => {
            Ok(forward::deliver(answer, routed, None, upload, signature, account).into())
        }
        Err(failure) => Err((Stop::Refused(failure), account)),
    }
}

async fn shake_hands(
    edge: &Edge,
    routed: &Routed<'_>,
    arrived: Arrived,
    upload: &Upload,
    signature: &Signature,
) -> Result<Handshake, Failure> {
    let key =
        arrived.parts.headers.get(header::SEC_WEBSOCKET_KEY).cloned().ok_or(Refusal::MalformedRequest)?;
    let mut question = forward::question(edge, arrived, routed, None, signature)?;
    question.headers.remove(header::CONTENT_LENGTH);
    // Whatever `Connection` named is gone by now; these are the handshake's own.
    question.headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    question.headers.insert(header::UPGRADE, WEBSOCKET);
    question.headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    question.headers.insert(header::SEC_WEBSOCKET_KEY, key);
    edge.origins.shake_hands(&routed.goal, &question, upload).await
}

fn accepted(
    head: response::Parts,
    visitor: OnUpgrade,
    origin: OriginSocket,
    signature: &Signature,
    mut account: Account,
) -> Walked {
    let mut headers = head.headers;
    // The origin proved that it saw the visitor's key, and so it says the same to the visitor.
    let accept = headers.get(header::SEC_WEBSOCKET_ACCEPT).cloned();
    headers::for_visitor(&mut headers, &signature.ray);
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, WEBSOCKET);
    if let Some(accept) = accept {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    account.answered(StatusCode::SWITCHING_PROTOCOLS, Outcome::Carried);
    let tunnel = Tunnel { visitor, origin, account: account.hand_over() };
    let mut response = Response::new(EdgeBody::whole(None, account));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.headers_mut() = headers;
    Walked { response, tunnel: Some(tunnel) }
}

/// A WebSocket that both sides agreed to, once the visitor has been told.
pub struct Tunnel {
    visitor: OnUpgrade,
    origin: OriginSocket,
    account: Account,
}

impl Tunnel {
    /// Carries bytes until both sides have ended, one of them fails, neither says anything for `idle_timeout`, or the node ends.
    /// To be called when the connection that carried the handshake is done.
    pub async fn carry(self, idle_timeout: Duration, ended: &CancellationToken) {
        let Self { visitor, origin, mut account } = self;
        let Ok(visitor) = visitor.await else { return account.left() };
        let traffic = Traffic::new(account);
        tokio::select! {
            () = relay(TokioIo::new(visitor), TokioIo::new(origin.io), &traffic) => {}
            () = traffic.silence(idle_timeout) => {}
            () = ended.cancelled() => {}
        }
    }
}

/// Bytes that were handed on, and when the last were. They are told when it is dropped, however the WebSocket ends.
struct Traffic {
    account: Account,
    up: AtomicU64,
    down: AtomicU64,
    began: Instant,
    last_millis: AtomicU64,
}

impl Traffic {
    fn new(account: Account) -> Self {
        account.telemetry().metrics.websockets.increment(1.0);
        let began = Instant::now();
        let (up, down, last_millis) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        Self { account, up, down, began, last_millis }
    }

    fn carried(&self, direction: &AtomicU64, bytes: usize) {
        direction.fetch_add(bytes as u64, Ordering::Relaxed);
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_millis.store(millis, Ordering::Relaxed);
    }

    /// Ends when nothing was carried for so long.
    async fn silence(&self, longest: Duration) {
        loop {
            let last = self.last_millis.load(Ordering::Relaxed);
            sleep_until(self.began + Duration::from_millis(last) + longest).await;
            if self.last_millis.load(Ordering::Relaxed) == last {
                return;
            }
        }
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.account.telemetry().metrics.websockets.decrement(1.0);
        self.account.carried_up(*self.up.get_mut());
        self.account.carried_down(*self.down.get_mut());
    }
}

/// Each direction ends on its own, as TCP allows; a failure of one ends both.
async fn relay<V, O>(visitor: V, origin: O, traffic: &Traffic)
where
    V: AsyncRead + AsyncWrite,
    O: AsyncRead + AsyncWrite,
{
    let (from_visitor, to_visitor) = split(visitor);
    let (from_origin, to_origin) = split(origin);
    // Why a side broke off is theirs to know.
    let _ = tokio::try_join!(
        copy(from_visitor, to_origin, |bytes| traffic.carried(&traffic.up, bytes)),
        copy(from_origin, to_visitor, |bytes| traffic.carried(&traffic.down, bytes)),
    );
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    carried: impl Fn(usize),
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..read]).await?;
        to.flush().await?;
        carried(read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    const HANDSHAKE: [(&str, &str); 4] = [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    /// The handshake with one header replaced, added (an unknown name) or taken away (an empty value).
    fn offered(method: &str, name: &str, value: &str) -> Offer {
        let mut request = Request::builder().method(method);
        for (known, usual) in HANDSHAKE.iter().filter(|(known, _)| *known != name) {
            request = request.header(*known, *usual);
        }
        if !value.is_empty() {
            request = request.header(name, value);
        }
        offer(&request.body(()).expect("a request").into_parts().0)
    }

    #[test]
    fn a_handshake_is_what_the_specification_says() {
        assert_eq!(offered("GET", "x", "1"), Offer::WebSocket);
        assert_eq!(offered("GET", "content-length", "0"), Offer::WebSocket);
        for (name, value) in [
            ("upgrade", ""),
            ("upgrade", "h2c"),
            ("upgrade", "websocket, h2c"),
            ("upgrade", "TLS/1.2"),
            ("connection", ""),
            ("connection", "close"),
        ] {
            assert_eq!(offered("GET", name, value), Offer::Nothing, "{name}: {value}");
        }
        for (name, value) in [
            ("content-length", "00"),
            ("content-length", "5"),
            ("transfer-encoding", "chunked"),
            ("sec-websocket-key", ""),
            ("sec-websocket-key", "c2hvcnQ="),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25j!Q=="),
        ] {
            assert!(matches!(offered("GET", name, value), Offer::Malformed(_)), "{name}: {value}");
        }
        assert!(matches!(offered("POST", "x", "1"), Offer::Malformed(_)));
        for version in ["", "8", "13, 8"] {
            assert_eq!(offered("GET", "sec-websocket-version", version), Offer::OtherVersion, "{version}");
        }
    }
}
