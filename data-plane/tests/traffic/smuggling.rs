//! Nothing is smuggled past a WebSocket handshake, whichever side lies.

use crate::{
    harness::{HOST, Node},
    http1::{raw, read_request, site},
    origins::{Scripted, tcp},
    visitor::Visitor,
};
use bytes::Bytes;
use http::Request;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const KEY: &str = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const ACCEPT: &str = "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
const VERSION: &str = "sec-websocket-version: 13\r\n";
const UPGRADE: &str = "connection: upgrade\r\nupgrade: websocket\r\n";
/// What an attacker wants to be read as a request of its own.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: grpc.demo.test\r\n\r\n";

/// Answers every request with the same bytes and records all that it reads, connection by connection.
struct Liar {
    origin: Scripted,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Liar {
    async fn saying(answer: String) -> Self {
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let record = Arc::clone(&heard);
        let origin = tcp(move |mut stream| {
            let (record, answer) = (Arc::clone(&record), answer.clone());
            async move {
                let index = {
                    let mut record = record.lock().unwrap();
                    record.push(String::new());
                    record.len() - 1
                };
                while let Some((head, body)) = read_request(&mut stream).await {
                    record.lock().unwrap()[index] += &(head + &body);
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        break;
                    }
                }
            }
        })
        .await;
        Self { origin, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

fn ask(headers: &str, rest: &str) -> String {
    format!("GET /chat HTTP/1.1\r\nhost: {HOST}\r\n{headers}\r\n{rest}")
}

#[tokio::test]
async fn an_origin_that_accepts_with_the_wrong_words_is_not_believed() {
    for lie in [
        UPGRADE.to_owned(),
        format!("{UPGRADE}sec-websocket-accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n"),
        format!("{UPGRADE}{ACCEPT}{ACCEPT}"),
        format!("upgrade: websocket\r\n{ACCEPT}"),
        format!("connection: upgrade\r\nupgrade: h2c\r\n{ACCEPT}"),
        format!("connection: upgrade\r\n{ACCEPT}"),
    ] {
        let liar = Liar::saying(format!("HTTP/1.1 101 Switching Protocols\r\n{lie}\r\nraw bytes")).await;
        let node = Node::serving(site(liar.origin.port)).await;
        let answer = raw(&node, &ask(&format!("{UPGRADE}{KEY}{VERSION}"), SMUGGLED)).await;
        assert!(
            answer.starts_with("HTTP/1.1 520 ") && answer.contains("connection: close"),
            "{lie:?}: {answer}"
        );
        assert!(
            !answer.contains("raw bytes") && answer.matches("HTTP/1.1 ").count() == 1,
            "{lie:?}: {answer}"
        );
        assert!(liar.heard().iter().all(|heard| !heard.contains("smuggled")), "{lie:?}: {:?}", liar.heard());
    }
}

#[tokio::test]
async fn what_follows_a_handshake_that_was_declined_goes_nowhere() {
    for decline in ["200 OK", "404 Not Found", "426 Upgrade Required", "302 Found"] {
        let answer = format!("HTTP/1.1 {decline}\r\n{UPGRADE}{ACCEPT}content-length: 2\r\n\r\nno");
        let liar = Liar::saying(answer).await;
        let node = Node::serving(site(liar.origin.port)).await;
        for length in ["", "content-length: 0\r\n"] {
            let answer = raw(&node, &ask(&format!("{UPGRADE}{KEY}{VERSION}{length}"), SMUGGLED)).await;
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with(&format!("HTTP/1.1 {decline}")) && body == "no", "{answer}");
            assert!(head.contains("connection: close") && !head.contains("upgrade:"), "{answer}");
        }
        let heard = liar.heard();
        assert_eq!(heard.len(), 2, "a connection for each handshake, used once: {heard:?}");
        assert!(heard.iter().all(|heard| heard.matches("get /").count() == 1), "{heard:?}");
        assert!(heard.iter().all(|heard| !heard.contains("content-length")), "{heard:?}");
    }
}

#[tokio::test]
async fn offers_of_other_protocols_are_never_passed_on() {
    let liar = Liar::saying("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi".into()).await;
    let node = Node::serving(site(liar.origin.port)).await;
    let offers = [
        "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n"
            .to_owned(),
        "connection: upgrade\r\nupgrade: TLS/1.2\r\n".to_owned(),
        format!("connection: upgrade\r\nupgrade: websocket, h2c\r\n{KEY}{VERSION}"),
        format!("connection: upgrade\r\nupgrade: websocket\r\nupgrade: h2c\r\n{KEY}{VERSION}"),
        format!("upgrade: websocket\r\n{KEY}{VERSION}"),
    ];
    for offer in &offers {
        let answer = raw(&node, &ask(&format!("{offer}connection: close\r\n"), "")).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "it is an ordinary request: {answer}");
    }
    let heard = liar.heard().concat();
    assert_eq!(heard.matches("get /chat").count(), offers.len());
    for gone in ["upgrade", "http2-settings", "h2c", "tls/1.2"] {
        assert!(!heard.contains(gone), "{gone}: {heard}");
    }
}

#[tokio::test]
async fn a_handshake_with_a_body_or_without_its_parts_is_refused() {
    let liar = Liar::saying("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi".into()).await;
    let node = Node::serving(site(liar.origin.port)).await;
    for (headers, status) in [
        (format!("{UPGRADE}{KEY}{VERSION}content-length: {}\r\n", SMUGGLED.len()), 400),
        (format!("{UPGRADE}{KEY}{VERSION}content-length: 00\r\n"), 400),
        (format!("{UPGRADE}{KEY}{VERSION}content-length: 0\r\ntransfer-encoding: chunked\r\n"), 400),
        (format!("{UPGRADE}{KEY}{VERSION}transfer-encoding: chunked\r\n"), 400),
        (format!("{UPGRADE}{VERSION}"), 400),
        (format!("{UPGRADE}{KEY}{KEY}{VERSION}"), 400),
        (format!("{UPGRADE}{KEY}"), 426),
        (format!("{UPGRADE}{KEY}sec-websocket-version: 8\r\n"), 426),
    ] {
        let answer = raw(&node, &ask(&headers, SMUGGLED)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{headers:?}: {answer}");
        assert!(answer.contains("connection: close") && answer.matches("HTTP/1.1 ").count() == 1, "{answer}");
        assert_eq!(answer.contains("sec-websocket-version: 13\r\n"), status == 426, "{answer}");
    }
    let posted =
        raw(&node, &ask(&format!("{UPGRADE}{KEY}{VERSION}"), SMUGGLED).replace("GET /chat", "POST /chat"))
            .await;
    assert!(posted.starts_with("HTTP/1.1 400 "), "{posted}");
    assert!(liar.heard().is_empty(), "the origin was never asked: {:?}", liar.heard());
}

#[tokio::test]
async fn a_switch_that_was_not_asked_for_is_an_error_of_the_origin() {
    let switch = format!("HTTP/1.1 101 Switching Protocols\r\n{UPGRADE}{ACCEPT}\r\nraw bytes");
    let liar = Liar::saying(switch).await;
    let node = Node::serving(site(liar.origin.port)).await;
    let answer = raw(&node, &ask("connection: close\r\n", "")).await;
    assert!(answer.starts_with("HTTP/1.1 520 ") && !answer.contains("raw bytes"), "{answer}");
}

#[tokio::test]
async fn websockets_over_http2_are_not_offered() {
    let liar = Liar::saying("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi".into()).await;
    let node = Node::serving(site(liar.origin.port)).await;
    let visitor = Visitor::by_tls(&node).await;
    let ordinary = Request::get(format!("https://{HOST}/")).body(()).unwrap();
    assert_eq!(
        visitor.call(ordinary, Bytes::new()).await.http_status,
        200,
        "the settings of the node are known"
    );
    assert!(!visitor.sender.is_extended_connect_protocol_enabled());
}

#[tokio::test]
async fn early_words_wait_until_the_origin_agrees_and_only_as_many_as_are_allowed() {
    let origin = tcp(|mut stream| async move {
        read_request(&mut stream).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let nothing_yet = timeout(Duration::from_millis(50), stream.read_u8()).await;
        assert!(nothing_yet.is_err(), "words before the agreement: {nothing_yet:?}");
        let switch = format!("HTTP/1.1 101 Switching Protocols\r\n{UPGRADE}{ACCEPT}\r\n");
        stream.write_all(switch.as_bytes()).await.unwrap();
        let (mut bytes, mut buffer) = (0_u64, vec![0; 64 << 10]);
        while bytes < 8 << 20 {
            bytes += stream.read(&mut buffer).await.unwrap() as u64;
        }
        stream.write_all(bytes.to_string().as_bytes()).await.unwrap();
    })
    .await;
    let node = Node::serving(site(origin.port)).await;
    let mut stream = TcpStream::connect(node.http).await.unwrap();
    stream.write_all(ask(&format!("{UPGRADE}{KEY}{VERSION}"), "").as_bytes()).await.unwrap();
    let (mut read, mut write) = stream.split();
    let flood = async {
        write.write_all(&vec![7; 8 << 20]).await.unwrap();
        write.shutdown().await.unwrap();
    };
    let mut answer = String::new();
    let listen = read.read_to_string(&mut answer);
    let (_, heard) = timeout(Duration::from_secs(20), async { tokio::join!(flood, listen) }).await.unwrap();
    heard.unwrap();
    assert!(answer.starts_with("HTTP/1.1 101 ") && answer.ends_with(&(8 << 20).to_string()), "{answer}");
}
