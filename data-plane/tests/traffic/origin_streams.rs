//! `origin_h2_max_streams`: how many requests one HTTP/2 connection to an origin carries at once.

use crate::{
    harness::{HOST, Node, Plan},
    origins::{Scripted, grpc_head, serve_h2, status, tcp},
    visitor::{Visitor, outcome},
};
use bytes::Bytes;
use policy::settings::OriginStreams;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{sync::watch, time::timeout};

/// Counts connections and, on each, the calls at once; calls are held until they are let go.
struct Held {
    origin: Scripted,
    connections: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
    most_on_one: Arc<AtomicUsize>,
    let_go: watch::Sender<bool>,
}

async fn held() -> Held {
    let [connections, calls, most_on_one] = <[Arc<AtomicUsize>; 3]>::default();
    let let_go = watch::Sender::new(false);
    let (opened, called, most, gate) =
        (Arc::clone(&connections), Arc::clone(&calls), Arc::clone(&most_on_one), let_go.clone());
    let origin = tcp(move |stream| {
        opened.fetch_add(1, Ordering::SeqCst);
        let here = Arc::new(AtomicUsize::new(0));
        let (called, most, gate) = (Arc::clone(&called), Arc::clone(&most), gate.clone());
        serve_h2(stream, move |_request, mut respond| {
            let now = here.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
            called.fetch_add(1, Ordering::SeqCst);
            let (here, mut gate) = (Arc::clone(&here), gate.subscribe());
            async move {
                gate.wait_for(|open| *open).await.unwrap();
                here.fetch_sub(1, Ordering::SeqCst);
                respond.send_response(grpc_head(), false).unwrap().send_trailers(status("0")).unwrap();
            }
        })
    })
    .await;
    Held { origin, connections, calls, most_on_one, let_go }
}

async fn until(count: &AtomicUsize, wanted: usize) {
    let reached = async {
        while count.load(Ordering::SeqCst) < wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), reached).await.expect("the calls reach the origin");
}

fn streams(plan: Plan, count: u16) -> Plan {
    plan.settings(|settings| settings.origin_h2_max_streams = OriginStreams::new(count).unwrap())
}

/// Starts calls and leaves them under way.
async fn call(visitor: &Visitor, number: usize) -> Vec<h2::client::ResponseFuture> {
    let mut answers = Vec::new();
    for _ in 0..number {
        let (answer, mut body) = visitor.open(visitor.grpc(HOST)).await;
        body.send_data(Bytes::new(), true).unwrap();
        answers.push(answer);
    }
    answers
}

#[tokio::test]
async fn one_connection_carries_no_more_calls_than_the_zone_wants() {
    let held = held().await;
    let node = Node::serving(streams(Plan::h2c(held.origin.port), 2)).await;
    let visitor = Visitor::by_tls(&node).await;
    let mut answers = call(&visitor, 6).await;
    until(&held.calls, 6).await;
    assert_eq!(held.most_on_one.load(Ordering::SeqCst), 2);
    assert_eq!(held.connections.load(Ordering::SeqCst), 3, "more calls are more connections");

    // A change counts for what comes next; the connections stay.
    node.put(streams(Plan::h2c(held.origin.port), 4)).await;
    answers.extend(call(&visitor, 6).await);
    until(&held.calls, 12).await;
    assert_eq!(held.most_on_one.load(Ordering::SeqCst), 4);
    assert_eq!(held.connections.load(Ordering::SeqCst), 3);
    held.let_go.send_replace(true);
    for answer in answers {
        assert_eq!(answer.await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn zones_with_other_wishes_do_not_spoil_each_other() {
    let held = held().await;
    let node = Node::serving(streams(Plan::h2c(held.origin.port), 1)).await;
    let other = streams(Plan::h2c(held.origin.port).named("other.test", 2), 100).record(
        "grpc.other.test",
        policy::origin::OriginSettings {
            port: Some(held.origin.port),
            protocol: policy::origin::OriginProtocol::Grpc,
            ..Default::default()
        },
    );
    node.put(other).await;
    let (one, many) = (Visitor::by_tls(&node).await, Visitor::by_tls_to(&node, "grpc.other.test").await);
    let mut answers = call(&one, 3).await;
    for _ in 0..5 {
        let (answer, mut body) = many.open(many.grpc("grpc.other.test")).await;
        body.send_data(Bytes::new(), true).unwrap();
        answers.push(answer);
    }
    until(&held.calls, 8).await;
    assert_eq!(held.connections.load(Ordering::SeqCst), 3 + 1);
    assert_eq!(held.most_on_one.load(Ordering::SeqCst), 5);
    held.let_go.send_replace(true);
    for answer in answers {
        assert_eq!(answer.await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn calls_beyond_the_connections_that_are_allowed_are_refused_with_status_8() {
    let held = held().await;
    let node = Node::start_with(|config| config.max_origin_connections = 2).await;
    node.put(streams(Plan::h2c(held.origin.port), 1)).await;
    let visitor = Visitor::by_tls(&node).await;
    let answers = call(&visitor, 2).await;
    until(&held.calls, 2).await;
    assert_eq!(visitor.hello().await.grpc_status(), Some(8));
    held.let_go.send_replace(true);
    for answer in answers {
        assert_eq!(answer.await.unwrap().status(), 200);
    }
}

/// An HTTP/2 origin to which it takes a while to connect, and that keeps its calls.
async fn far(delay: Duration) -> Scripted {
    tcp(move |stream| async move {
        tokio::time::sleep(delay).await;
        let keep = |_request, mut respond: h2::server::SendResponse<Bytes>| async move {
            tokio::time::sleep(Duration::from_secs(4)).await;
            respond.send_response(grpc_head(), false).unwrap().send_trailers(status("0")).unwrap();
        };
        serve_h2(stream, keep).await;
    })
    .await
}

async fn statuses(answers: Vec<h2::client::ResponseFuture>) -> Vec<Option<u8>> {
    let mut statuses = Vec::new();
    for answer in answers {
        statuses.push(outcome(answer.await.unwrap()).await.unwrap().grpc_status());
    }
    statuses
}

#[tokio::test]
async fn a_burst_that_needs_many_connections_makes_several_at_once() {
    let origin = far(Duration::from_millis(200)).await;
    let node = Node::start_with(|config| config.origin_connect_timeout = Duration::from_secs(2)).await;
    node.put(streams(Plan::h2c(origin.port), 1)).await;
    let visitor = Visitor::by_tls(&node).await;
    assert_eq!(statuses(call(&visitor, 30).await).await, [Some(0); 30], "one by one it would be 6 s");
}

#[tokio::test]
async fn a_call_that_only_waited_is_not_told_that_its_origin_cannot_be_reached() {
    let origin = far(Duration::from_millis(500)).await;
    let node = Node::serving(streams(Plan::h2c(origin.port), 1)).await;
    let visitor = Visitor::by_tls(&node).await;
    let statuses = statuses(call(&visitor, 30).await).await;
    let count = |status| statuses.iter().filter(|found| **found == Some(status)).count();
    assert_eq!((count(0), count(8)), (16, 14), "connections are made eight at a time: {statuses:?}");
}
