//! What happens to one request: `locate → speak → route → forward → answer`.
//!
//! Each stage consumes what the one before returned. The stages that decide read a borrowed [`head::Head`], whatever engine
//! read the request.

mod account;
mod answer;
mod body;
mod forward;
pub mod head;
mod headers;
mod locate;
mod loops;
mod ray;
mod reply;
mod route;
mod security_header;
mod speak;
mod websocket;

pub use answer::Ports;
pub use body::{BodyError, EdgeBody};
pub use ray::{Ray, Rays};
pub use websocket::Tunnel;

use crate::{
    current::{Current, LiveZone, Snapshot},
    geoip::Countries,
    origin::{Failure, Origins, Upload},
    telemetry::Telemetry,
};
use account::Account;
use answer::{Audience, Signature};
use forward::Arrived;
use head::{Framing, Head, NotOneHost, Offer, Protocol, Visitor};
use http::{HeaderMap, HeaderValue, Method, Response, Version, header, request::Parts};
use locate::Asked;
use policy::{grpc::Dialect, refusal::Refusal};
use reply::Reply;
use route::Routed;
use speak::Speech;
use std::sync::Arc;
use tokio::time::Instant;

/// All headers of one request together, as HTTP/2 counts them.
pub const HEADER_BYTES_MAX: usize = 64 << 10;

/// What one worker holds to serve requests.
pub struct Edge {
    pub node: Arc<str>,
    pub current: Arc<Current>,
    pub origins: Origins,
    pub countries: Option<Arc<Countries>>,
    pub telemetry: Arc<Telemetry>,
    pub rays: Rays,
    pub ports: Ports,
}

/// Why a journey ends before the origin.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stop {
    Refused(Failure),
    Redirect(speak::Redirect),
}

impl<F: Into<Failure>> From<F> for Stop {
    fn from(failure: F) -> Self {
        Self::Refused(failure.into())
    }
}

/// Where a request has come to.
pub struct Walked {
    pub response: Response<EdgeBody>,
    /// What the connection is to become once the visitor has read the response.
    pub tunnel: Option<Tunnel>,
}

impl From<Response<EdgeBody>> for Walked {
    fn from(response: Response<EdgeBody>) -> Self {
        Self { response, tunnel: None }
    }
}

/// The walk. It never fails: what goes wrong becomes an answer.
pub async fn walk(edge: &Edge, visitor: Visitor, parts: Parts, upload: Upload) -> Walked {
    let offer = websocket::offer(&parts);
    let mut walked = steps(edge, visitor, parts, upload, offer).await;
    if offer != Offer::Nothing && walked.tunnel.is_none() {
        // The visitor may have sent more in the belief that this is a WebSocket; it must never be read as another request.
        let close = HeaderValue::from_static("close");
        walked.response.headers_mut().entry(header::CONNECTION).or_insert(close);
    }
    walked
}

async fn steps(edge: &Edge, visitor: Visitor, parts: Parts, upload: Upload, offer: Offer) -> Walked {
    let at = Instant::now();
    let ray = edge.rays.next();
    let uri = parts.uri.clone();
    let host = parts.headers.get(header::HOST).cloned();
    let content_type = parts.headers.get(header::CONTENT_TYPE).cloned();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let method = parts.method.clone();
    let head = Head {
        visitor,
        protocol: if parts.version == Version::HTTP_2 { Protocol::Http2 } else { Protocol::Http1 },
        method: method.as_str(),
        authority: uri.authority().map(http::uri::Authority::as_str),
        host: one_host(&parts.headers, host.as_ref()),
        content_type: content_type.as_ref().map(HeaderValue::as_bytes),
        framing: framing(&parts.headers),
        offer,
        header_bytes: header_bytes(&parts.headers),
        passages: headers::passages(&parts.headers),
    };
    let audience = Audience::of(&head, parts.headers.get(header::ACCEPT).map(HeaderValue::as_bytes));
    let mut account = Account::open(Arc::clone(&edge.telemetry), &head, path, &ray, at);

    let snapshot = edge.current.load();
    let revision = snapshot.position().revision;
    account.decided_by(revision);
    let signature = Signature { node: Arc::clone(&edge.node), ray, revision };
    let head_only = method == Method::HEAD;
    let reply = Reply { edge, audience, path, head_only, signature: signature.clone() };
    let (asked, zone) = match find(&snapshot, &head, &mut account) {
        Ok(found) => found,
        Err((refusal, asked)) => return reply.stop(&refusal.into(), asked.as_ref(), account).into(),
    };
    let decided = decide(&snapshot, &zone, &asked, &head);
    drop(snapshot);
    let arrived = Arrived { parts, visitor, protocol: head.protocol, at };
    let answered = match decided {
        Ok(routed) => match routed.speech {
            Speech::Exchange(_) => {
                forward::forward(edge, &routed, arrived, upload, signature, account).await.map(Walked::from)
            }
            Speech::WebSocket => websocket::open(edge, &routed, arrived, upload, signature, account).await,
        },
        Err(stop) => Err((stop, account)),
    };
    let mut walked =
        answered.unwrap_or_else(|(stop, account)| reply.stop(&stop, Some(&asked), account).into());
    let dialect = Dialect::of(head.content_type);
    security_header::apply(walked.response.headers_mut(), &zone.zone.settings, visitor.arrival, dialect);
    walked
}

type Found<'a> = (Asked<'a>, Arc<LiveZone>);

fn find<'a>(
    snapshot: &Snapshot,
    head: &Head<'a>,
    account: &mut Account,
) -> Result<Found<'a>, (Refusal, Option<Asked<'a>>)> {
    let asked = locate::asked(head).map_err(|refusal| (refusal, None))?;
    account.asked_for(&asked.host);
    match locate::zone(snapshot, &asked, head.visitor.arrival) {
        Ok(zone) => {
            account.within(&zone);
            Ok((asked, zone))
        }
        Err(refusal) => Err((refusal, Some(asked))),
    }
}

fn decide<'z>(
    snapshot: &Snapshot,
    zone: &'z LiveZone,
    asked: &Asked<'_>,
    head: &Head<'_>,
) -> Result<Routed<'z>, Stop> {
    let located = locate::record(zone, asked)?;
    let spoken = speak::speak(located, head)?;
    Ok(route::route(snapshot, spoken, asked)?)
}

fn one_host<'a>(headers: &HeaderMap, first: Option<&'a HeaderValue>) -> Result<Option<&'a str>, NotOneHost> {
    if headers.get_all(header::HOST).iter().nth(1).is_some() {
        return Err(NotOneHost);
    }
    first.map(|host| host.to_str().map_err(|_| NotOneHost)).transpose()
}

fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum()
}

/// One length, or one `chunked`, never both (RFC 9112, 6.3).
fn framing(headers: &HeaderMap) -> Framing {
    let lengths = headers.get_all(header::CONTENT_LENGTH).iter().count();
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let clear = match (codings.next(), codings.next()) {
        (None, _) => lengths <= 1,
        (Some(coding), None) => lengths == 0 && coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    };
    if clear { Framing::Clear } else { Framing::Ambiguous }
}
