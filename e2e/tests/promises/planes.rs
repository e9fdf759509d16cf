//! The two planes can be apart: nodes keep serving, come back, and end when they are told to.

use crate::refusals::{GRPC_OFF, assert_refused};
use e2e::{
    edge::{Edge, edge},
    eventually::eventually,
    node::{Node, Wishes},
    visitor::{Call, Request},
};
use serde_json::Value;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

async fn nodes(edge: &Edge) -> Vec<Value> {
    let nodes = edge.control_plane.api.get("/orangery/nodes").await.unwrap().granted().unwrap();
    nodes.as_array().unwrap().clone()
}

#[tokio::test]
async fn a_node_serves_on_while_the_control_plane_is_away() {
    let edge = edge().await.unwrap();
    let (zone, _origin) = edge.working_zone().await.unwrap();
    let Edge { control_plane, nodes, .. } = edge;
    let _state = control_plane.stop().await;
    for door in nodes[0].doors() {
        assert!(
            Request::new(Call::SayHello, &zone.host("grpc")).send(&door).await.is_reply(&["hello Orangery"])
        );
    }
    assert!(nodes[0].is_ready().await);
}

#[tokio::test]
async fn a_node_without_any_configuration_opens_no_visitor_port_and_is_not_ready() {
    let edge = edge().await.unwrap();
    let wishes = Wishes {
        name: "lost".into(),
        enrolment_token: edge.control_plane.enrolment_token.clone(),
        ca_pem: edge.control_plane.api.text("/orangery/ca/edge.pem").await.unwrap(),
        allow_loopback_origins: true,
        workers: 0,
    };
    let _state = edge.control_plane.stop().await;
    let lost = Node::start(wishes).await.unwrap();
    assert!(!lost.is_ready().await);
    assert!(tokio::net::TcpStream::connect(lost.https_address()).await.is_err(), "the visitor port is open");
}

#[tokio::test]
async fn every_node_has_a_write_before_the_answer_if_it_was_asked_to_wait() {
    let mut edge = edge().await.unwrap();
    edge.add_node(|wishes| wishes).await.unwrap();
    edge.add_node(|wishes| wishes).await.unwrap();
    let (zone, _origin) = edge.working_zone().await.unwrap();
    let hello = Request::new(Call::SayHello, &zone.host("grpc"));
    for _ in 0..5 {
        zone.set("grpc", "off").await.unwrap();
        for node in &edge.nodes {
            assert_refused(&hello.send(&node.https()).await, GRPC_OFF, &node.name);
        }
        zone.set("grpc", "on").await.unwrap();
        for node in &edge.nodes {
            assert!(hello.send(&node.https()).await.is_reply(&["hello Orangery"]), "{}", node.name);
        }
    }
}

#[tokio::test]
async fn nodes_show_themselves_with_what_they_have_applied() {
    let edge = edge().await.unwrap();
    let zone = edge.zone().await.unwrap();
    let answer = zone.try_set("http2", "off").await.unwrap();
    let revision = answer.revision().unwrap();
    let listed = nodes(&edge).await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert!(listed[0]["applied_revision"].as_u64().unwrap() >= revision, "{listed:?}");
    assert_eq!(listed[0]["status"], "connected", "{listed:?}");
}

#[tokio::test]
async fn a_revoked_node_hears_of_no_further_change() {
    let mut edge = edge().await.unwrap();
    let (zone, _origin) = edge.working_zone().await.unwrap();
    let revoked = nodes(&edge).await[0]["id"].as_str().unwrap().to_owned();
    let other = edge.add_node(|wishes| wishes).await.unwrap().https();
    edge.control_plane.api.delete(&format!("/orangery/nodes/{revoked}")).await.unwrap().granted().unwrap();
    eventually("only the other node is connected", PATIENCE, || async {
        let connected: Vec<_> =
            nodes(&edge).await.into_iter().filter(|node| node["status"] == "connected").collect();
        (connected.len() == 1 && connected[0]["id"] != revoked).then_some(())
    })
    .await
    .unwrap();
    zone.set("grpc", "off").await.unwrap();
    let hello = Request::new(Call::SayHello, &zone.host("grpc"));
    assert_refused(&hello.send(&other).await, GRPC_OFF, "the other node has the change");
    // The revoked one still has the toggle as it was.
    assert!(hello.send(&edge.https()).await.is_reply(&["hello Orangery"]));
}
