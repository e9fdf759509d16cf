//! What a gRPC visitor reads when the edge says no: exact status, reason and words, never HTML.

use crate::{
    harness::{HOST, Node, Plan},
    origins,
    visitor::{Outcome, Visitor, hello},
};
use policy::{
    hostname::Hostname,
    origin::{OriginProtocol, OriginSettings},
    record::Target,
    refusal::Refusal,
    settings::OriginMaxHttpVersion,
    ssl::SslMode,
};

#[track_caller]
fn assert_refused(outcome: &Outcome, refusal: Refusal) {
    let face = refusal.face();
    assert_eq!(outcome.http_status, 200);
    assert_eq!(outcome.grpc_status(), Some(face.grpc_status.code()), "{}", outcome.message());
    assert_eq!(outcome.reason(), face.reason);
    assert!(outcome.message().starts_with(face.sentence), "{}", outcome.message());
    assert_eq!(outcome.ending("cf-error-type"), Some(face.error_type.to_string()));
    assert!(outcome.ending("cf-ray").unwrap().ends_with("-TST"));
    assert_eq!(outcome.header("content-type"), "application/grpc");
    assert!(outcome.trailers_only && outcome.body.is_empty());
}

async fn hello_under(plan: Plan) -> Outcome {
    Visitor::by_tls(&Node::serving(plan).await).await.hello().await
}

/// No refusal here may depend on the origin: nobody listens at its port.
fn plan() -> Plan {
    Plan::to(9)
}

#[tokio::test]
async fn a_record_that_is_dns_only_is_refused_with_status_9() {
    let outcome = hello_under(plan().dns_only(HOST)).await;
    assert_refused(&outcome, Refusal::DnsOnly);
    assert_eq!(outcome.grpc_status(), Some(9));
}

#[tokio::test]
async fn grpc_that_is_off_is_refused_with_status_7() {
    let outcome = hello_under(plan().grpc(false)).await;
    assert_refused(&outcome, Refusal::GrpcOff);
    assert_eq!(outcome.grpc_status(), Some(7));
    assert_eq!(outcome.message(), "gRPC is off for this zone, turn it on (Network > gRPC)");
}

#[tokio::test]
async fn a_paused_zone_is_refused_with_status_9() {
    assert_refused(&hello_under(Plan { paused: true, ..plan() }).await, Refusal::Paused);
}

#[tokio::test]
async fn http2_that_is_off_is_refused_in_http2() {
    assert_refused(&hello_under(plan().settings(|settings| settings.http2 = false)).await, Refusal::Http2Off);
}

#[tokio::test]
async fn a_mode_without_encryption_to_the_origin_is_refused_even_with_the_toggle_on() {
    // The pair cannot be made any more, so the toggle is off here, and what is seen is the toggle.
    for mode in [SslMode::Off, SslMode::Flexible] {
        assert_refused(&hello_under(plan().ssl(mode)).await, Refusal::GrpcOff);
    }
}

#[tokio::test]
async fn a_plain_origin_under_strict_is_refused() {
    let plan = plan().protocol(OriginProtocol::Grpc).ssl(SslMode::Strict);
    assert_refused(&hello_under(plan).await, Refusal::PlainOriginUnderStrict);
}

#[tokio::test]
async fn an_origin_limited_to_http1_is_refused() {
    let limited = plan().settings(|settings| settings.origin_max_http_version = OriginMaxHttpVersion::Http1);
    assert_refused(&hello_under(limited).await, Refusal::OriginLimitedToHttp1);
    assert_refused(&hello_under(plan().protocol(OriginProtocol::Http)).await, Refusal::OriginProtocolIsHttp1);
}

#[tokio::test]
async fn always_https_refuses_grpc_on_the_plain_port() {
    let node = Node::serving(plan().settings(|settings| settings.always_use_https = true)).await;
    assert_refused(&Visitor::by_h2c(&node).await.hello().await, Refusal::HttpsOnly);
}

