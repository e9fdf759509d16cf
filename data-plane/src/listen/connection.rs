//! One visitor's connection, from its first byte to its last.

use super::{
    Door, Phases,
    frame_guard::FrameGuard,
    proxy_protocol,
    tls::{NotGreeted, greet},
    worker::Handed,
};
use crate::{
    journey::{
        self, BodyError, Edge, EdgeBody, Tunnel,
        head::{Arrival, Visitor},
    },
    origin::Upload,
    tcp,
};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use ipnet::IpNet;
use std::{
    convert::Infallible,
    net::IpAddr,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, sleep_until, timeout_at},
};

/// A stream may have so much in flight that no origin has taken yet.
const STREAM_WINDOW_BYTES: u32 = 256 << 10;
/// As much as 256 streams can use, so that no number of slow origins stalls a visitor's other calls. Half of it is the
/// budget of h2 for small DATA frames that wait to be read, beyond which it ends the connection.
const CONNECTION_WINDOW_BYTES: u32 = 64 << 20;
/// What may wait to be sent on one stream.
const SEND_BUFFER_BYTES: usize = 128 << 10;
/// Twice what a request may have, so that one that is too large is refused in words and not by ending the connection.
const HEADER_LIST_BYTES_MAX: u32 = 2 * journey::HEADER_BYTES_MAX as u32;
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// Streams that a visitor opened and reset before they were looked at (CVE-2023-44487).
const PENDING_RESETS_MAX: usize = 20;
/// Streams that we had to reset because of a visitor's errors (CVE-2025-8671), in the life of a connection.
const LOCAL_RESETS_MAX: usize = 1024;

#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    pub handshake_timeout: Duration,
    pub idle_timeout: Duration,
    pub streams_max: u32,
    /// Who speaks the PROXY protocol.
    pub proxies: Vec<IpNet>,
}

/// What all connections of a worker share.
pub(super) struct Server {
    edge: Arc<Edge>,
    limits: ConnectionLimits,
    phases: Phases,
    either: auto::Builder<TokioExecutor>,
    http2: auto::Builder<TokioExecutor>,
    http1: http1::Builder,
}

impl Server {
    pub(super) fn new(edge: Arc<Edge>, limits: ConnectionLimits, phases: Phases) -> Self {
        let either = builder(&limits);
        let (http1, http2) = (http1_builder(&limits), either.clone().http2_only());
        Self { edge, limits, phases, either, http2, http1 }
    }
}

fn http1_builder(limits: &ConnectionLimits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // It runs while a connection is idle as well; the first head has less time, see `watch`.
        .header_read_timeout(limits.idle_timeout)
        .max_buf_size(HEADER_LIST_BYTES_MAX as usize);
    builder
}

fn builder(limits: &ConnectionLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle_timeout)
        .max_buf_size(HEADER_LIST_BYTES_MAX as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(SEND_BUFFER_BYTES)
        .max_concurrent_streams(limits.streams_max)
        .max_header_list_size(HEADER_LIST_BYTES_MAX)
        .max_pending_accept_reset_streams(PENDING_RESETS_MAX)
        .max_local_error_reset_streams(LOCAL_RESETS_MAX)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_INTERVAL)
        .auto_date_header(false);
    builder
}

/// Serves a visitor until they leave, fall silent, or the node ends.
pub(super) async fn serve(server: &Server, handed: Handed) {
    let Handed { stream, peer, door, place } = handed;
    let Ok(stream) = TcpStream::from_std(stream) else { return };
    tcp::tune(&stream);
    let metrics = &server.edge.telemetry.metrics;
    metrics.visitor_connections.increment(1.0);
    if let Err(reason) = serve_visitor(server, stream, peer.ip().to_canonical(), door).await {
        metrics.handshake_refused(reason);
    }
    metrics.visitor_connections.decrement(1.0);
    drop(place);
}

/// # Errors
///
/// Why the visitor did not come as far as a request.
async fn serve_visitor(
    server: &Server,
    stream: TcpStream,
    peer: IpAddr,
    door: Door,
) -> Result<(), &'static str> {
    let deadline = Instant::now() + server.limits.handshake_timeout;
    let mut stream = stream;
    let mut address = peer;
    if server.limits.proxies.iter().any(|net| net.contains(&peer)) {
        let told =
            timeout_at(deadline, proxy_protocol::read(&mut stream)).await.map_err(|_| "handshake_timeout")?;
        address = told.map_err(|_| "proxy_protocol")?.map_or(peer, |address| address.to_canonical());
    }
    if door == Door::Http {
        let visitor = Visitor { address, arrival: Arrival::Plain };
        return serve_http(server, Speaks::Either, stream, visitor).await;
    }
    let greeted =
        timeout_at(deadline, greet(stream, &server.edge.current)).await.map_err(|_| "handshake_timeout")?;
    let (stream, zone) = greeted.map_err(NotGreeted::reason)?;
    let speaks = match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Speaks::Http2,
        Some(_) => Speaks::Http1,
        None => Speaks::Either,
    };
    serve_http(server, speaks, stream, Visitor { address, arrival: Arrival::Tls { zone } }).await
}

