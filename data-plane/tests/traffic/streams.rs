//! Many calls on few connections: nobody pays for a neighbour's slowness.

use crate::{
    harness::{HOST, Node, Plan},
    origins::{self, grpc_head, status},
    visitor::{Visitor, hello, outcome},
};
use bytes::Bytes;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

/// h2 ends a whole connection when too many small DATA frames wait to be read (RUSTSEC-2026-0258 and its fix).
#[tokio::test]
async fn a_visitor_who_does_not_read_does_not_hurt_siblings_on_the_same_origin_connection() {
    const MESSAGES: usize = 5000;
    let origin = origins::h2c(|request, mut respond| async move {
        let many = request.headers().contains_key("x-many");
        let mut body = respond.send_response(grpc_head(), false).unwrap();
        for _ in 0..if many { MESSAGES } else { 1 } {
            body.send_data(hello("x"), false).unwrap();
            tokio::task::yield_now().await;
        }
        body.send_trailers(status("0")).unwrap();
        if many {
            std::future::pending::<()>().await;
        }
    })
    .await;
    let node = Node::serving(Plan::h2c(origin.port)).await;
    let mut stalled = Vec::new();
    let slow = small_window(&node).await;
    for _ in 0..10 {
        let mut request = slow.grpc(HOST);
        request.headers_mut().insert("x-many", http::HeaderValue::from_static("1"));
        let (response, upload) = slow.open(request).await;
        stalled.push((response.await.unwrap(), upload));
    }
    let sibling = Visitor::by_tls(&node).await;
    for _ in 0..50 {
        assert_eq!(sibling.hello().await.grpc_status(), Some(0));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The slow ones were only slow: everything is there.
    for (response, _upload) in stalled {
        let outcome = timeout(Duration::from_secs(10), outcome(response)).await.unwrap().unwrap();
        assert_eq!(outcome.body.len(), MESSAGES * hello("x").len());
        assert_eq!(outcome.grpc_status(), Some(0));
    }
}

/// A visitor whose streams take 1,024 bytes until they are read.
async fn small_window(node: &Node) -> Visitor {
    let tls = crate::visitor::tls(node, HOST, &["h2"]).await.unwrap();
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(1024).initial_connection_window_size(1 << 20);
    let (sender, connection) = builder.handshake::<_, Bytes>(tls).await.unwrap();
    tokio::spawn(connection);
    Visitor { sender, scheme: "https" }
}

#[tokio::test]
async fn an_upload_that_the_origin_does_not_read_does_not_hurt_siblings() {
    let origin = origins::h2c(|request, mut respond| async move {
        if request.headers().contains_key("x-stall") {
            // Holds the request without reading it.
            std::future::pending::<()>().await;
            drop(request);
        }
        respond.send_response(grpc_head(), false).unwrap().send_trailers(status("0")).unwrap();
    })
    .await;
    let node = Node::serving(Plan::h2c(origin.port)).await;
    let visitor = Visitor::by_tls(&node).await;
    let mut request = visitor.grpc(HOST);
    request.headers_mut().insert("x-stall", http::HeaderValue::from_static("1"));
    let (_response, mut upload) = visitor.open(request).await;
    for _ in 0..20_000 {
        upload.send_data(hello("x"), false).unwrap();
    }
    for _ in 0..20 {
        assert_eq!(visitor.hello().await.grpc_status(), Some(0));
    }
}

#[tokio::test]
async fn a_burst_of_calls_shares_one_connection_to_the_origin() {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let origin = origins::tcp(move |stream| {
        count.fetch_add(1, Ordering::SeqCst);
        origins::serve_h2(stream, |_request, mut respond| async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            respond.send_response(grpc_head(), false).unwrap().send_trailers(status("0")).unwrap();
        })
    })
    .await;
    let node = Node::serving(Plan::h2c(origin.port)).await;
    let visitor = Visitor::by_tls(&node).await;
    let calls = futures_util::future::join_all((0..90).map(|_| visitor.hello())).await;
    assert!(calls.iter().all(|outcome| outcome.grpc_status() == Some(0)));
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    let calls = futures_util::future::join_all((0..180).map(|_| visitor.hello())).await;
    assert!(calls.iter().all(|outcome| outcome.grpc_status() == Some(0)));
    assert_eq!(connections.load(Ordering::SeqCst), 2, "a hundred calls at once are one connection's share");
}

