//! `max_upload`: a body is counted as a whole, a gRPC stream message by message.

use crate::{
    harness::{HOST, Node, Plan},
    http1::{raw, raw_on, site},
    origins::{self, Scripted, grpc_head, status, tcp},
    visitor::{Visitor, hello, outcome},
};
use bytes::Bytes;
use http::Request;
use policy::settings::MaxUpload;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const MIB: usize = 1 << 20;

fn limited(plan: Plan, megabytes: u16) -> Plan {
    plan.settings(|settings| settings.max_upload = MaxUpload::from_megabytes(megabytes).unwrap())
}

fn post(framing: &str) -> String {
    format!("POST / HTTP/1.1\r\nhost: {HOST}\r\n{framing}\r\n")
}

fn chunk(bytes: usize) -> String {
    format!("{bytes:x}\r\n{}\r\n", "x".repeat(bytes))
}

/// What an HTTP/1.1 origin got of each connection, once that has ended; it answers when a body is complete.
struct Recorder {
    origin: Scripted,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    async fn start() -> Self {
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let record = Arc::clone(&seen);
        let origin = tcp(move |mut stream| {
            let record = Arc::clone(&record);
            async move {
                let (mut bytes, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
                while let Ok(1..) =
                    stream.read(&mut buffer).await.inspect(|read| bytes.extend(&buffer[..*read]))
                {
                    if bytes.ends_with(b"0\r\n\r\n") {
                        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
                    }
                }
                record.lock().unwrap().push(String::from_utf8(bytes).unwrap());
            }
        })
        .await;
        Self { origin, seen }
    }

    /// Waits for the end of the first connection.
    async fn first(&self) -> String {
        let recorded = async {
            loop {
                if let Some(first) = self.seen.lock().unwrap().first() {
                    return first.clone();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(10), recorded).await.expect("the connection to the origin ends")
    }
}

#[tokio::test]
async fn an_announced_body_that_is_too_large_is_refused_before_the_origin_is_asked() {
    let node = Node::serving(limited(site(origins::refusing().await), 1)).await;
    let within =
        raw(&node, &post("content-length: 4\r\nconnection: close\r\n").replace("\r\n\r\n", "\r\n\r\nbody"))
            .await;
    assert!(within.starts_with("HTTP/1.1 521 "), "an allowed one is tried: {within}");
    let refused = raw(&node, &post(&format!("content-length: {}\r\n", MIB + 1))).await;
    assert!(refused.starts_with("HTTP/1.1 413 ") && refused.contains("connection: close"), "{refused}");
    assert!(refused.contains("cf-error-type: 413"), "{refused}");
    let visitor = Visitor::by_tls(&node).await;
    let announced =
        Request::post(format!("https://{HOST}/")).header("content-length", MIB + 1).body(()).unwrap();
    let (response, _upload) = visitor.open(announced).await;
    assert_eq!(response.await.unwrap().status(), 413, "over HTTP/2 as well");
}

#[tokio::test]
async fn an_upload_that_will_be_refused_is_not_invited() {
    let recorder = Recorder::start().await;
    let node = Node::serving(limited(site(recorder.origin.port), 1)).await;
    let expecting = format!("expect: 100-continue\r\ncontent-length: {}\r\n", MIB + 1);
    let refused = raw(&node, &post(&expecting)).await;
    assert!(refused.starts_with("HTTP/1.1 413 ") && !refused.contains("100 Continue"), "{refused}");

    let mut stream = TcpStream::connect(node.http).await.unwrap();
    stream
        .write_all(post("expect: 100-continue\r\ntransfer-encoding: chunked\r\n").as_bytes())
        .await
        .unwrap();
    let mut invitation = [0; 25];
    timeout(Duration::from_secs(5), stream.read_exact(&mut invitation)).await.unwrap().unwrap();
    assert_eq!(&invitation[..], b"HTTP/1.1 100 Continue\r\n\r\n", "one whose size is unknown is");
    let answer = raw_on(stream, &format!("{}0\r\n\r\n", chunk(4))).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[tokio::test]
async fn a_body_without_a_length_is_counted_and_the_origin_never_takes_its_part_for_the_whole() {
    let recorder = Recorder::start().await;
    let node = Node::serving(limited(site(recorder.origin.port), 1)).await;
    let chunked = post("transfer-encoding: chunked\r\n");
    let too_large = raw(&node, &format!("{chunked}{}{}0\r\n\r\n", chunk(MIB), chunk(1))).await;
    assert!(too_large.starts_with("HTTP/1.1 413 "), "{too_large}");
    let seen = recorder.first().await;
    assert!(
        seen.starts_with("POST / HTTP/1.1\r\n") && !seen.ends_with("0\r\n\r\n"),
        "it ends without its end"
    );

    let whole = raw(&node, &format!("{chunked}{}0\r\n\r\n", chunk(MIB))).await;
    assert!(whole.starts_with("HTTP/1.1 200 "), "a body of exactly the limit passes: {whole}");
    node.put(limited(site(recorder.origin.port), 0)).await;
    let unlimited = raw(&node, &format!("{chunked}{}{}0\r\n\r\n", chunk(MIB), chunk(MIB))).await;
    assert!(unlimited.starts_with("HTTP/1.1 200 "), "0 is no limit: {unlimited}");
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn literal(name: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| [u8::try_from(text.len()).unwrap()];
    [&[0], &length(name)[..], name.as_bytes(), &length(value), value.as_bytes()].concat()
}

/// Begins an upload by HTTP/2, then sends its last bytes and a reset in one go, so that the node reads both together.
async fn cut_upload(node: &Node, reason: h2::Reason) -> TcpStream {
    let head = [(":method", "POST"), (":scheme", "http"), (":authority", HOST), (":path", "/")];
    let head: Vec<u8> = head.iter().flat_map(|(name, value)| literal(name, value)).collect();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let start = [preface, frame(4, 0, 0, b""), frame(1, 4, 1, &head), frame(0, 0, 1, b"half of")].concat();
    let mut stream = TcpStream::connect(node.http).await.unwrap();
    stream.write_all(&start).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let end = [frame(0, 0, 1, b" it"), frame(3, 0, 1, &u32::from(reason).to_be_bytes())].concat();
    stream.write_all(&end).await.unwrap();
    stream
}

#[tokio::test]
async fn a_body_that_its_visitor_cuts_reaches_no_origin_as_a_whole_one() {
    // A visitor may give up "without an error", which is no end either (RFC 9113, 8.1).
    for reason in [h2::Reason::NO_ERROR, h2::Reason::CANCEL] {
        let recorder = Recorder::start().await;
        let node = Node::serving(site(recorder.origin.port)).await;
        let _visitor = cut_upload(&node, reason).await;
        let seen = recorder.first().await;
        assert!(seen.contains("half of") && !seen.ends_with("0\r\n\r\n"), "{reason:?}: {seen}");

        let (origin, mut told) = reader().await;
        node.put(Plan::h2c(origin.port)).await;
        let _visitor = cut_upload(&node, reason).await;
        let end = timeout(Duration::from_secs(5), told.recv()).await.unwrap().unwrap();
        assert_eq!(end, Err(Some(h2::Reason::CANCEL)), "{reason:?}: the origin's stream is reset");
    }
}

/// An HTTP/2 origin that answers at once if asked to, reads the body, and tells how that ended.
async fn reader() -> (Scripted, tokio::sync::mpsc::UnboundedReceiver<Result<usize, Option<h2::Reason>>>) {
    let (tell, told) = tokio::sync::mpsc::unbounded_channel();
    let origin = origins::h2c(move |request, mut respond| {
        let tell = tell.clone();
        async move {
            let early = request.headers().contains_key("x-early");
            let mut answer = early.then(|| respond.send_response(grpc_head(), false).unwrap());
            let mut body = request.into_body();
            let (mut bytes, mut end) = (0, Ok(()));
            while let Some(piece) = body.data().await {
                match piece {
                    Ok(piece) => {
                        bytes += piece.len();
                        let _ = body.flow_control().release_capacity(piece.len());
                    }
                    Err(error) => {
                        end = Err(error.reason());
                        break;
                    }
                }
            }
            tell.send(end.map(|()| bytes)).unwrap();
            if end.is_ok() {
                let body = answer.get_or_insert_with(|| respond.send_response(grpc_head(), false).unwrap());
                body.send_trailers(status("0")).unwrap();
            }
        }
    })
    .await;
    (origin, told)
}

fn message(length: usize, there: usize) -> Bytes {
    let prefix = u32::try_from(length).unwrap().to_be_bytes();
    [&[1][..], &prefix, &vec![0; there]].concat().into()
}

#[tokio::test]
async fn a_grpc_stream_has_no_limit_but_each_of_its_messages_has() {
    let (origin, mut told) = reader().await;
    let node = Node::serving(limited(Plan::h2c(origin.port), 1)).await;
    let visitor = Visitor::by_tls(&node).await;
    let (response, mut body) = visitor.open(visitor.grpc(HOST)).await;
    for _ in 0..3 {
        body.send_data(message(MIB, MIB), false).unwrap();
    }
    body.send_data(Bytes::new(), true).unwrap();
    let long = outcome(response.await.unwrap()).await.unwrap();
    assert_eq!(long.grpc_status(), Some(0), "{long:?}");
    assert_eq!(told.recv().await.unwrap(), Ok(3 * (MIB + 5)));

    let (response, mut body) = visitor.open(visitor.grpc(HOST)).await;
    body.send_data(hello("small"), false).unwrap();
    body.send_data(message(MIB + 1, 0), false).unwrap();
    let refused = outcome(response.await.unwrap()).await.unwrap();
    assert!(refused.trailers_only, "{refused:?}");
    assert_eq!((refused.grpc_status(), refused.reason().as_str()), (Some(8), "UPLOAD_TOO_LARGE"));
    assert_eq!(told.recv().await.unwrap(), Err(Some(h2::Reason::CANCEL)), "the origin's stream is reset");

    node.put(limited(Plan::h2c(origin.port), 0)).await;
    let call = visitor.call(visitor.grpc(HOST), message(2 * MIB, 2 * MIB)).await;
    assert_eq!(call.grpc_status(), Some(0), "0 is no limit");
}

#[tokio::test]
async fn a_call_that_was_answered_already_ends_with_status_8_in_its_trailers() {
    let (origin, mut told) = reader().await;
    let node = Node::serving(limited(Plan::h2c(origin.port), 1)).await;
    let visitor = Visitor::by_tls(&node).await;
    let mut request = visitor.grpc(HOST);
    request.headers_mut().insert("x-early", http::HeaderValue::from_static("1"));
    let (response, mut body) = visitor.open(request).await;
    let response = response.await.unwrap();
    body.send_data(message(MIB + 1, 0), false).unwrap();
    let cut = timeout(Duration::from_secs(5), outcome(response)).await.unwrap().unwrap();
    assert!(!cut.trailers_only);
    assert_eq!((cut.grpc_status(), cut.reason().as_str()), (Some(8), "UPLOAD_TOO_LARGE"));
    assert_eq!(told.recv().await.unwrap(), Err(Some(h2::Reason::CANCEL)));
}

#[tokio::test]
async fn a_plain_body_towards_an_http2_origin_is_reset_and_never_ended() {
    let (origin, mut told) = reader().await;
    let node = Node::serving(limited(Plan::h2c(origin.port), 1)).await;
    let visitor = Visitor::by_tls(&node).await;
    for content_type in ["application/octet-stream", "application/grpc-web+proto"] {
        let request =
            Request::post(format!("https://{HOST}/")).header("content-type", content_type).body(()).unwrap();
        let refused = visitor.call(request, Bytes::from(vec![0; MIB + 1])).await;
        assert_eq!(refused.http_status, 413, "{content_type}");
        assert_eq!(told.recv().await.unwrap(), Err(Some(h2::Reason::CANCEL)), "{content_type}");
    }
    let mut early = Request::post(format!("https://{HOST}/")).body(()).unwrap();
    early.headers_mut().insert("x-early", http::HeaderValue::from_static("1"));
    let (response, mut body) = visitor.open(early).await;
    let response = response.await.unwrap();
    body.send_data(Bytes::from(vec![0; MIB + 1]), true).unwrap();
    assert!(
        timeout(Duration::from_secs(5), outcome(response)).await.unwrap().is_err(),
        "an answer that began is cut"
    );
}

/// An HTTP/2 origin that takes so many bytes of its first request, then declares it not processed; it answers all others.
async fn refuser(bytes_first: usize) -> (Scripted, Arc<AtomicUsize>) {
    let requests: Arc<AtomicUsize> = Arc::default();
    let count = Arc::clone(&requests);
    let origin = origins::h2c(move |request, mut respond| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            let mut body = request.into_body();
            let mut bytes = 0;
            while bytes < bytes_first {
                bytes += body.data().await.unwrap().unwrap().len();
            }
            if first {
                return respond.send_reset(h2::Reason::REFUSED_STREAM);
            }
            respond.send_response(grpc_head(), false).unwrap().send_trailers(status("0")).unwrap();
        }
    })
    .await;
    (origin, requests)
}

#[tokio::test]
async fn a_small_body_is_kept_for_another_attempt_and_one_in_very_many_pieces_is_not() {
    for (pieces, attempts, grpc_status) in [(100, 2, 0), (2_000, 1, 14)] {
        let (origin, requests) = refuser(pieces).await;
        let node = Node::serving(Plan::h2c(origin.port)).await;
        let visitor = Visitor::by_tls(&node).await;
        let (response, mut body) = visitor.open(visitor.grpc(HOST)).await;
        for _ in 0..pieces {
            body.send_data(Bytes::from_static(&[0]), false).unwrap();
        }
        let answer = timeout(Duration::from_secs(5), response).await.unwrap().unwrap();
        assert_eq!(outcome(answer).await.unwrap().grpc_status(), Some(grpc_status), "{pieces} pieces");
        assert_eq!(requests.load(Ordering::SeqCst), attempts, "{pieces} pieces");
    }
}
