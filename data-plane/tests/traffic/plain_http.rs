//! Sites without gRPC: HTTP/1.1 and HTTP/2 visitors, redirects, error pages, and requests that must not be smuggled.

use crate::{
    authority::Leaf,
    harness::{HOST, Node, Plan},
    http1::{get, mirror, mirror_on, raw, read_request, site},
    origins::{self, tcp},
    visitor::{self, Visitor, outcome},
};
use bytes::Bytes;
use http::Request;
use policy::ssl::SslMode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn an_http1_site_works_and_its_origin_learns_who_calls() {
    let origin = mirror().await;
    let node = Node::serving(site(origin.port)).await;
    let answer =
        get(&node, "x-forwarded-for: 203.0.113.9\r\ncf-connecting-ip: 6.6.6.6\r\nupgrade: websocket\r\n")
            .await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains("cf-ray: ") && !head.contains("x-accel") && !head.contains("keep-alive: 5"),
        "{head}"
    );
    assert!(body.contains("get /path?q=1 http/1.1\r\n"), "{body}");
    assert!(body.contains("host: grpc.demo.test\r\n"));
    assert!(body.contains("x-forwarded-for: 203.0.113.9, 127.0.0.1\r\n"));
    assert!(body.contains("cf-connecting-ip: 127.0.0.1\r\n"));
    assert!(body.contains("x-forwarded-proto: http\r\n"));
    assert!(body.contains("cf-visitor: {\"scheme\":\"http\"}\r\n"));
    assert!(!body.contains("upgrade") && !body.contains("6.6.6.6") && !body.contains("connection: close"));
}

#[tokio::test]
async fn an_http2_visitor_reaches_an_http1_origin_with_a_body() {
    let origin = mirror().await;
    let node = Node::serving(site(origin.port)).await;
    let visitor = Visitor::by_tls(&node).await;
    for number in 1..=3 {
        let request =
            Request::put(format!("https://{HOST}/item")).header("content-length", "4").body(()).unwrap();
        let outcome = visitor.call(request, Bytes::from_static(b"data")).await;
        let body = String::from_utf8(outcome.body.to_vec()).unwrap();
        assert_eq!(outcome.http_status, 200);
        assert!(body.starts_with(&format!("request {number} here")), "the connection is used again: {body}");
        assert!(
            body.contains("put /item http/1.1")
                && body.contains("content-length: 4")
                && body.ends_with("data")
        );
        assert!(body.contains("x-forwarded-proto: https"));
    }
    let unknown_length = Request::post(format!("https://{HOST}/item")).body(()).unwrap();
    let outcome = visitor.call(unknown_length, Bytes::from_static(b"data")).await;
    assert!(
        String::from_utf8(outcome.body.to_vec()).unwrap().contains("4\r\ndata\r\n0\r\n\r\n"),
        "it comes in chunks"
    );
}

#[tokio::test]
async fn a_tls_origin_is_spoken_to_in_the_version_it_offers() {
    let leaf = Leaf::self_signed(&[HOST]);
    let http1 = origins::tls(&leaf, &["http/1.1"], mirror_on).await;
    let node = Node::serving(Plan::to(http1.port)).await;
    assert!(get(&node, "").await.contains("get /path?q=1 http/1.1"));
    let http2 = origins::tls(&leaf, &["h2", "http/1.1"], |stream| {
        origins::serve_h2(stream, |request, mut respond| async move {
            let response = http::Response::builder().header("x-version", format!("{:?}", request.version()));
            let mut body = respond.send_response(response.body(()).unwrap(), false).unwrap();
            body.send_data("hi".into(), true).unwrap();
        })
    })
    .await;
    node.put(Plan::to(http2.port)).await;
    assert!(get(&node, "").await.contains("x-version: HTTP/2.0"));
}

#[tokio::test]
async fn visitors_are_redirected_as_the_ssl_mode_says() {
    let origin = mirror().await;
    let node = Node::serving(site(origin.port).settings(|settings| settings.always_use_https = true)).await;
    let answer = get(&node, "").await;
    assert!(answer.starts_with("HTTP/1.1 301"), "{answer}");
    assert!(answer.contains(&format!("location: https://{HOST}/path?q=1\r\n")), "{answer}");
    let ported =
        raw(&node, &format!("GET / HTTP/1.1\r\nhost: {HOST}:8000\r\nconnection: close\r\n\r\n")).await;
    assert!(ported.contains(&format!("location: https://{HOST}:{}/\r\n", node.https.port())), "{ported}");

    let off = site(origin.port).ssl(SslMode::Off).settings(|settings| settings.always_use_https = true);
    node.put(off).await;
    assert!(get(&node, "").await.starts_with("HTTP/1.1 200"), "the two never send visitors in a circle");
    let mut tls = visitor::tls(&node, HOST, &["http/1.1"]).await.unwrap();
    tls.write_all(format!("GET /x HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = tls.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 301") && answer.contains(&format!("location: http://{HOST}/x\r\n")),
        "{answer}"
    );
}

#[tokio::test]
async fn flexible_reaches_a_plain_origin_for_a_visitor_by_tls() {
    let origin = mirror().await;
    let node = Node::serving(Plan::to(origin.port).ssl(SslMode::Flexible)).await;
    let visitor = Visitor::by_tls(&node).await;
    let request = Request::get(format!("https://{HOST}/")).body(()).unwrap();
    let outcome = visitor.call(request, Bytes::new()).await;
    assert_eq!(outcome.http_status, 200);
}