#[tokio::test]
async fn two_zones_never_share_a_connection_to_the_same_origin() {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let origin = origins::tcp(move |stream| {
        count.fetch_add(1, Ordering::SeqCst);
        origins::serve_h2(stream, |_request, mut respond| async move {
            respond.send_response(grpc_head(), false).unwrap().send_trailers(status("0")).unwrap();
        })
    })
    .await;
    let node = Node::serving(Plan::h2c(origin.port)).await;
    let settings = policy::origin::OriginSettings {
        port: Some(origin.port),
        protocol: policy::origin::OriginProtocol::Grpc,
        ..Default::default()
    };
    node.put(Plan::h2c(origin.port).named("second.test", 2).record("grpc.second.test", settings)).await;
    for host in [HOST, "grpc.second.test", HOST, "grpc.second.test"] {
        let visitor = Visitor::by_tls_to(&node, host).await;
        assert_eq!(visitor.call(visitor.grpc(host), hello("x")).await.grpc_status(), Some(0));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_origin_that_restarts_is_found_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let greet = |_request, mut respond: h2::server::SendResponse<Bytes>| async move {
        respond.send_response(grpc_head(), false).unwrap().send_trailers(status("0")).unwrap();
    };
    let serve = tokio::spawn(async move {
        for _ in 0..2 {
            // Each connection answers one call and is gone.
            let (stream, _) = listener.accept().await.unwrap();
            let _ = timeout(Duration::from_millis(200), origins::serve_h2(stream, greet)).await;
        }
    });
    let node = Node::serving(Plan::h2c(port)).await;
    let visitor = Visitor::by_tls(&node).await;
    assert_eq!(visitor.hello().await.grpc_status(), Some(0));
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(visitor.hello().await.grpc_status(), Some(0));
    serve.abort();
}

/// Open calls keep the rules they began with.
#[tokio::test]
async fn a_stream_opened_before_a_change_ends_normally_after_it() {
    let (_origin, port) = origins::sample_h2c().await;
    let node = Node::serving(Plan::h2c(port)).await;
    let visitor = Visitor::by_tls(&node).await;
    let mut request = visitor.grpc(HOST);
    *request.uri_mut() = format!("https://{HOST}/hello.HelloService/BidiHello").parse().unwrap();
    let (response, mut upload) = visitor.open(request).await;
    upload.send_data(hello("before"), false).unwrap();
    let response = response.await.unwrap();
    node.put(Plan::h2c(port).grpc(false)).await;
    assert_eq!(visitor.hello().await.grpc_status(), Some(7), "the change is in force");
    upload.send_data(hello("after"), true).unwrap();
    let outcome = outcome(response).await.unwrap();
    assert_eq!(outcome.grpc_status(), Some(0));
    assert!(outcome.body.ends_with(b"hello after"));
}

/// Streams above the last one of a GOAWAY were not processed (RFC 9113, 6.8).
#[tokio::test]
async fn calls_that_a_goaway_leaves_behind_are_carried_by_another_connection() {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let origin = origins::tcp(move |mut stream| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if !first {
                return origins::serve_h2(stream, |_request, mut respond| async move {
                    respond.send_response(grpc_head(), false).unwrap().send_trailers(status("0")).unwrap();
                })
                .await;
            }
            // SETTINGS, time for a request to come, then GOAWAY with the last stream 0.
            stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
            let _ = timeout(Duration::from_millis(100), stream.read(&mut [0; 4096])).await;
            stream.write_all(&[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    })
    .await;
    let node = Node::serving(Plan::h2c(origin.port)).await;
    assert_eq!(Visitor::by_tls(&node).await.hello().await.grpc_status(), Some(0));
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_origin_that_is_full_is_told_apart_from_one_that_is_away() {
    let origin = origins::tcp(|stream| async move {
        let mut builder = h2::server::Builder::new();
        builder.max_concurrent_streams(1);
        let mut connection = builder.handshake::<_, Bytes>(stream).await.unwrap();
        let mut held = Vec::new();
        while let Some(Ok(request)) = connection.accept().await {
            held.push(request);
        }
    })
    .await;
    let node = Node::start_with(|config| config.max_origin_connections = 1).await;
    node.put(Plan::h2c(origin.port)).await;
    let visitor = Visitor::by_tls(&node).await;
    let (_waiting, mut upload) = visitor.open(visitor.grpc(HOST)).await;
    upload.send_data(hello("x"), true).unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let refused = visitor.hello().await;
    assert_eq!((refused.grpc_status(), refused.reason().as_str()), (Some(8), "TOO_MANY_STREAMS"));
}

/// CVE-2023-44487: a visitor who opens and resets as fast as they can.
#[tokio::test]
async fn a_visitor_who_resets_every_call_at_once_hurts_only_themselves() {
    let (_origin, port) = origins::sample_h2c().await;
    let node = Node::serving(Plan::h2c(port)).await;
    let hostile = Visitor::by_tls(&node).await;
    let mut sender = hostile.sender.clone();
    let mut opened = 0;
    for _ in 0..20_000 {
        let Ok(mut ready) = sender.ready().await else { break };
        let Ok((_, mut stream)) = ready.send_request(hostile.grpc(HOST), false) else { break };
        stream.send_reset(h2::Reason::CANCEL);
        opened += 1;
        sender = ready;
        tokio::task::yield_now().await;
    }
    assert!(opened < 20_000, "the connection was ended");
    for _ in 0..20 {
        assert_eq!(Visitor::by_tls(&node).await.hello().await.grpc_status(), Some(0));
    }
}
