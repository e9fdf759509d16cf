//! A listener for HTTP/1.1 and HTTP/2, with or without TLS, that drains when it is told to stop.

use anyhow::Context as _;
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use std::{
    convert::Infallible,
    error::Error,
    future::Future,
    io,
    net::SocketAddr,
    path::Path,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const CONNECTIONS_MAX: usize = 4096;
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(20);
/// What [`Listen::idle_timeout`] is outside of tests.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(75);
/// What must be taken of an answer within the idle timeout, so that it is not idleness: more than the PINGs of HTTP/2 come to.
const PACE_BYTES: usize = 1024;
/// What is buffered of a head, beyond which the connection is answered 431 and ends.
const HEAD_BYTES_MAX: u32 = 64 * 1024;
const HEADERS_MAX: usize = 256;
const STREAMS_PER_CONNECTION_MAX: u32 = 100;
/// What is taken of a body before somebody reads it, per HTTP/2 stream and per connection.
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;
/// How long to rest after the system refused to accept, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What every connection of a listener shares.
#[derive(Clone)]
pub struct Listen {
    pub tls: Option<Arc<ServerConfig>>,
    /// How long a connection may stay open while nothing is asked on it and no answer is read; it takes a place meanwhile.
    pub idle_timeout: Duration,
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
}

impl Listen {
    /// Serves `answer` on every connection until told to stop; requests under way are answered first.
    pub async fn serve<Answer, Answering, Body>(self, listener: TcpListener, answer: Answer)
    where
        Answer: Fn(SocketAddr, Request<Incoming>) -> Answering + Clone + Send + 'static,
        Answering: Future<Output = Response<Body>> + Send + 'static,
        Body: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        while let Some((stream, peer, place)) = self.next(&listener, &places).await {
            let (listen, answer) = (self.clone(), answer.clone());
            self.tasks.spawn(async move {
                let _place = place;
                listen.connection(stream, move |request| answer(peer, request)).await;
            });
        }
    }

    async fn next(
        &self,
        listener: &TcpListener,
        places: &Arc<Semaphore>,
    ) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        loop {
            let accepted = async {
                let place = places.clone().acquire_owned().await;
                (place, listener.accept().await)
            };
            match self.stop.run_until_cancelled(accepted).await? {
                (Ok(place), Ok((stream, peer))) => return Some((stream, peer, place)),
                (Err(_closed), _) => return None,
                (_, Err(error)) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn connection<Answer, Answering, Body>(self, stream: TcpStream, answer: Answer)
    where
        Answer: Fn(Request<Incoming>) -> Answering + Send + 'static,
        Answering: Future<Output = Response<Body>> + Send + 'static,
        Body: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let _ = stream.set_nodelay(true);
        let Some(config) = self.tls.clone() else { return self.exchange(stream, answer).await };
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, TlsAcceptor::from(config).accept(stream)).await {
            Ok(Ok(stream)) => self.exchange(stream, answer).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn exchange<Stream, Answer, Answering, Body>(self, stream: Stream, answer: Answer)
    where
        Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        Answer: Fn(Request<Incoming>) -> Answering + Send + 'static,
        Answering: Future<Output = Response<Body>> + Send + 'static,
        Body: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let builder = builder();
        let (under_way, mut requests) = watch::channel(0_usize);
        let service = hyper::service::service_fn(move |request| {
            let request_under_way = UnderWay::begin(under_way.clone());
            let answer = answer(request);
            async move {
                let answer = answer.await;
                drop(request_under_way);
                Ok::<_, Infallible>(answer)
            }
        });
        let taken = Taken::default();
        let stream = Watched { stream, taken: taken.clone() };
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = silence_or(self.stop.cancelled(), self.idle_timeout, &mut requests, &taken) => {
                connection.as_mut().graceful_shutdown();
                match tokio::time::timeout(HEADER_READ_TIMEOUT, connection).await {
                    Ok(ended) => ended,
                    Err(_) => return,
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    let mut http1 = builder.http1();
    http1.timer(TokioTimer::new()).header_read_timeout(HEADER_READ_TIMEOUT);
    http1.max_buf_size(HEAD_BYTES_MAX as usize).max_headers(HEADERS_MAX);
    let mut http2 = builder.http2();
    http2.timer(TokioTimer::new()).keep_alive_interval(Some(HEADER_READ_TIMEOUT));
    http2.max_header_list_size(HEAD_BYTES_MAX).max_concurrent_streams(STREAMS_PER_CONNECTION_MAX);
    http2.initial_stream_window_size(STREAM_WINDOW_BYTES);
    http2.initial_connection_window_size(CONNECTION_WINDOW_BYTES);
    builder
}

/// One request, counted until its answer begins.
struct UnderWay(watch::Sender<usize>);

impl UnderWay {
    fn begin(count: watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// Ends when told to, or when for too long nothing was under way and nobody read: an answer that is read slowly is not silence, and one
/// that is not read is.
async fn silence_or(
    told: impl Future<Output = ()>,
    idle_timeout: Duration,
    requests: &mut watch::Receiver<usize>,
    taken: &Taken,
) {
    let silence = async {
        loop {
            let (idle, before) = (*requests.borrow_and_update() == 0, taken.bytes());
            let changed = tokio::time::timeout(idle_timeout, requests.changed()).await;
            if idle && changed.is_err() && taken.bytes().wrapping_sub(before) < PACE_BYTES {
                return;
            }
            if matches!(changed, Ok(Err(_))) {
                // The connection has ended, which its own future tells.
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = told => {}
        () = silence => {}
    }
}

/// How many bytes the other side has taken.
#[derive(Debug, Clone, Default)]
struct Taken(Arc<AtomicUsize>);

impl Taken {
    fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn note(&self, written: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = written {
            self.0.fetch_add(*bytes, Ordering::Relaxed);
        }
    }
}

/// A stream that counts what is taken of it.
struct Watched<Stream> {
    stream: Stream,
    taken: Taken,
}

impl<Stream: AsyncRead + Unpin> AsyncRead for Watched<Stream> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<Stream: AsyncWrite + Unpin> AsyncWrite for Watched<Stream> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.taken.note(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.taken.note(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// TLS with a chain and key in PEM files, offering HTTP/2 and HTTP/1.1.
pub fn tls(chain: &Path, key: &Path) -> anyhow::Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_file_iter(chain)
        .and_then(|certificates| certificates.collect::<Result<Vec<_>, _>>())
        .with_context(|| format!("cannot read the certificate chain {}", chain.display()))?;
    let key = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("cannot read the private key {}", key.display()))?;
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
