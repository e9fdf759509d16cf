//! Origins by name, with a name server of our own.

use crate::{
    harness::{HOST, Node, Plan},
    origins,
    visitor::Visitor,
};
use policy::{hostname::Hostname, record::Target};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{net::UdpSocket, task::JoinHandle};

struct NameServer {
    address: SocketAddr,
    /// Questions for IPv4 addresses.
    asked: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers every question for IPv4 addresses with these, and every other with nothing.
async fn name_server(addresses: Vec<Ipv4Addr>, ttl_seconds: u32) -> NameServer {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (address, asked) = (socket.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    let task = tokio::spawn(async move {
        let mut question = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut question).await {
            let name_end = 12 + question[12..length].iter().position(|byte| *byte == 0).unwrap() + 1;
            let for_ipv4 = question[name_end..name_end + 2] == [0, 1];
            let answers = if for_ipv4 { addresses.as_slice() } else { &[] };
            count.fetch_add(usize::from(for_ipv4), Ordering::SeqCst);
            let mut reply = question[..2].to_vec();
            reply.extend([0x81, 0x80, 0, 1, 0, answers.len() as u8, 0, 0, 0, 0]);
            reply.extend(&question[12..name_end + 4]);
            for answer in answers {
                // The name as in the question, type A, class IN.
                reply.extend([0xc0, 12, 0, 1, 0, 1]);
                reply.extend(ttl_seconds.to_be_bytes());
                reply.extend([0, 4]);
                reply.extend(answer.octets());
            }
            socket.send_to(&reply, from).await.unwrap();
        }
    });
    NameServer { address, asked, task }
}

async fn node_with(server: &NameServer, plan: Plan) -> Node {
    let address = server.address;
    let node = Node::start_with(move |config| config.dns_server = vec![address]).await;
    node.put(plan.target(HOST, Target::Cname(Hostname::parse("origin.elsewhere.test").unwrap()))).await;
    node
}

#[tokio::test]
async fn a_name_is_asked_for_once_within_its_time_to_live() {
    let (_origin, port) = origins::sample_h2c().await;
    let server = name_server(vec![Ipv4Addr::LOCALHOST], 1).await;
    let node = node_with(&server, Plan::h2c(port)).await;
    let visitor = Visitor::by_tls(&node).await;
    for _ in 0..5 {
        assert_eq!(visitor.hello().await.grpc_status(), Some(0));
    }
    assert_eq!(server.asked.load(Ordering::SeqCst), 1);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(visitor.hello().await.grpc_status(), Some(0));
    assert_eq!(server.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn every_address_of_a_name_is_tried() {
    let (_origin, port) = origins::sample_h2c().await;
    // The sample origin listens at the first address of this machine only; the others refuse.
    let dead = [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)];
    let server = name_server(vec![dead[0], dead[1], Ipv4Addr::LOCALHOST], 60).await;
    let node = node_with(&server, Plan::h2c(port)).await;
    let visitor = Visitor::by_tls(&node).await;
    for _ in 0..6 {
        assert_eq!(visitor.hello().await.grpc_status(), Some(0));
    }
}

#[tokio::test]
async fn addresses_are_judged_after_resolution() {
    let server = name_server(vec![Ipv4Addr::new(169, 254, 169, 254)], 60).await;
    let node = node_with(&server, Plan::h2c(80)).await;
    let outcome = Visitor::by_tls(&node).await.hello().await;
    assert_eq!((outcome.grpc_status(), outcome.reason().as_str()), (Some(9), "ORIGIN_FORBIDDEN"));
}

#[tokio::test]
async fn a_name_without_addresses_is_unavailable() {
    let server = name_server(Vec::new(), 60).await;
    let node = node_with(&server, Plan::h2c(80)).await;
    let outcome = Visitor::by_tls(&node).await.hello().await;
    assert_eq!((outcome.grpc_status(), outcome.reason().as_str()), (Some(14), "ORIGIN_NOT_RESOLVED"));
    assert_eq!(outcome.message(), "The name of the origin does not resolve: it has no addresses");
}
