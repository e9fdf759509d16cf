//! `proxy_read_timeout`: how long an origin may be silent on plain HTTP.

use crate::{
    authority::Leaf,
    harness::{HOST, Node, Plan},
    http1::{get, mirror_on, raw_on, read_request, site},
    origins::{self, Scripted, grpc_head, status, tcp},
    visitor::Visitor,
    websockets,
};
use bytes::Bytes;
use http::Request;
use policy::settings::ProxyReadTimeout;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

/// Longer than the second for which origins may be silent here.
const FAR: Duration = Duration::from_millis(1200);

fn patient_for(plan: Plan, seconds: u16) -> Plan {
    plan.settings(|settings| settings.proxy_read_timeout = ProxyReadTimeout::from_seconds(seconds).unwrap())
}

#[tokio::test]
async fn an_origin_that_falls_silent_is_given_up_with_524() {
    let silent = origins::silent().await;
    let node = Node::serving(patient_for(site(silent.port), 1)).await;
    let began = Instant::now();
    assert!(get(&node, "").await.starts_with("HTTP/1.1 524 "));
    assert!(began.elapsed() >= Duration::from_secs(1), "after the second that the zone allows");
}

/// A way to `port` on which every new connection takes this long.
async fn far_away(port: u16, delay: Duration) -> Scripted {
    tcp(move |mut stream| async move {
        tokio::time::sleep(delay).await;
        let mut inner = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut inner).await;
    })
    .await
}

#[tokio::test]
async fn the_time_begins_when_the_origin_has_the_request_and_not_while_it_is_connected_to() {
    let pages = origins::tls(&Leaf::self_signed(&[HOST]), &["http/1.1"], mirror_on).await;
    let chat = origins::tls(&Leaf::self_signed(&[HOST]), &["http/1.1"], websockets::echo).await;
    let [far_pages, far_chat] = [far_away(pages.port, FAR).await, far_away(chat.port, FAR).await];
    let node = Node::start_with(|config| config.origin_connect_timeout = Duration::from_secs(10)).await;
    node.put(patient_for(Plan::to(far_pages.port).grpc(false), 1)).await;
    let answer = get(&node, "").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    node.put(patient_for(Plan::to(far_chat.port).grpc(false), 1)).await;
    let (mut socket, _) = websockets::open(&node, false).await.unwrap();
    assert_eq!(websockets::say(&mut socket, b"hello").await, b"hello");

    let silent = origins::silent().await;
    node.put(patient_for(site(silent.port), 1)).await;
    let began = Instant::now();
    assert!(websockets::open(&node, false).await.is_err(), "a WebSocket's origin may not be silent either");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_answer_that_falls_silent_is_cut() {
    let midway = tcp(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let node = Node::serving(patient_for(site(midway.port), 1)).await;
    let answer = get(&node, "").await;
    assert!(answer.ends_with("\r\n\r\n12345"), "the connection is closed before the promised end: {answer}");
}

#[tokio::test]
async fn a_slow_answer_that_goes_on_is_never_cut() {
    let slow = tcp(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n").await.unwrap();
        for byte in b"slow" {
            tokio::time::sleep(Duration::from_millis(400)).await;
            stream.write_all(&[*byte]).await.unwrap();
        }
    })
    .await;
    let node = Node::serving(patient_for(site(slow.port), 1)).await;
    assert!(get(&node, "").await.ends_with("\r\n\r\nslow"));
}

#[tokio::test]
async fn an_origin_that_answers_at_the_end_of_a_slow_upload_is_not_silent_meanwhile() {
    let early = tcp(|mut stream| async move {
        let mut heard = Vec::new();
        let mut has_answered = false;
        while !heard.ends_with(b"0\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return };
            heard.push(byte);
            if !has_answered && heard.ends_with(b"\r\n\r\n") {
                has_answered = true;
                stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
            }
        }
        stream.write_all(b"4\r\ndone\r\n0\r\n\r\n").await.unwrap();
    })
    .await;
    let node = Node::serving(patient_for(site(early.port), 1)).await;
    let mut stream = TcpStream::connect(node.http).await.unwrap();
    let head = format!("POST / HTTP/1.1\r\nhost: {HOST}\r\ntransfer-encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(250)).await;
        stream.write_all(b"1\r\nx\r\n").await.unwrap();
    }
    let answer = raw_on(stream, "0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("done"), "{answer}");
}

#[tokio::test]
async fn grpc_has_its_deadlines_instead() {
    let slow = origins::h2c(|_request, mut respond| async move {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        respond.send_response(grpc_head(), false).unwrap().send_trailers(status("0")).unwrap();
    })
    .await;
    let node = Node::serving(patient_for(Plan::h2c(slow.port), 1)).await;
    let visitor = Visitor::by_tls(&node).await;
    assert_eq!(visitor.hello().await.grpc_status(), Some(0));
    let plain = Request::get(format!("https://{HOST}/")).body(()).unwrap();
    assert_eq!(visitor.call(plain, Bytes::new()).await.http_status, 524, "the same origin for a browser");
}
