//! Origins that misbehave below gRPC, so no gRPC library can play them.

use bytes::{BufMut as _, Bytes, BytesMut};
use prost::Message as _;
use sample_origin::hello::HelloResponse;
use std::{future::Future, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

type Started = (SocketAddr, AbortHandle);

/// What an HTTP/2 origin does with every call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    DieMidStream,
    EndWithoutStatus,
    Html(u16),
}

/// Accepts and never says a byte.
pub(super) async fn silent() -> anyhow::Result<Started> {
    each_connection(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
        Ok(())
    })
    .await
}

/// One plain page over HTTP/1.1, then the connection ends.
pub(super) async fn http1(acceptor: TlsAcceptor) -> anyhow::Result<Started> {
    each_tls(acceptor, |mut stream| async move {
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello").await?;
        Ok(stream.shutdown().await?)
    })
    .await
}

/// Bytes that no HTTP/2 client can read.
pub(super) async fn gibberish(acceptor: TlsAcceptor) -> anyhow::Result<Started> {
    each_tls(acceptor, |mut stream| async move {
        stream.write_all(b"220 mail.example.test ESMTP, what did you expect?\r\n").await?;
        let mut answer = [0; 4096];
        while stream.read(&mut answer).await? > 0 {}
        Ok(())
    })
    .await
}

pub(super) async fn http2(acceptor: TlsAcceptor, answer: Answer) -> anyhow::Result<Started> {
    each_tls(acceptor, move |stream| serve_http2(stream, answer)).await
}

async fn serve_http2(stream: TlsStream<TcpStream>, answer: Answer) -> anyhow::Result<()> {
    let mut connection = h2::server::handshake(stream).await?;
    while let Some(call) = connection.accept().await {
        let (_, mut respond) = call?;
        if let Answer::Html(status) = answer {
            let head =
                http::Response::builder().status(status).header("content-type", "text/html").body(())?;
            respond.send_response(head, false)?.send_data("<h1>It broke</h1>".into(), true)?;
            continue;
        }
        let head = http::Response::builder().header("content-type", "application/grpc").body(())?;
        let mut body = respond.send_response(head, false)?;
        body.send_data(hello_message(), matches!(answer, Answer::EndWithoutStatus))?;
        if matches!(answer, Answer::DieMidStream) {
            return die_after_flush(connection).await;
        }
    }
    Ok(())
}

/// Lets what was said leave, then drops the connection with no goodbye.
async fn die_after_flush(
    mut connection: h2::server::Connection<TlsStream<TcpStream>, Bytes>,
) -> anyhow::Result<()> {
    const TIME_TO_FLUSH: Duration = Duration::from_millis(100);
    let _ =
        tokio::time::timeout(TIME_TO_FLUSH, std::future::poll_fn(|context| connection.poll_closed(context)))
            .await;
    Ok(())
}

/// One gRPC message: `hello Orangery`, uncompressed.
fn hello_message() -> Bytes {
    let message = HelloResponse { reply: "hello Orangery".into() }.encode_to_vec();
    let mut framed = BytesMut::new();
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap_or_default());
    framed.put_slice(&message);
    framed.freeze()
}

async fn each_tls<F, Fut>(acceptor: TlsAcceptor, serve: F) -> anyhow::Result<Started>
where
    F: Fn(TlsStream<TcpStream>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    each_connection(move |stream| {
        let (acceptor, serve) = (acceptor.clone(), serve.clone());
        async move {
            let stream = acceptor.accept(stream).await?;
            serve(stream).await
        }
    })
    .await
}

async fn each_connection<F, Fut>(serve: F) -> anyhow::Result<Started>
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind(super::ANY_PORT).await?;
    let address = listener.local_addr()?;
    let accepting = async move {
        // Dropped with the origin, and all its connections with it.
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve(stream));
        }
    };
    Ok((address, tokio::spawn(accepting).abort_handle()))
}
