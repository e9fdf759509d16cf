//! HTTP/1.1 as bytes, on both sides of the node.

use crate::{
    harness::{HOST, Node, Plan},
    origins::{Scripted, tcp},
    visitor,
};
use policy::origin::OriginProtocol;
use std::time::Duration;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// An HTTP/1.1 origin that answers every request with its head and its body, as it read them, and keeps the connection.
pub async fn mirror() -> Scripted {
    tcp(mirror_on).await
}

pub async fn mirror_on<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let mut requests = 0;
    while let Some((head, body)) = read_request(&mut stream).await {
        requests += 1;
        let body = format!("request {requests} here\n{head}{body}");
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nx-accel-redirect: /secret\r\nkeep-alive: 5\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
    }
}

pub async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> Option<(String, String)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let mut body = Vec::new();
    if let Some((_, rest)) = head.split_once("content-length: ") {
        body.resize(rest.split("\r\n").next()?.parse().ok()?, 0);
        stream.read_exact(&mut body).await.ok()?;
    } else if head.contains("transfer-encoding: chunked") {
        while !body.ends_with(b"0\r\n\r\n") {
            body.push(stream.read_u8().await.ok()?);
        }
    }
    Some((head, String::from_utf8(body).unwrap()))
}

pub fn site(port: u16) -> Plan {
    Plan::to(port).protocol(OriginProtocol::Http).grpc(false)
}

/// Sends bytes to the plain port and reads until the node closes.
pub async fn raw(node: &Node, request: &str) -> String {
    raw_on(TcpStream::connect(node.http).await.unwrap(), request).await
}

/// The same by TLS.
pub async fn raw_tls(node: &Node, request: &str) -> String {
    raw_on(visitor::tls(node, HOST, &["http/1.1"]).await.unwrap(), request).await
}

pub async fn raw_on<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(Duration::from_secs(3), stream.read_to_end(&mut answer)).await;
    String::from_utf8(answer).unwrap()
}

pub async fn get(node: &Node, headers: &str) -> String {
    raw(node, &format!("GET /path?q=1 HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n{headers}\r\n")).await
}
