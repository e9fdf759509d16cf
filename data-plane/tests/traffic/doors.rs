//! Arriving and leaving: handshakes, certificates, readiness, and the end of a node.

use crate::{
    harness::{HOST, Node, Plan, ZONE},
    http1::raw_tls,
    origins,
    visitor::{self, Visitor, client_config, hello, outcome},
};
use data_plane::current::Change;
use policy::{
    id::ZoneId,
    origin::OriginSettings,
    settings::{Ciphers, MinTlsVersion, VisitorTls},
};
use rustls::{AlertDescription, HandshakeKind};
use rustls_pki_types::ServerName;
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::TlsConnector;

fn alert(error: &std::io::Error) -> Option<AlertDescription> {
    match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::AlertReceived(alert) => Some(*alert),
        _ => None,
    }
}

pub async fn ask(node: &Node, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(node.admin).await.unwrap();
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    (answer[9..12].parse().unwrap(), answer)
}

#[tokio::test]
async fn an_unknown_or_missing_server_name_gets_the_alert_unrecognized_name() {
    let node = Node::serving(Plan::to(9)).await;
    for host in ["nowhere.test", "too.deep.demo.test", "demo.test.evil"] {
        let error = visitor::tls(&node, host, &["h2"]).await.unwrap_err();
        assert_eq!(alert(&error), Some(AlertDescription::UnrecognisedName), "{host}");
    }
    let nameless = TlsConnector::from(Arc::new(client_config(&node, &["h2"])));
    let tcp = TcpStream::connect(node.https).await.unwrap();
    let error = nameless.connect(ServerName::from(node.https.ip()), tcp).await.unwrap_err();
    assert_eq!(alert(&error), Some(AlertDescription::UnrecognisedName));
}

#[tokio::test]
async fn a_zone_is_greeted_with_its_own_certificate_only() {
    let node = Node::serving(Plan::to(9)).await;
    node.put(Plan { certificate: false, ..Plan::to(9).named("bare.test", 2) }).await;
    visitor::tls(&node, HOST, &["h2"]).await.unwrap();
    let error = visitor::tls(&node, "bare.test", &["h2"]).await.unwrap_err();
    assert_eq!(alert(&error), Some(AlertDescription::UnrecognisedName));
}

