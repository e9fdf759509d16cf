//! WebSockets with a real client and a real server on either side of the node, by `ws://` and `wss://`.

use crate::{
    authority::{Authority, Leaf},
    harness::{HOST, Node, Plan},
    http1::{raw, site},
    origins::{self, Scripted, tcp},
    visitor,
};
use bytes::Bytes;
use fastwebsockets::{Frame, OpCode, Payload, WebSocket, handshake};
use http::{Request, Response};
use http_body_util::Empty;
use hyper::{body::Incoming, service::service_fn, upgrade::Upgraded};
use hyper_util::rt::{TokioExecutor, TokioIo};
use policy::{origin::OriginProtocol, ssl::SslMode};
use std::{convert::Infallible, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(10);

type Socket = WebSocket<TokioIo<Upgraded>>;

/// A WebSocket server that says back what it hears and speaks the first protocol that is offered.
pub async fn echo<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(stream: S) {
    let service = service_fn(|mut request: Request<Incoming>| async move {
        let (mut response, socket) = fastwebsockets::upgrade::upgrade(&mut request).unwrap();
        let told = ["sec-websocket-protocol", "x-forwarded-for", "upgrade", "connection"];
        for name in told {
            if let Some(value) = request.headers().get(name) {
                let name = if name.starts_with("sec") { name.to_owned() } else { format!("x-seen-{name}") };
                response.headers_mut().insert(http::HeaderName::try_from(name).unwrap(), value.clone());
            }
        }
        tokio::spawn(async move { say_back(socket.await.unwrap()).await });
        Ok::<_, Infallible>(response)
    });
    let server = hyper::server::conn::http1::Builder::new();
    let _ = server.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

async fn say_back(mut socket: Socket) {
    socket.set_auto_close(true);
    while let Ok(frame) = socket.read_frame().await {
        match frame.opcode {
            OpCode::Text | OpCode::Binary => {
                // The visitor's mask does not go back.
                let answer = Frame::new(true, frame.opcode, None, frame.payload);
                socket.write_frame(answer).await.unwrap();
            }
            OpCode::Close => return,
            _ => {}
        }
    }
}

fn asking(scheme: &str) -> Request<Empty<Bytes>> {
    Request::get(format!("{scheme}://{HOST}/chat"))
        .header("host", HOST)
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-key", handshake::generate_key())
        .header("sec-websocket-version", "13")
        .header("sec-websocket-protocol", "chat")
        .body(Empty::new())
        .unwrap()
}

pub async fn open(
    node: &Node,
    by_tls: bool,
) -> Result<(Socket, Response<Incoming>), fastwebsockets::WebSocketError> {
    if by_tls {
        let stream = visitor::tls(node, HOST, &["http/1.1"]).await.unwrap();
        handshake::client(&TokioExecutor::new(), asking("https"), stream).await
    } else {
        let stream = TcpStream::connect(node.http).await.unwrap();
        handshake::client(&TokioExecutor::new(), asking("http"), stream).await
    }
}

pub async fn say(socket: &mut Socket, words: &[u8]) -> Vec<u8> {
    socket.write_frame(Frame::binary(Payload::Borrowed(words))).await.unwrap();
    timeout(PATIENCE, socket.read_frame()).await.unwrap().unwrap().payload.to_vec()
}

async fn echo_tls(leaf: &Leaf, alpn: &[&str]) -> Scripted {
    origins::tls(leaf, alpn, echo).await
}

#[tokio::test]
async fn a_chat_works_by_ws_and_by_wss_and_its_origin_learns_who_calls() {
    let origin = tcp(echo).await;
    let node = Node::serving(site(origin.port)).await;
    for by_tls in [false, true] {
        let (mut socket, response) = open(&node, by_tls).await.unwrap();
        let header = |name: &str| response.headers().get(name).map_or("", |value| value.to_str().unwrap());
        assert_eq!(header("sec-websocket-protocol"), "chat");
        assert_eq!((header("x-seen-upgrade"), header("x-seen-connection")), ("websocket", "Upgrade"));
        assert_eq!(header("x-seen-x-forwarded-for"), "127.0.0.1");
        assert!(header("cf-ray").ends_with("-TST"));
        assert_eq!(say(&mut socket, b"hello").await, b"hello");
        let long = vec![7; 1 << 20];
        assert_eq!(say(&mut socket, &long).await, long);
        socket.write_frame(Frame::close(1000, b"bye")).await.unwrap();
        let closing = timeout(PATIENCE, socket.read_frame()).await.unwrap().unwrap();
        assert_eq!(closing.opcode, OpCode::Close);
    }
}

#[tokio::test]
async fn an_encrypted_origin_is_asked_for_http1_even_if_it_prefers_http2() {
    let leaf = Leaf::self_signed(&[HOST]);
    let origin = echo_tls(&leaf, &["h2", "http/1.1"]).await;
    let node = Node::serving(Plan::to(origin.port)).await;
    let (mut socket, _) = open(&node, true).await.unwrap();
    assert_eq!(say(&mut socket, b"hello").await, b"hello");

    node.put(Plan::to(origin.port).ssl(SslMode::Strict)).await;
    assert_eq!(
        status(&node, "").await,
        526,
        "whom nobody vouches for is not trusted with a WebSocket either"
    );
    let authority = Authority::new();
    let trusted = echo_tls(&authority.leaf(&[HOST]), &["http/1.1"]).await;
    node.put(Plan::to(trusted.port).ssl(SslMode::Strict).trusting(&authority)).await;
    let (mut vouched, _) = open(&node, true).await.unwrap();
    assert_eq!(say(&mut vouched, b"hello").await, b"hello");
    assert_eq!(say(&mut socket, b"still here").await, b"still here", "no change cuts an open one");

    let only_http2 = origins::tls(&leaf, &["h2"], |_stream| async {}).await;
    node.put(Plan::to(only_http2.port)).await;
    assert_eq!(status(&node, "").await, 525);
}

#[tokio::test]
async fn a_client_that_says_expressly_that_its_handshake_has_no_body_is_welcome() {
    let origin = tcp(echo).await;
    let node = Node::serving(site(origin.port)).await;
    let mut asking = asking("http");
    asking.headers_mut().insert("content-length", http::HeaderValue::from_static("0"));
    let stream = TcpStream::connect(node.http).await.unwrap();
    let (mut socket, _) = handshake::client(&TokioExecutor::new(), asking, stream).await.unwrap();
    assert_eq!(say(&mut socket, b"hello").await, b"hello");
}

const HANDSHAKE: &str = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// The status of a handshake with more headers, by the plain port.
async fn status(node: &Node, more: &str) -> u16 {
    let answer = raw(node, &format!("GET /chat HTTP/1.1\r\nhost: {HOST}\r\n{HANDSHAKE}{more}\r\n")).await;
    answer[9..12].parse().unwrap()
}

#[tokio::test]
async fn what_the_zone_says_about_requests_holds_for_websockets() {
    let origin = tcp(echo).await;
    let node = Node::serving(site(origin.port)).await;
    let (mut open_before, _) = open(&node, false).await.unwrap();
    node.put(site(origin.port).settings(|settings| settings.websockets = false)).await;
    let refused = raw(&node, &format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n{HANDSHAKE}\r\n")).await;
    assert!(refused.starts_with("HTTP/1.1 403 ") && refused.contains("WebSockets are off"), "{refused}");
    assert_eq!(say(&mut open_before, b"still here").await, b"still here");
    node.put(site(origin.port).settings(|settings| settings.always_use_https = true)).await;
    assert_eq!(status(&node, "").await, 301);
    node.put(Plan { paused: true, ..site(origin.port) }).await;
    assert_eq!(status(&node, "").await, 409);
    node.put(site(origin.port).dns_only(HOST)).await;
    assert_eq!(status(&node, "").await, 409);
    for protocol in [OriginProtocol::Grpc, OriginProtocol::Grpcs] {
        node.put(site(origin.port).protocol(protocol)).await;
        assert_eq!(status(&node, "").await, 409, "{protocol:?}");
    }
    node.put(site(origins::refusing().await)).await;
    assert_eq!(status(&node, "").await, 521);
}

#[tokio::test]
async fn a_websocket_without_a_word_from_either_side_is_ended() {
    let origin = tcp(echo).await;
    let node = Node::start_with(|config| config.visitor_idle_timeout = Duration::from_millis(600)).await;
    node.put(site(origin.port)).await;
    let (mut socket, _) = open(&node, false).await.unwrap();
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(say(&mut socket, b"awake").await, b"awake", "words keep it open");
    }
    assert!(timeout(PATIENCE, socket.read_frame()).await.unwrap().is_err());
}

#[tokio::test]
async fn one_side_may_end_while_the_other_goes_on() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let origin = tcp(|mut stream| async move {
        let mut request = vec![0; 4096];
        let read = stream.read(&mut request).await.unwrap();
        assert!(request[..read].ends_with(b"\r\n\r\n"));
        let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
        let switch = format!("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n");
        stream.write_all(switch.as_bytes()).await.unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.unwrap();
        stream.write_all(format!("you said {heard}").as_bytes()).await.unwrap();
    })
    .await;
    let node = Node::serving(site(origin.port)).await;
    for by_tls in [false, true] {
        let mut stream: Box<dyn Stream> = if by_tls {
            Box::new(visitor::tls(&node, HOST, &["http/1.1"]).await.unwrap())
        } else {
            Box::new(TcpStream::connect(node.http).await.unwrap())
        };
        // What follows the handshake at once is held until the origin has agreed.
        stream
            .write_all(format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n{HANDSHAKE}\r\nearly").as_bytes())
            .await
            .unwrap();
        stream.write_all(b" and late").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 101 ") && answer.ends_with("\r\n\r\nyou said early and late"),
            "{answer}"
        );
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

#[tokio::test]
async fn an_open_websocket_outlives_the_begin_of_a_drain_and_not_its_end_and_is_accounted_for() {
    let origin = tcp(echo).await;
    let node = Node::start_with(|config| config.drain_grace = Duration::from_millis(800)).await;
    node.put(site(origin.port)).await;
    let (mut socket, _) = open(&node, true).await.unwrap();
    assert_eq!(say(&mut socket, b"hello").await, b"hello");
    let metrics = crate::doors::ask(&node, "/metrics").await.1;
    assert!(metrics.contains("\norangery_websockets 1\n"), "{metrics}");
    node.shutdown.cancel();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(say(&mut socket, b"draining").await, b"draining");
    let lines = timeout(PATIENCE, node.end()).await.unwrap();
    assert!(timeout(PATIENCE, socket.read_frame()).await.unwrap().is_err());
    let line = lines.last().unwrap();
    assert_eq!((&line["http_status"], &line["outcome"]), (&101.into(), &"carried".into()));
    // Two frames each way; those of a visitor are masked, which takes four bytes.
    assert_eq!(line["response_bytes"], 2 + 5 + 2 + 8);
    assert_eq!(line["request_bytes"], 2 + 4 + 5 + 2 + 4 + 8);
    assert!(line["lasted_ms"].as_f64().unwrap() >= 200.0);
}

#[tokio::test]
async fn a_websocket_holds_its_place_among_the_visitors() {
    let origin = tcp(echo).await;
    let node = Node::start_with(|config| config.max_connections = 1).await;
    node.put(site(origin.port)).await;
    // Waiting for the port took the only place for a moment.
    let mut first = loop {
        match open(&node, false).await {
            Ok((socket, _)) => break socket,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    assert!(open(&node, false).await.is_err());
    assert_eq!(say(&mut first, b"hello").await, b"hello");
}