/// What was agreed to be spoken on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaks {
    Http1,
    Http2,
    /// The first bytes tell.
    Either,
}

/// Serves requests, and then what the connection has become by the last of them, if it was asked to.
async fn serve_http<S>(
    server: &Server,
    speaks: Speaks,
    stream: S,
    visitor: Visitor,
) -> Result<(), &'static str>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let activity = Arc::new(Activity::default());
    let requests = Requests { edge: Arc::clone(&server.edge), visitor, activity: Arc::clone(&activity) };
    let stream = TokioIo::new(FrameGuard::new(stream, Arc::clone(&activity.greeted)));
    match speaks {
        Speaks::Http1 => {
            let connection = server.http1.serve_connection(stream, requests).with_upgrades();
            watch(server, &activity, connection, http1::UpgradeableConnection::graceful_shutdown).await?;
        }
        Speaks::Http2 => {
            let connection = server.http2.serve_connection(stream, requests);
            watch(server, &activity, connection, auto::Connection::graceful_shutdown).await?;
        }
        Speaks::Either => {
            let connection = server.either.serve_connection_with_upgrades(stream, requests);
            watch(server, &activity, connection, auto::UpgradeableConnection::graceful_shutdown).await?;
        }
    }
    let tunnel = activity.tunnel().take();
    if let Some(tunnel) = tunnel {
        tunnel.carry(server.limits.idle_timeout, &server.phases.ended).await;
    }
    Ok(())
}

/// Drives a connection until it ends, becomes something else than HTTP, or has been of no use for too long.
async fn watch<C: Future>(
    server: &Server,
    activity: &Activity,
    connection: C,
    finish: impl Fn(Pin<&mut C>),
) -> Result<(), &'static str> {
    let mut connection = pin!(connection);
    let mut draining = false;
    let (mut seen, mut waited) = (0, false);
    let mut check = Instant::now() + server.limits.handshake_timeout;
    loop {
        tokio::select! {
            // What went wrong with the visitor's connection is theirs to know.
            _ = connection.as_mut() => return Ok(()),
            () = server.phases.ended.cancelled() => return Ok(()),
            () = server.phases.draining.cancelled(), if !draining => {
                draining = true;
                finish(connection.as_mut());
            }
            () = sleep_until(check) => {
                let begun = activity.begun.load(Ordering::Relaxed);
                // gRPC clients connect early and may call late, so an HTTP/2 preface is enough to stay.
                if begun == 0 && !activity.greeted.load(Ordering::Relaxed) {
                    return Err("no_request");
                }
                if waited && begun == seen && activity.open.load(Ordering::Acquire) == 0 {
                    finish(connection.as_mut());
                }
                (seen, waited) = (begun, true);
                check = Instant::now() + server.limits.idle_timeout;
            }
        }
    }
}

/// What happens on one connection.
#[derive(Default)]
struct Activity {
    greeted: Arc<AtomicBool>,
    begun: AtomicU64,
    open: AtomicUsize,
    /// What the connection becomes when HTTP is done with it.
    tunnel: Mutex<Option<Tunnel>>,
}

impl Activity {
    fn tunnel(&self) -> MutexGuard<'_, Option<Tunnel>> {
        self.tunnel.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is not over, answer included.
struct Open(Arc<Activity>);

impl Open {
    fn begin(activity: &Arc<Activity>) -> Self {
        activity.begun.fetch_add(1, Ordering::Relaxed);
        activity.open.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(activity))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::AcqRel);
    }
}

struct Requests {
    edge: Arc<Edge>,
    visitor: Visitor,
    activity: Arc<Activity>,
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response<OpenBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (edge, visitor, open) = (Arc::clone(&self.edge), self.visitor, Open::begin(&self.activity));
        Box::pin(async move {
            let (parts, incoming) = request.into_parts();
            let upload = Upload::new(incoming, parts.version);
            let walked = journey::walk(&edge, visitor, parts, upload).await;
            if walked.tunnel.is_some() {
                *open.0.tunnel() = walked.tunnel;
            }
            Ok(walked.response.map(|body| OpenBody { body, _open: open }))
        })
    }
}

/// The body of an answer, whose end is the end of its request.
struct OpenBody {
    body: EdgeBody,
    _open: Open,
}

impl Body for OpenBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
