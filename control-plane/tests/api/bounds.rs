//! What is too large or too slow, over real sockets: the answer says so, and nothing was done.

use crate::{
    harness::World,
    serving::{over_http1, over_http2, tcp},
};
use control_plane::{
    api::{self, Timeouts},
    listen::{IDLE_TIMEOUT, Listen},
};
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Opens a port for the world's API.
pub(crate) async fn open(world: &World) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(listen(IDLE_TIMEOUT).serve(listener, api::answering(world.app.clone())));
    address
}

fn listen(idle_timeout: Duration) -> Listen {
    Listen { tls: None, idle_timeout, stop: CancellationToken::new(), tasks: TaskTracker::new() }
}

pub(crate) fn request(world: &World, method: &str, path: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(format!("http://localhost/client/v4{path}"))
        .header("host", "localhost")
        .header("authorization", format!("Bearer {}", world.admin.token))
}

fn body(bytes: impl Into<Bytes>) -> Full<Bytes> {
    Full::new(bytes.into())
}

/// Status, first code and headers of a refusal in the envelope.
async fn refusal(response: Response<Incoming>) -> (u16, i64, HeaderMap) {
    let (head, body) = response.into_parts();
    let body: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
    assert_eq!((&body["success"], &body["result"]), (&json!(false), &Value::Null), "{body}");
    (head.status.as_u16(), body["errors"][0]["code"].as_i64().unwrap(), head.headers)
}

