//! Origins: the sample one, and some that misbehave in ways a well-made server cannot.

use crate::authority::Leaf;
use bytes::Bytes;
use h2::{RecvStream, server::SendResponse};
use http::{HeaderMap, Request, Response};
use rustls::ServerConfig;
use sample_origin::{Config, KeyPair, Running, SampleOrigin, Tls};
use std::{future::Future, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// The sample origin by TLS, with this certificate.
pub async fn sample_tls(leaf: &Leaf) -> (Running, u16) {
    let key_pair = KeyPair { chain_pem: leaf.chain_pem.clone(), key_pem: leaf.key_pem.clone() };
    let tls = Tls { listen: "127.0.0.1:0".parse().unwrap(), key_pair };
    let running = SampleOrigin::start(Config { tls: Some(tls), h2c: None }).await.unwrap();
    let port = running.tls_addr.unwrap().port();
    (running, port)
}

pub async fn sample_h2c() -> (Running, u16) {
    let config = Config { tls: None, h2c: Some("127.0.0.1:0".parse().unwrap()) };
    let running = SampleOrigin::start(config).await.unwrap();
    let port = running.h2c_addr.unwrap().port();
    (running, port)
}

/// A port at which nobody listens.
pub async fn refusing() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

/// Stops listening and cuts its connections when dropped.
pub struct Scripted {
    pub port: u16,
    task: JoinHandle<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Every accepted socket goes to `script`.
pub async fn tcp<F, Fut>(script: F) -> Scripted
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(script(stream));
        }
    });
    Scripted { port, task }
}

/// Accepts and says nothing.
pub async fn silent() -> Scripted {
    tcp(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await
}

/// TLS with these ALPN offers, then `script`.
pub async fn tls<F, Fut>(leaf: &Leaf, alpn: &[&str], script: F) -> Scripted
where
    F: Fn(tokio_rustls::server::TlsStream<TcpStream>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(leaf.chain.clone(), leaf.key())
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tcp(move |stream| {
        let (acceptor, script) = (acceptor.clone(), script.clone());
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                script(stream).await;
            }
        }
    })
    .await
}

/// HTTP/2 in plain text; every request goes to `script`.
pub async fn h2c<F, Fut>(script: F) -> Scripted
where
    F: Fn(Request<RecvStream>, SendResponse<Bytes>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    tcp(move |stream| serve_h2(stream, script.clone())).await
}

pub async fn serve_h2<S, F, Fut>(stream: S, script: F)
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(Request<RecvStream>, SendResponse<Bytes>) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let mut builder = h2::server::Builder::new();
    builder.initial_window_size(1 << 20).initial_connection_window_size(16 << 20);
    let Ok(mut connection) = builder.handshake(stream).await else { return };
    let mut requests = tokio::task::JoinSet::new();
    while let Some(Ok((request, respond))) = connection.accept().await {
        requests.spawn(script(request, respond));
    }
}

pub fn grpc_head() -> Response<()> {
    Response::builder().header("content-type", "application/grpc").body(()).unwrap()
}

pub fn status(code: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(
        http::HeaderName::from_static("grpc-status"),
        http::HeaderValue::from_static(code),
    )])
}

/// Reads a request body to its end.
pub async fn drain(request: Request<RecvStream>) -> usize {
    let mut body = request.into_body();
    let mut bytes = 0;
    while let Some(Ok(chunk)) = body.data().await {
        bytes += chunk.len();
        let _ = body.flow_control().release_capacity(chunk.len());
    }
    bytes
}