#[tokio::test]
async fn unknown_hosts_and_addresses_are_refused_with_status_5() {
    let node = Node::serving(plan()).await;
    let visitor = Visitor::by_h2c(&node).await;
    for host in ["nowhere.test", "other.demo.test", "demo.test", "a.grpc.demo.test"] {
        let outcome = visitor.call(visitor.grpc(host), hello("x")).await;
        assert_refused(&outcome, Refusal::UnknownHost);
        assert_eq!(outcome.grpc_status(), Some(5));
    }
    for host in ["127.0.0.1", "127.0.0.1:8000", "[::1]:8000"] {
        assert_refused(&visitor.call(visitor.grpc(host), hello("x")).await, Refusal::DirectAddress);
    }
}

#[tokio::test]
async fn a_host_of_another_zone_than_the_server_name_is_misdirected() {
    let node = Node::serving(plan()).await;
    node.put(plan().named("second.test", 2).record("grpc.second.test", OriginSettings::default())).await;
    let visitor = Visitor::by_tls(&node).await;
    assert_refused(&visitor.call(visitor.grpc("grpc.second.test"), hello("x")).await, Refusal::Misdirected);
}

#[tokio::test]
async fn malformed_requests_are_refused_with_status_3() {
    let node = Node::serving(plan()).await;
    let visitor = Visitor::by_tls(&node).await;
    let mut disagreeing = visitor.grpc(HOST);
    disagreeing.headers_mut().insert("host", "other.demo.test".parse().unwrap());
    assert_refused(&visitor.call(disagreeing, hello("x")).await, Refusal::MalformedRequest);
    let mut timeless = visitor.grpc(HOST);
    timeless.headers_mut().insert("grpc-timeout", "soon".parse().unwrap());
    assert_refused(&visitor.call(timeless, hello("x")).await, Refusal::MalformedRequest);
}

#[tokio::test]
async fn a_method_other_than_post_is_not_grpc() {
    let node = Node::serving(plan()).await;
    let visitor = Visitor::by_tls(&node).await;
    let mut request = visitor.grpc(HOST);
    *request.method_mut() = http::Method::PUT;
    assert_refused(&visitor.call(request, hello("x")).await, Refusal::MethodNotSupported);
}

#[tokio::test]
async fn metadata_that_is_too_large_is_refused_in_words() {
    let node = Node::serving(plan()).await;
    let visitor = Visitor::by_tls(&node).await;
    let mut request = visitor.grpc(HOST);
    for index in 0..9 {
        let name = http::HeaderName::try_from(format!("x-large-{index}")).unwrap();
        request.headers_mut().insert(name, "x".repeat(8000).parse().unwrap());
    }
    let outcome = visitor.call(request, hello("x")).await;
    assert_refused(&outcome, Refusal::HeadersTooLarge);
    assert_eq!(outcome.grpc_status(), Some(8));
    // The connection lives on.
    assert_refused(&visitor.call(visitor.grpc("nowhere.test"), hello("x")).await, Refusal::UnknownHost);
}

#[tokio::test]
async fn a_request_that_goes_in_circles_is_refused_with_status_9() {
    let node = Node::serving(plan()).await;
    let visitor = Visitor::by_tls(&node).await;
    let mut request = visitor.grpc(HOST);
    request.headers_mut().insert("cdn-loop", "orangery, orangery, orangery, orangery".parse().unwrap());
    assert_refused(&visitor.call(request, hello("x")).await, Refusal::Loop);
}

#[tokio::test]
async fn a_node_is_never_aimed_at_itself_or_at_forbidden_addresses() {
    let node = Node::start().await;
    node.put(Plan::to(node.https.port())).await;
    let visitor = Visitor::by_tls(&node).await;
    assert_refused(&visitor.hello().await, Refusal::OriginForbidden);
    for address in ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1"] {
        node.put(plan().target(HOST, Target::Addresses(vec![address.parse().unwrap()]))).await;
        assert_refused(&visitor.hello().await, Refusal::OriginForbidden);
    }
}

#[tokio::test]
async fn loopback_origins_need_permission() {
    let node = Node::start_with(|config| config.allow_loopback_origins = false).await;
    node.put(plan()).await;
    let outcome = Visitor::by_tls(&node).await.hello().await;
    assert_refused(&outcome, Refusal::OriginForbidden);
    assert!(outcome.message().ends_with("loopback address") && !outcome.message().contains("127"));
}