/// Sends these bytes and reads until the connection ends.
async fn raw(address: SocketAddr, text: &str) -> String {
    let mut stream = tcp(address).await;
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn long_paths_many_headers_and_many_parameters_are_refused_in_the_envelope() {
    let world = World::new().await;
    let address = open(&world).await;
    let path = format!("/zones?name={}", "a".repeat(9000));
    let long = || request(&world, "GET", &path).body(body("")).unwrap();
    let many = || {
        let named = |request: http::request::Builder, n| request.header(format!("x-{n}"), "1");
        (0..120).fold(request(&world, "GET", "/zones"), named).body(body("")).unwrap()
    };
    let large = || request(&world, "GET", "/zones").header("x-a", "a".repeat(17_000)).body(body("")).unwrap();
    let parameters = format!("/zones?{}", "a=1&".repeat(201));
    let asked = || request(&world, "GET", &parameters).body(body("")).unwrap();
    for (made, expected) in [
        (&long as &dyn Fn() -> Request<_>, (414, 10414)),
        (&many, (431, 10431)),
        (&large, (431, 10431)),
        (&asked, (400, 1004)),
    ] {
        let (one, two) = (over_http1(tcp(address).await, made()), over_http2(tcp(address).await, made()));
        for response in [one.await, two.await] {
            let (status, code, _) = refusal(response).await;
            assert_eq!((status, code), expected);
        }
    }
    let endless = format!("GET / HTTP/1.1\r\nhost: a\r\nx-a: {}\r\n\r\n", "a".repeat(80_000));
    let mut stream = tcp(address).await;
    stream.write_all(endless.as_bytes()).await.ok();
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 431", "beyond what is buffered there is no envelope");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_whether_its_length_is_told_or_not() {
    let world = World::new().await;
    let address = open(&world).await;
    let huge = || request(&world, "POST", "/zones").body(body(vec![b' '; 8 * 1024 * 1024 + 1])).unwrap();
    let (one, two) = (over_http1(tcp(address).await, huge()), over_http2(tcp(address).await, huge()));
    for response in [one.await, two.await] {
        let (status, code, headers) = refusal(response).await;
        assert_eq!((status, code, &headers["x-should-retry"]), (413, 6008, &"false".parse().unwrap()));
    }
    let head = format!(
        "POST /client/v4/zones HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n",
        world.admin.token
    );
    let announced = raw(address, &format!("{head}content-length: 99999999\r\n\r\n")).await;
    assert!(announced.starts_with("HTTP/1.1 413 "), "nothing of it was waited for: {announced}");
    let chunk = format!("100000\r\n{}\r\n", " ".repeat(1024 * 1024));
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{}", chunk.repeat(9));
    let mut stream = tcp(address).await;
    stream.write_all(chunked.as_bytes()).await.ok();
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 413");
    assert_eq!(world.count("zones").await, 0);
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_408_and_the_end_of_its_connection() {
    let mut world = World::new().await;
    world.app.timeouts = Timeouts { body: Duration::from_millis(100), ..Timeouts::default() };
    let address = open(&world).await;
    let slow = format!(
        "POST /client/v4/zones HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\ncontent-length: 22\r\n\r\n{{\"name\":",
        world.admin.token
    );
    let answer = raw(address, &slow).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"code\":6009"), "{answer}");
    assert!(answer.contains("x-should-retry: false"), "{answer}");
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up_and_may_be_tried_again() {
    let mut world = World::new().await;
    world.app.timeouts = Timeouts { request: Duration::from_millis(300), ..Timeouts::default() };
    let address = open(&world).await;
    let mut blocker = world.app.pool.begin().await.unwrap();
    sqlx::query("select from revision_counter for update").execute(&mut *blocker).await.unwrap();
    let write = || request(&world, "POST", "/zones").body(body(r#"{"name":"example.com"}"#)).unwrap();
    let (status, code, headers) = refusal(over_http1(tcp(address).await, write()).await).await;
    assert_eq!((status, code, &headers["retry-after"]), (503, 10503, &"1".parse().unwrap()));
    assert!(!headers.contains_key("x-should-retry"));
    blocker.rollback().await.unwrap();
    assert_eq!(world.count("zones").await, 0, "what was given up never happened");
    let again = over_http1(tcp(address).await, write()).await;
    assert_eq!(again.status(), StatusCode::OK);
}

#[tokio::test]
async fn waiting_for_nodes_is_not_cut_short() {
    let mut world = World::new().await;
    world.app.timeouts = Timeouts { request: Duration::from_millis(500), ..Timeouts::default() };
    let zone = world.zone("example.com").await;
    let address = open(&world).await;
    for sql in [
        "insert into nodes (id, name, signing_key, receiving_key, version, enrolled_with, enrolled_on)
         values (repeat('a', 32), 'deaf', decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'), '0', '', now())",
        "insert into node_states (node_id, stream, last_seen) values (repeat('a', 32), 'held', '2100-01-01')",
    ] {
        sqlx::query(sql).execute(&world.app.pool).await.unwrap();
    }
    let path = format!("{zone}?wait=applied&timeout=1");
    let write = request(&world, "PATCH", &path).body(body(r#"{"paused":true}"#)).unwrap();
    let answer = over_http1(tcp(address).await, write).await;
    assert_eq!(
        (answer.status(), &answer.headers()["orangery-applied"]),
        (StatusCode::OK, &"0/1".parse().unwrap())
    );
}

#[tokio::test]
async fn a_connection_of_http2_is_told_how_many_streams_it_may_have() {
    const MAX_CONCURRENT_STREAMS: u16 = 3;
    let world = World::new().await;
    let mut stream = tcp(open(&world).await).await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[3], 4, "SETTINGS come first");
    let mut settings = vec![0; usize::from(head[2])];
    stream.read_exact(&mut settings).await.unwrap();
    let told: Vec<(u16, u32)> = settings
        .chunks(6)
        .map(|one| {
            (u16::from_be_bytes([one[0], one[1]]), u32::from_be_bytes([one[2], one[3], one[4], one[5]]))
        })
        .collect();
    assert!(told.contains(&(MAX_CONCURRENT_STREAMS, 100)), "{told:?}");
}

#[tokio::test]
async fn an_answer_that_takes_longer_than_the_idle_timeout_is_not_idleness() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let idle_timeout = Duration::from_millis(600);
    tokio::spawn(listen(idle_timeout).serve(listener, move |_, _| async move {
        let slowly = stream::iter(0..12).then(move |_| async move {
            tokio::time::sleep(idle_timeout / 4).await;
            Ok::<_, std::convert::Infallible>(Frame::data(Bytes::from(vec![b'a'; 4000])))
        });
        Response::new(StreamBody::new(Box::pin(slowly)))
    }));
    let mut stream = tcp(address).await;
    for _ in 0..2 {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"0\r\n\r\n") {
            assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "the connection ended");
        }
    }
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty(), "and then it is idle");
}
