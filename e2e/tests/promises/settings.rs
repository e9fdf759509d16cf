//! Settings that a zone's owner changes by REST are what visitors meet at the node.

use e2e::{
    edge::{Edge, edge},
    zone::{Cloud, Zone},
};
use fastwebsockets::{Frame, Payload, WebSocket, WebSocketError, handshake};
use http::{Request, Response};
use http_body_util::{Empty, Full};
use hyper::{
    body::{Bytes, Incoming},
    service::service_fn,
    upgrade::Upgraded,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use serde_json::{Value, json};
use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

const PATIENCE: Duration = Duration::from_secs(10);
const MIB: usize = 1 << 20;

/// A plain site that greets, and says back what comes by WebSocket.
async fn site() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(greet))
                .with_upgrades();
            tokio::spawn(connection);
        }
    });
    address
}

async fn greet(mut request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    if !fastwebsockets::upgrade::is_upgrade_request(&request) {
        return Ok(Response::new("hello".into()));
    }
    let (response, socket) = fastwebsockets::upgrade::upgrade(&mut request).unwrap();
    tokio::spawn(async move {
        let mut socket = socket.await.unwrap();
        while let Ok(frame) = socket.read_frame().await {
            if socket.write_frame(frame).await.is_err() {
                return;
            }
        }
    });
    Ok(response.map(|_| Full::default()))
}

/// A zone with a plain site at `www`.
async fn zone_with_site(edge: &Edge) -> (Zone, String) {
    let zone = edge.zone().await.unwrap();
    zone.record_at("www", site().await, Cloud::Orange, "http").await.unwrap();
    let host = zone.host("www");
    (zone, host)
}

async fn set(zone: &Zone, setting: &str, value: Value) {
    let path = format!("/zones/{}/settings/{setting}?wait=applied", zone.id);
    zone.api.patch(&path, json!({"value": value})).await.unwrap().granted().unwrap();
}

/// The answer to a head without a body, up to its end.
async fn ask(edge: &Edge, head: &str) -> String {
    let mut stream = TcpStream::connect(edge.http().address()).await.unwrap();
    stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    String::from_utf8(answer).unwrap()
}

async fn websocket(edge: &Edge, host: &str) -> Result<WebSocket<TokioIo<Upgraded>>, WebSocketError> {
    let request = Request::get("/chat")
        .header("host", host)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", handshake::generate_key())
        .body(Empty::<Bytes>::new())
        .unwrap();
    let stream = TcpStream::connect(edge.http().address()).await.unwrap();
    handshake::client(&TokioExecutor::new(), request, stream).await.map(|(socket, _)| socket)
}

async fn say(socket: &mut WebSocket<TokioIo<Upgraded>>, words: &[u8]) -> Vec<u8> {
    socket.write_frame(Frame::binary(Payload::Borrowed(words))).await.unwrap();
    timeout(PATIENCE, socket.read_frame()).await.unwrap().unwrap().payload.to_vec()
}

#[tokio::test]
async fn websockets_are_carried_until_they_are_switched_off_and_open_ones_go_on() {
    let edge = edge().await.unwrap();
    let (zone, host) = zone_with_site(&edge).await;
    let mut open = websocket(&edge, &host).await.unwrap();
    assert_eq!(say(&mut open, b"before").await, b"before");
    set(&zone, "websockets", json!("off")).await;
    assert!(matches!(websocket(&edge, &host).await, Err(WebSocketError::InvalidStatusCode(403))));
    assert_eq!(say(&mut open, b"after").await, b"after");
    set(&zone, "websockets", json!("on")).await;
    assert_eq!(say(&mut websocket(&edge, &host).await.unwrap(), b"again").await, b"again");
}

#[tokio::test]
async fn an_upload_is_as_large_as_the_owner_allows() {
    let edge = edge().await.unwrap();
    let (zone, host) = zone_with_site(&edge).await;
    let announcing = async |mebibytes: usize| {
        // Nothing follows: an upload that is allowed is invited, one that is not is refused.
        let length = mebibytes * MIB;
        let framing = format!("content-length: {length}\r\nexpect: 100-continue\r\nconnection: close\r\n");
        let answer = ask(&edge, &format!("GET / HTTP/1.1\r\nhost: {host}\r\n{framing}")).await;
        answer.split("\r\n").next().unwrap_or_default().to_owned()
    };
    assert!(announcing(101).await.contains(" 413 "));
    set(&zone, "max_upload", json!(200)).await;
    assert!(!announcing(101).await.contains(" 413 "));
    assert!(announcing(201).await.contains(" 413 "));
}

async fn tls(edge: &Edge, host: &str) -> TlsStream<TcpStream> {
    let e2e::visitor::Door::Https { address, ca_pem } = edge.https() else { panic!("the door is HTTPS") };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let tcp = TcpStream::connect(address).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap()
}

#[tokio::test]
async fn visitors_encrypt_as_the_owner_chose() {
    let edge = edge().await.unwrap();
    let (zone, host) = zone_with_site(&edge).await;
    let version = async || tls(&edge, &host).await.get_ref().1.protocol_version();
    assert_eq!(version().await, Some(ProtocolVersion::TLSv1_3));
    set(&zone, "tls_1_3", json!("off")).await;
    assert_eq!(version().await, Some(ProtocolVersion::TLSv1_2));
    set(&zone, "ciphers", json!(["ECDHE-ECDSA-CHACHA20-POLY1305"])).await;
    let suite = tls(&edge, &host).await.get_ref().1.negotiated_cipher_suite().unwrap().suite();
    assert_eq!(suite, rustls::CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256);
}

#[tokio::test]
async fn browsers_are_told_to_insist_on_https() {
    let edge = edge().await.unwrap();
    let (zone, host) = zone_with_site(&edge).await;
    let strict = json!({"enabled": true, "max_age": 86400, "include_subdomains": true, "preload": false, "nosniff": true});
    set(&zone, "security_header", json!({"strict_transport_security": strict})).await;
    let mut stream = tls(&edge, &host).await;
    let request = format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.contains("strict-transport-security: max-age=86400; includeSubDomains\r\n"), "{answer}");
    assert!(answer.contains("x-content-type-options: nosniff\r\n"), "{answer}");
}