#[tokio::test]
async fn protocols_are_agreed_by_alpn() {
    let node = Node::serving(Plan::to(9)).await;
    let chosen = async |alpn: &[&str]| {
        let stream = visitor::tls(&node, HOST, alpn).await?;
        Ok::<_, std::io::Error>(stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec))
    };
    assert_eq!(chosen(&["h2", "http/1.1"]).await.unwrap().as_deref(), Some(&b"h2"[..]));
    assert_eq!(chosen(&["http/1.1"]).await.unwrap().as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(chosen(&[]).await.unwrap(), None);
    assert_eq!(alert(&chosen(&["spdy/1"]).await.unwrap_err()), Some(AlertDescription::NoApplicationProtocol));
    node.put(Plan::to(9).settings(|settings| settings.http2 = false)).await;
    assert_eq!(chosen(&["h2", "http/1.1"]).await.unwrap().as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(chosen(&["h2"]).await.unwrap().as_deref(), Some(&b"h2"[..]), "to be refused in words");
}

#[tokio::test]
async fn who_agreed_on_http1_is_not_served_http2() {
    let node = Node::serving(Plan::to(9)).await;
    let answer = raw_tls(&node, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer:?}");
}

#[tokio::test]
async fn a_zone_may_insist_on_tls_1_3() {
    let node = Node::serving(Plan::to(9)).await;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(node.authority.der.clone()).unwrap();
    let old = rustls::ClientConfig::builder_with_protocol_versions(&[&rustls::version::TLS12]);
    let connector = TlsConnector::from(Arc::new(old.with_root_certificates(roots).with_no_client_auth()));
    let connect = async || {
        let tcp = TcpStream::connect(node.https).await.unwrap();
        connector.connect(ServerName::try_from(HOST).unwrap(), tcp).await
    };
    connect().await.unwrap();
    node.put(Plan::to(9).settings(|settings| {
        settings.visitor_tls = VisitorTls::new(MinTlsVersion::V1_3, true, false, Ciphers::ALL).unwrap();
    }))
    .await;
    assert_eq!(alert(&connect().await.unwrap_err()), Some(AlertDescription::ProtocolVersion));
}

#[tokio::test]
async fn a_session_is_resumed_in_its_zone_even_after_a_change() {
    let (_origin, port) = origins::sample_h2c().await;
    let node = Node::serving(Plan::h2c(port)).await;
    let connector = TlsConnector::from(Arc::new(client_config(&node, &["h2"])));
    for expected in [HandshakeKind::Full, HandshakeKind::Resumed] {
        let tcp = TcpStream::connect(node.https).await.unwrap();
        let mut stream = connector.connect(ServerName::try_from(HOST).unwrap(), tcp).await.unwrap();
        assert_eq!(stream.get_ref().1.handshake_kind(), Some(expected));
        // The ticket comes with the first bytes of the server.
        assert!(stream.read(&mut [0; 64]).await.unwrap() > 0);
        node.put(Plan::h2c(port).settings(|settings| settings.always_use_https = true)).await;
    }
}

#[tokio::test]
async fn a_node_without_configuration_opens_no_port_and_is_not_ready() {
    let node = Node::start().await;
    assert!(TcpStream::connect(node.https).await.is_err());
    assert!(TcpStream::connect(node.http).await.is_err());
    assert_eq!(ask(&node, "/healthz").await.0, 200);
    assert_eq!(ask(&node, "/readyz").await.0, 503);
    node.put(Plan::to(9)).await;
    assert_eq!(ask(&node, "/readyz").await.0, 200);
    assert_eq!(ask(&node, "/nothing").await.0, 404);
}

#[tokio::test]
async fn metrics_count_what_happened() {
    let (_origin, port) = origins::sample_h2c().await;
    let node = Node::serving(Plan::h2c(port)).await;
    let visitor = Visitor::by_tls(&node).await;
    visitor.hello().await;
    node.put(Plan::h2c(port).grpc(false)).await;
    visitor.hello().await;
    let (_, metrics) = ask(&node, "/metrics").await;
    for line in [
        "orangery_requests_total{dialect=\"grpc\",outcome=\"carried\"} 1",
        "orangery_requests_total{dialect=\"grpc\",outcome=\"refused\"} 1",
        "orangery_refusals_total{reason=\"GRPC_OFF\"} 1",
        "orangery_grpc_responses_total{status=\"0\"} 1",
        "orangery_grpc_responses_total{status=\"7\"} 1",
        "orangery_zones 1",
        "orangery_revision 2",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn a_zone_that_cannot_be_put_in_force_keeps_its_last_good_form_and_holds_nobody_up() {
    let (_origin, port) = origins::sample_h2c().await;
    let node = Node::serving(Plan::h2c(port)).await;
    let mut broken = Plan::h2c(port).grpc(false).build(&node.authority);
    broken.certificates[0].key.ciphertext = b"no key".to_vec();
    let other = Plan::h2c(port).named("second.test", 2).build(&node.authority);
    for reset in [None, Some(Change::Reset)] {
        let changes = [Change::Zone(Box::new(broken.clone())), Change::Zone(Box::new(other.clone()))];
        let rejected = node.apply(reset.into_iter().chain(changes).collect());
        assert_eq!(rejected.len(), 1);
        assert_eq!(rejected[0].zone, ZoneId::from_bytes([1; 16]));
        assert!(rejected[0].reason.contains("certificate"), "{}", rejected[0].reason);
        assert_eq!(Visitor::by_tls(&node).await.hello().await.grpc_status(), Some(0));
        visitor::tls(&node, "second.test", &["h2"]).await.unwrap();
    }
}

#[tokio::test]
async fn a_reset_forgets_what_is_not_named_again() {
    let node = Node::serving(Plan::to(9)).await;
    node.put(Plan::to(9).named("second.test", 2).record("a.second.test", OriginSettings::default())).await;
    let zone = Plan::to(9).build(&node.authority);
    assert_eq!(node.apply(vec![Change::Reset, Change::Zone(Box::new(zone))]), []);
    visitor::tls(&node, ZONE, &["h2"]).await.unwrap();
    visitor::tls(&node, "second.test", &["h2"]).await.unwrap_err();
    assert_eq!(node.apply(vec![Change::RemoveZone(ZoneId::from_bytes([1; 16]))]), []);
    visitor::tls(&node, ZONE, &["h2"]).await.unwrap_err();
}

#[tokio::test]
async fn visitors_who_say_nothing_are_sent_away() {
    let node = Node::start_with(|config| config.handshake_timeout = Duration::from_millis(300)).await;
    node.put(Plan::to(9)).await;
    let began = Instant::now();
    let mut before_tls = TcpStream::connect(node.https).await.unwrap();
    let mut before_http = TcpStream::connect(node.http).await.unwrap();
    let mut after_tls = visitor::tls(&node, HOST, &["http/1.1"]).await.unwrap();
    let mut half_a_head = TcpStream::connect(node.http).await.unwrap();
    half_a_head.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
    let ended = async {
        let _ = before_tls.read_to_end(&mut Vec::new()).await;
        let _ = before_http.read_to_end(&mut Vec::new()).await;
        let _ = after_tls.read_to_end(&mut Vec::new()).await;
        let _ = half_a_head.read_to_end(&mut Vec::new()).await;
    };
    timeout(Duration::from_secs(3), ended).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(250));
}

#[tokio::test]
async fn a_grpc_client_may_connect_early_and_call_late_until_it_is_idle_for_too_long() {
    let node = Node::start_with(|config| {
        config.handshake_timeout = Duration::from_millis(200);
        config.visitor_idle_timeout = Duration::from_millis(700);
    })
    .await;
    node.put(Plan::to(9)).await;
    let visitor = Visitor::by_tls(&node).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(visitor.hello().await.grpc_status(), Some(14));
    tokio::time::sleep(Duration::from_millis(2000)).await;
    assert!(visitor.sender.clone().ready().await.is_err(), "it was told to go away");
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_as_they_come() {
    let node = Node::start_with(|config| config.max_connections = 2).await;
    node.put(Plan::to(9)).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let _first = Visitor::by_tls(&node).await;
    let _second = Visitor::by_tls(&node).await;
    visitor::tls(&node, HOST, &["h2"]).await.unwrap_err();
}

#[tokio::test]
async fn a_node_that_ends_lets_open_calls_end_first_and_takes_no_new_ones() {
    let (_origin, port) = origins::sample_h2c().await;
    let node = Node::serving(Plan::h2c(port)).await;
    let visitor = Visitor::by_tls(&node).await;
    let mut request = visitor.grpc(HOST);
    *request.uri_mut() = format!("https://{HOST}/hello.HelloService/BidiHello").parse().unwrap();
    let (response, mut upload) = visitor.open(request).await;
    upload.send_data(hello("before"), false).unwrap();
    let response = response.await.unwrap();
    let (https, admin) = (node.https, node.admin);
    let ended = tokio::spawn(node.end());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(TcpStream::connect(https).await.is_err(), "the ports are closed");
    assert!(TcpStream::connect(admin).await.is_ok(), "health is still told");
    assert!(visitor.sender.clone().ready().await.is_err(), "the connection was told to go away");
    upload.send_data(hello("after"), true).unwrap();
    let outcome = outcome(response).await.unwrap();
    assert_eq!(outcome.grpc_status(), Some(0));
    assert!(outcome.body.ends_with(b"hello after"));
    timeout(Duration::from_secs(2), ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_node_that_ends_waits_no_longer_than_its_grace() {
    let (_origin, port) = origins::sample_h2c().await;
    let node = Node::start_with(|config| config.drain_grace = Duration::from_millis(300)).await;
    node.put(Plan::h2c(port)).await;
    let visitor = Visitor::by_tls(&node).await;
    let mut request = visitor.grpc(HOST);
    *request.uri_mut() = format!("https://{HOST}/hello.HelloService/BidiHello").parse().unwrap();
    let (response, _upload) = visitor.open(request).await;
    let _response = response.await.unwrap();
    timeout(Duration::from_secs(3), node.end()).await.unwrap();
}

#[tokio::test]
async fn a_trusted_load_balancer_says_who_the_visitor_is() {
    let origin = origins::h2c(|request, mut respond| async move {
        let mut head = origins::grpc_head();
        head.headers_mut().insert("x-visitor", request.headers()["cf-connecting-ip"].clone());
        respond.send_response(head, false).unwrap().send_trailers(origins::status("0")).unwrap();
    })
    .await;
    let node =
        Node::start_with(|config| config.proxy_protocol_from = vec!["127.0.0.0/8".parse().unwrap()]).await;
    node.put(Plan::h2c(origin.port)).await;
    for door in [node.http, node.https] {
        let mut tcp = TcpStream::connect(door).await.unwrap();
        tcp.write_all(b"PROXY TCP4 203.0.113.7 192.0.2.1 51000 443\r\n").await.unwrap();
        let sender = if door == node.https {
            let connector = TlsConnector::from(Arc::new(client_config(&node, &["h2"])));
            let stream = connector.connect(ServerName::try_from(HOST).unwrap(), tcp).await.unwrap();
            let (sender, connection) = h2::client::handshake(stream).await.unwrap();
            tokio::spawn(connection);
            sender
        } else {
            let (sender, connection) = h2::client::handshake(tcp).await.unwrap();
            tokio::spawn(connection);
            sender
        };
        let visitor = Visitor { sender, scheme: "http" };
        assert_eq!(visitor.hello().await.header("x-visitor"), "203.0.113.7");
    }
    let mut without = TcpStream::connect(node.http).await.unwrap();
    without.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(Duration::from_secs(2), without.read_to_end(&mut answer)).await.unwrap();
    assert!(answer.is_empty(), "who may speak it must");
}

#[tokio::test]
async fn a_flood_of_frames_ends_the_connection() {
    let node = Node::serving(Plan::to(9)).await;
    let mut stream = visitor::tls(&node, HOST, &["h2"]).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let flood: Vec<u8> = std::iter::repeat_n([0, 0, 0, 4, 0, 0, 0, 0, 0], 200).flatten().collect();
    stream.write_all(&flood).await.unwrap();
    let ended = async { while matches!(stream.read(&mut [0; 4096]).await, Ok(read) if read > 0) {} };
    timeout(Duration::from_secs(2), ended).await.unwrap();
    assert_eq!(Visitor::by_tls(&node).await.hello().await.grpc_status(), Some(14), "others are served");
}

#[tokio::test]
async fn four_workers_serve_as_one_node() {
    let (_origin, port) = origins::sample_h2c().await;
    let node = Node::start_with(|config| config.workers = 4).await;
    node.put(Plan::h2c(port)).await;
    let visitors = futures_util::future::join_all((0..20).map(|_| Visitor::by_tls(&node))).await;
    let calls = visitors.iter().flat_map(|visitor| (0..10).map(move |_| visitor.hello()));
    let outcomes = futures_util::future::join_all(calls).await;
    assert!(outcomes.iter().all(|outcome| outcome.grpc_status() == Some(0)));
    drop(visitors);
    let rays: std::collections::HashSet<_> =
        outcomes.iter().map(|outcome| outcome.header("cf-ray")).collect();
    assert_eq!(rays.len(), 200, "no two requests share a ray");
}
