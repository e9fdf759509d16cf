//! SSL mode × origin, as a gRPC visitor meets it.

use crate::{
    authority::{Authority, Leaf},
    harness::{HOST, Node, Plan},
    origins::{self, serve_h2, tcp},
    visitor::{Outcome, Visitor},
};
use policy::{hostname::Hostname, origin::OriginProtocol, refusal::Refusal, ssl::SslMode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn hello_under(plan: Plan) -> Outcome {
    Visitor::by_tls(&Node::serving(plan).await).await.hello().await
}

#[track_caller]
fn assert_refused(outcome: &Outcome, refusal: Refusal) {
    let face = refusal.face();
    assert_eq!(outcome.reason(), face.reason, "{}", outcome.message());
    assert_eq!(outcome.grpc_status(), Some(face.grpc_status.code()));
}

#[tokio::test]
async fn full_accepts_whatever_certificate_the_origin_shows() {
    let authority = Authority::new();
    let leaves = [
        Leaf::self_signed(&[HOST]),
        authority.leaf(&["wrong.test"]),
        authority.expired(&[HOST]),
        authority.leaf(&[HOST]),
    ];
    for leaf in leaves {
        let (_origin, port) = origins::sample_tls(&leaf).await;
        assert_eq!(hello_under(Plan::to(port)).await.grpc_status(), Some(0));
    }
}

#[tokio::test]
async fn strict_accepts_a_valid_certificate_of_a_trusted_authority() {
    let authority = Authority::new();
    let (_origin, port) = origins::sample_tls(&authority.leaf(&[HOST])).await;
    let plan = Plan::to(port).ssl(SslMode::Strict).trusting(&authority);
    assert_eq!(hello_under(plan).await.grpc_status(), Some(0));
}

#[tokio::test]
async fn strict_refuses_certificates_that_are_not_valid_and_says_why() {
    let authority = Authority::new();
    for (leaf, why) in [
        (Leaf::self_signed(&[HOST]), "not signed"),
        (Authority::new().leaf(&[HOST]), "not signed"),
        (authority.leaf(&["wrong.test"]), "another name"),
        (authority.expired(&[HOST]), "expired"),
    ] {
        let (_origin, port) = origins::sample_tls(&leaf).await;
        let outcome = hello_under(Plan::to(port).ssl(SslMode::Strict).trusting(&authority)).await;
        assert_refused(&outcome, Refusal::OriginCertificateInvalid);
        assert!(outcome.message().contains(why), "{}", outcome.message());
        assert_eq!(outcome.ending("cf-error-type").as_deref(), Some("526"));
    }
}

#[tokio::test]
async fn strict_checks_the_name_that_the_record_asks_for() {
    let authority = Authority::new();
    let (_origin, port) = origins::sample_tls(&authority.leaf(&["inner.test"])).await;
    let plan = Plan::to(port).ssl(SslMode::Strict).trusting(&authority);
    let named = plan.origin(|origin| origin.sni = Some(Hostname::parse("inner.test").unwrap()));
    assert_eq!(hello_under(named).await.grpc_status(), Some(0));
}

/// A verified and an unverified connection, or two zones, never share one.
#[tokio::test]
async fn lowering_and_raising_the_mode_takes_effect_at_once() {
    let (_origin, port) = origins::sample_tls(&Leaf::self_signed(&[HOST])).await;
    let node = Node::serving(Plan::to(port)).await;
    let visitor = Visitor::by_tls(&node).await;
    assert_eq!(visitor.hello().await.grpc_status(), Some(0));
    node.put(Plan::to(port).ssl(SslMode::Strict)).await;
    assert_refused(&visitor.hello().await, Refusal::OriginCertificateInvalid);
    node.put(Plan::to(port)).await;
    assert_eq!(visitor.hello().await.grpc_status(), Some(0));
}

#[tokio::test]
async fn an_origin_without_h2_is_refused_with_status_9_and_never_downgraded() {
    let leaf = Leaf::self_signed(&[HOST]);
    for alpn in [&["http/1.1"][..], &[]] {
        let origin = origins::tls(&leaf, alpn, |mut stream| async move {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        })
        .await;
        let outcome = hello_under(Plan::to(origin.port)).await;
        assert_refused(&outcome, Refusal::OriginWithoutHttp2);
        assert_eq!(outcome.grpc_status(), Some(9));
    }
}

#[tokio::test]
async fn an_origin_that_speaks_only_http1_in_plain_text_is_named_as_such() {
    let origin = tcp(|mut stream| async move {
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n").await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    assert_refused(&hello_under(Plan::h2c(origin.port)).await, Refusal::OriginWithoutHttp2);
}

#[tokio::test]
async fn a_plaintext_origin_behind_a_tls_leg_is_a_failed_handshake() {
    let (_origin, port) = origins::sample_h2c().await;
    assert_refused(&hello_under(Plan::to(port)).await, Refusal::OriginTlsFailed);
}

#[tokio::test]
async fn an_origin_that_refuses_connections_is_unavailable() {
    let outcome = hello_under(Plan::to(origins::refusing().await)).await;
    assert_refused(&outcome, Refusal::OriginRefused);
    assert_eq!(outcome.grpc_status(), Some(14));
}

#[tokio::test]
async fn an_origin_that_is_silent_is_given_up_within_the_connect_timeout() {
    let leaf = Leaf::self_signed(&[HOST]);
    let before_tls = origins::silent().await;
    let after_tls = origins::tls(&leaf, &["h2"], |stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    for (plan, _origin) in [
        (Plan::to(before_tls.port), &before_tls),
        (Plan::to(after_tls.port), &after_tls),
        (Plan::h2c(before_tls.port), &before_tls),
    ] {
        let began = tokio::time::Instant::now();
        assert_refused(&hello_under(plan).await, Refusal::OriginSilent);
        assert!(began.elapsed() < std::time::Duration::from_secs(3));
    }
}

#[tokio::test]
async fn an_origin_that_talks_nonsense_broke_the_protocol() {
    let origin = tcp(|mut stream| async move {
        stream.write_all(b"220 mail.example ready, what can I do for you\r\n").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let outcome = hello_under(Plan::h2c(origin.port)).await;
    assert_refused(&outcome, Refusal::OriginProtocolError);
    assert_eq!(outcome.grpc_status(), Some(13));
}

#[tokio::test]
async fn an_origin_that_closes_before_it_answers_is_unavailable() {
    let at_once = tcp(|stream| async move { drop(stream) }).await;
    assert_refused(&hello_under(Plan::h2c(at_once.port)).await, Refusal::OriginClosed);
    // The request arrives, and then the connection dies.
    let later = tcp(|stream| async move {
        let (tell, told) = tokio::sync::mpsc::channel::<()>(1);
        let mut told = told;
        tokio::select! {
            () = serve_h2(stream, move |_request, respond| {
                let tell = tell.clone();
                async move {
                    tell.send(()).await.unwrap();
                    std::future::pending::<()>().await;
                    drop(respond);
                }
            }) => {}
            _ = told.recv() => {}
        }
    })
    .await;
    assert_refused(&hello_under(Plan::h2c(later.port)).await, Refusal::OriginClosed);
}

#[tokio::test]
async fn flexible_and_off_send_plain_http_to_port_80_and_grpc_nowhere() {
    for mode in [SslMode::Flexible, SslMode::Off] {
        let outcome = hello_under(Plan::to(1).protocol(OriginProtocol::Auto).ssl(mode)).await;
        assert_eq!(outcome.grpc_status(), Some(7), "the toggle cannot be on under {}", mode.as_str());
    }
}

#[tokio::test]
async fn an_origin_that_does_not_take_connections_in_times_out() {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    // One connection waits to be accepted, and the kernel drops what comes after it.
    let _waiting = tokio::net::TcpStream::connect(address).await.unwrap();
    let outcome = hello_under(Plan::h2c(address.port())).await;
    assert_refused(&outcome, Refusal::OriginConnectTimeout);
    assert_eq!(outcome.ending("cf-error-type").as_deref(), Some("522"));
}
