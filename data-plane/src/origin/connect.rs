//! One connection to one address: TCP, TLS, and the first SETTINGS frame, within one span of time.

use super::{
    Failure, OriginLimits, Way,
    first_frame::FirstFrame,
    link::{Http1Sender, Http2Sender, Link},
};
use crate::tcp;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use policy::{origin::OriginHttp, refusal::Refusal};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tokio_rustls::TlsConnector;

/// A stream holds at most this much that the visitor has not taken yet.
const STREAM_WINDOW_BYTES: u32 = 256 << 10;
/// As Go's client does: more than all streams together can use, so that no number of slow visitors stalls the others.
/// It also sets the budget of h2 for small DATA frames that wait to be read, which is half of it.
const CONNECTION_WINDOW_BYTES: u32 = 1 << 30;
const HEADER_LIST_BYTES_MAX: u32 = 64 << 10;
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// # Errors
///
/// A refusal for each way to fail, see `policy::refusal`.
pub(super) async fn connect(
    way: &Way,
    tls: Option<&Arc<ClientConfig>>,
    limits: &OriginLimits,
    deadline: Instant,
) -> Result<Link, Failure> {
    let tcp = timeout_at(deadline, TcpStream::connect(way.address))
        .await
        .map_err(|_| Refusal::OriginConnectTimeout)?
        .map_err(|error| Failure::of_tcp(&error))?;
    tcp::tune(&tcp);
    let (Some(tls), Some(name)) = (tls, &way.server_name) else {
        return speak(tcp, way.http == OriginHttp::Http2, limits, deadline).await;
    };
    let name = ServerName::try_from(name.to_string())
        .map_err(|_| Failure::with(Refusal::OriginTlsFailed, "the server name cannot be sent"))?;
    let stream = timeout_at(deadline, TlsConnector::from(Arc::clone(tls)).connect(name, tcp))
        .await
        .map_err(|_| Refusal::OriginSilent)?
        .map_err(|error| Failure::of_tls(&error, way.http))?;
    let chose_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    if way.http == OriginHttp::Http2 && !chose_http2 {
        return Err(Refusal::OriginWithoutHttp2.into());
    }
    speak(stream, chose_http2, limits, deadline).await
}

async fn speak<S>(stream: S, http2: bool, limits: &OriginLimits, deadline: Instant) -> Result<Link, Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    if http2 { speak_http2(stream, limits, deadline).await } else { speak_http1(stream).await }
}

async fn speak_http1<S>(stream: S) -> Result<Link, Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) = handshake.map_err(|_| Refusal::OriginClosed)?;
    Ok(Link::Http1(Http1Sender {
        sender,
        driver: Box::pin(async move { drop(connection.with_upgrades().await) }),
    }))
}

async fn speak_http2<S>(stream: S, limits: &OriginLimits, deadline: Instant) -> Result<Link, Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (stream, first_frame) = FirstFrame::new(stream);
    let (sender, connection) =
        http2_settings(limits).handshake(TokioIo::new(stream)).await.map_err(|_| Refusal::OriginClosed)?;
    let mut driver = Box::pin(async move { drop(connection.await) });
    let told = timeout_at(deadline, async {
        tokio::select! {
            biased;
            told = first_frame => told.unwrap_or(Err(Refusal::OriginClosed)),
            () = &mut driver => Err(Refusal::OriginClosed),
        }
    });
    let settings = told.await.map_err(|_| Refusal::OriginSilent)??;
    let streams_allowed =
        settings.streams_max.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
    Ok(Link::Http2(Http2Sender { sender, streams_allowed, driver }))
}

fn http2_settings(limits: &OriginLimits) -> hyper::client::conn::http2::Builder<TokioExecutor> {
    let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_header_list_size(HEADER_LIST_BYTES_MAX)
        // A proxy cancels a lot; the default ends the connection after 1,024 streams that we reset.
        .max_local_error_reset_streams(None)
        .keep_alive_interval(limits.ping_interval)
        .keep_alive_timeout(PING_TIMEOUT)
        .keep_alive_while_idle(false);
    builder
}