#[tokio::test]
async fn people_and_programs_get_errors_they_can_read() {
    let node = Node::serving(site(origins::refusing().await)).await;
    let page = get(&node, "accept: text/html,application/xhtml+xml\r\n").await;
    assert!(page.starts_with("HTTP/1.1 521 ") && page.contains("<h1>Error 521</h1>"), "{page}");
    assert!(page.contains("cf-error-type: 521\r\n") && page.contains("cf-ray: "));
    let json = get(&node, "accept: application/json\r\n").await;
    let (head, body) = json.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: application/problem+json"));
    let problem: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((&problem["status"], &problem["error_code"]), (&521.into(), &521.into()));
    assert_eq!((&problem["error_name"], &problem["retryable"]), (&"origin_refused".into(), &true.into()));
    assert_eq!((&problem["cloudflare_error"], &problem["zone"]), (&true.into(), &HOST.into()));
    let text = get(&node, "").await;
    assert!(text.contains("\r\n\r\nerror code: 521\n"), "{text}");
}

#[tokio::test]
async fn grpc_over_http1_is_told_so_with_415() {
    let node = Node::serving(Plan::to(9)).await;
    let request = format!(
        "POST /a.B/C HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/grpc\r\ncontent-length: 0\r\n\
                           connection: close\r\n\r\n"
    );
    let answer = raw(&node, &request).await;
    assert!(answer.starts_with("HTTP/1.1 415 ") && answer.contains("content-type: text/plain"), "{answer}");
}

#[tokio::test]
async fn grpc_web_passes_as_plain_http() {
    let origin = mirror().await;
    let node = Node::serving(site(origin.port)).await;
    let request = format!(
        "POST /a.B/C HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/grpc-web+proto\r\n\
                           content-length: 2\r\nconnection: close\r\n\r\nhi"
    );
    let answer = raw(&node, &request).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("content-type: application/grpc-web+proto"),
        "{answer}"
    );
}

#[tokio::test]
async fn requests_with_two_ends_never_reach_the_origin() {
    let origin = mirror().await;
    let node = Node::serving(site(origin.port)).await;
    let smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: grpc.demo.test\r\n\r\n";
    for framing in [
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: identity, chunked\r\n",
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding : chunked\r\n",
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: +5\r\n",
        "content-length: 5, 5\r\n",
        "content-length : 5\r\n",
        "content-length:\r\n 5\r\n",
    ] {
        let answer = raw(&node, &format!("POST / HTTP/1.1\r\nhost: {HOST}\r\n{framing}\r\n{smuggled}")).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{framing:?} got {answer}");
        assert!(
            !answer.contains("smuggled") && answer.matches("HTTP/1.1 ").count() == 1,
            "{framing:?} got {answer}"
        );
    }
}

/// RFC 9112, 6.3: the coding counts, the length goes, and nothing else is read from the connection.
#[tokio::test]
async fn a_length_next_to_a_coding_is_dropped_with_the_connection() {
    let origin = mirror().await;
    let node = Node::serving(site(origin.port)).await;
    for framing in [
        "content-length: 6\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 6\r\n",
    ] {
        let rest = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: grpc.demo.test\r\n\r\n";
        let answer = raw(&node, &format!("POST / HTTP/1.1\r\nhost: {HOST}\r\n{framing}\r\n{rest}")).await;
        let (head, seen) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("connection: close"), "{head}");
        assert!(seen.contains("transfer-encoding: chunked") && !seen.contains("content-length"), "{seen}");
        assert!(!answer.contains("smuggled") && answer.matches("HTTP/1.1 200").count() == 1, "{answer}");
    }
}

#[tokio::test]
async fn hosts_that_disagree_are_malformed() {
    let origin = mirror().await;
    let node = Node::serving(site(origin.port)).await;
    for head in [
        format!("GET / HTTP/1.1\r\nhost: {HOST}\r\nhost: other.test\r\n"),
        format!("GET http://{HOST}/ HTTP/1.1\r\nhost: other.test\r\n"),
        "GET / HTTP/1.1\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: a b\r\n".to_owned(),
    ] {
        let answer = raw(&node, &format!("{head}connection: close\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{head:?} got {answer}");
    }
    let absolute = format!("GET http://{HOST}/ HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n\r\n");
    assert!(raw(&node, &absolute).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_never_passed_as_whole() {
    let origin = tcp(|mut stream| async move {
        read_request(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
            .await
            .unwrap();
    })
    .await;
    let node = Node::serving(site(origin.port)).await;
    let visitor = Visitor::by_tls(&node).await;
    let (response, mut upload) =
        visitor.open(Request::get(format!("https://{HOST}/")).body(()).unwrap()).await;
    upload.send_data(Bytes::new(), true).unwrap();
    assert!(outcome(response.await.unwrap()).await.is_err(), "the visitor's stream is reset");
    let answer = get(&node, "").await;
    assert!(answer.contains("hello") && !answer.ends_with("0\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn an_origin_that_speaks_no_http_is_520() {
    let origin = tcp(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(b"this is not HTTP at all\r\n\r\n").await.unwrap();
    })
    .await;
    let node = Node::serving(site(origin.port)).await;
    assert!(get(&node, "").await.starts_with("HTTP/1.1 520 "));
}

#[tokio::test]
async fn an_origin_cannot_switch_protocols_unasked() {
    let origin = tcp(|mut stream| async move {
        read_request(&mut stream).await;
        let switch =
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nraw bytes";
        stream.write_all(switch).await.unwrap();
    })
    .await;
    let node = Node::serving(site(origin.port)).await;
    let answer = get(&node, "").await;
    assert!(answer.starts_with("HTTP/1.1 520 ") && !answer.contains("raw bytes"), "{answer}");
}