#[tokio::test]
async fn cname_records_are_followed_through_known_zones_and_circles_are_refused() {
    let (_origin, port) = origins::sample_h2c().await;
    let cname = |name: &str| Target::Cname(Hostname::parse(name).unwrap());
    let through = Plan::h2c(port)
        .record("real.demo.test", OriginSettings::default())
        .dns_only("address.demo.test")
        .target("real.demo.test", cname("address.demo.test"))
        .target(HOST, cname("real.demo.test"));
    let node = Node::serving(through).await;
    let visitor = Visitor::by_tls(&node).await;
    assert_eq!(visitor.hello().await.grpc_status(), Some(0));
    node.put(Plan::h2c(port).target(HOST, cname(HOST))).await;
    assert_refused(&visitor.hello().await, Refusal::OriginCnameLoop);
}

#[tokio::test]
async fn what_another_account_hides_is_no_origin() {
    let (_origin, port) = origins::sample_h2c().await;
    let node = Node::serving(Plan::h2c(port)).await;
    let target = Target::Cname(Hostname::parse(HOST).unwrap());
    let thief = Plan { account: 2, ..Plan::h2c(port) }.named("thief.test", 2).record(
        "grpc.thief.test",
        OriginSettings { port: Some(port), protocol: OriginProtocol::Grpc, ..OriginSettings::default() },
    );
    node.put(thief.target("grpc.thief.test", target)).await;
    let visitor = Visitor::by_tls_to(&node, "grpc.thief.test").await;
    assert_refused(
        &visitor.call(visitor.grpc("grpc.thief.test"), hello("x")).await,
        Refusal::OriginForbidden,
    );
}

#[tokio::test]
async fn an_origin_name_that_does_not_resolve_is_refused_with_status_14() {
    // Nobody answers DNS at this address.
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = silent.local_addr().unwrap();
    let node = Node::start_with(|config| config.dns_server = vec![server]).await;
    let target = Target::Cname(Hostname::parse("origin.elsewhere.test").unwrap());
    node.put(plan().target(HOST, target)).await;
    let outcome = Visitor::by_tls(&node).await.hello().await;
    assert_refused(&outcome, Refusal::OriginNotResolved);
    assert!(!outcome.message().contains("elsewhere"), "visitors do not learn the origin's name");
}

#[tokio::test]
async fn a_refusal_is_one_line_of_the_access_log() {
    let node = Node::serving(plan().grpc(false)).await;
    Visitor::by_tls(&node).await.hello().await;
    let lines = node.end().await;
    let line = lines.iter().find(|line| line["dialect"] == "grpc").unwrap();
    assert_eq!(
        (&line["reason"], &line["grpc_status"], &line["outcome"]),
        (&"GRPC_OFF".into(), &7.into(), &"refused".into())
    );
}

#[tokio::test]
async fn a_client_that_is_still_sending_reads_the_refusal_too() {
    let node = Node::serving(plan().grpc(false)).await;
    let mut client = crate::visitor::tonic(&node, true).await;
    let endless = futures_util::stream::repeat_with(|| sample_origin::hello::HelloRequest {
        greeting: "x".repeat(1000),
    });
    let refused = client.lots_of_greetings(endless).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied, "{refused}");
    assert_eq!(refused.message(), "gRPC is off for this zone, turn it on (Network > gRPC)");
}

#[tokio::test]
async fn a_node_that_listens_everywhere_knows_every_address_of_its_own() {
    // The address this machine would call from; a machine without a network has none to be tested.
    let probe = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    if probe.connect("192.0.2.1:9").is_err() {
        return;
    }
    let own = probe.local_addr().unwrap().ip();
    let node = Node::start_with(|config| config.https_listen = "0.0.0.0:0".parse().unwrap()).await;
    node.put(Plan::to(node.https.port()).target(HOST, Target::Addresses(vec![own]))).await;
    let outcome = Visitor::by_tls(&node).await.hello().await;
    assert_refused(&outcome, Refusal::OriginForbidden);
    assert!(outcome.message().ends_with("a listener of this node"), "{}", outcome.message());
}
