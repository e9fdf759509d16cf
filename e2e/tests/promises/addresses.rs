//! A node cannot be aimed at what its owner's network holds.

use crate::refusals::{ORIGIN_FORBIDDEN, assert_refused};
use e2e::{
    edge::edge,
    visitor::{Call, Request},
    zone::Cloud,
};
use std::net::SocketAddr;

#[tokio::test]
async fn a_node_connects_to_no_address_that_no_origin_may_have() {
    let edge = edge().await.unwrap();
    let zone = edge.zone().await.unwrap();
    zone.set_all(&[("ssl", "full"), ("grpc", "on")]).await.unwrap();
    let forbidden = [
        ("169.254.169.254:80", "metadata service address"),
        ("169.254.1.1:443", "link-local address"),
        ("0.0.0.0:80", "unspecified address"),
        ("224.0.0.1:443", "multicast or broadcast address"),
        ("255.255.255.255:443", "multicast or broadcast address"),
        ("[fe80::1]:443", "link-local address"),
        ("[::]:443", "unspecified address"),
        ("[ff02::1]:443", "multicast or broadcast address"),
        ("[::ffff:169.254.169.254]:443", "metadata service address"),
    ];
    for (index, (address, why)) in forbidden.into_iter().enumerate() {
        let address: SocketAddr = address.parse().unwrap();
        let label = format!("forbidden-{index}");
        zone.record_at(&label, address, Cloud::Orange, "auto").await.unwrap();
        let outcome = Request::new(Call::SayHello, &zone.host(&label)).send(&edge.https()).await;
        assert_refused(&outcome, ORIGIN_FORBIDDEN.because(why), &address.to_string());
    }
}

#[tokio::test]
async fn a_node_does_not_call_itself() {
    let edge = edge().await.unwrap();
    let zone = edge.zone().await.unwrap();
    zone.record_at("grpc", edge.node().https_address(), Cloud::Orange, "auto").await.unwrap();
    zone.set_all(&[("ssl", "full"), ("grpc", "on")]).await.unwrap();
    let outcome = Request::new(Call::SayHello, &zone.host("grpc")).send(&edge.https()).await;
    assert_refused(&outcome, ORIGIN_FORBIDDEN.because("a listener of this node"), "its own listener");
}

#[tokio::test]
async fn loopback_is_forbidden_unless_the_node_was_told_otherwise() {
    let mut edge = edge().await.unwrap();
    let careful = edge
        .add_node(|wishes| e2e::node::Wishes { allow_loopback_origins: false, ..wishes })
        .await
        .unwrap()
        .https();
    let (zone, _origin) = edge.working_zone().await.unwrap();
    let hello = Request::new(Call::SayHello, &zone.host("grpc"));
    assert!(hello.send(&edge.https()).await.is_reply(&["hello Orangery"]));
    assert_refused(&hello.send(&careful).await, ORIGIN_FORBIDDEN.because("loopback address"), "loopback");
}
