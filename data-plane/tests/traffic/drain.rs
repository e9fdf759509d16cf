//! A node that is told to end: nobody new comes in, nobody who is in is cut off.

use crate::{
    harness::{Node, Plan},
    origins, visitor,
};
use sample_origin::hello::HelloRequest;
use std::time::Duration;
use tokio::{net::TcpStream, time::timeout};
use tokio_stream::wrappers::ReceiverStream;

const PATIENCE: Duration = Duration::from_secs(10);

fn greeting(whom: &str) -> HelloRequest {
    HelloRequest { greeting: whom.to_owned() }
}

#[tokio::test]
async fn an_open_stream_ends_normally_while_the_node_drains_and_then_the_node_ends() {
    let (_origin, port) = origins::sample_h2c().await;
    let node = Node::serving(Plan::h2c(port)).await;
    let mut client = visitor::tonic(&node, true).await;
    let (send, receive) = tokio::sync::mpsc::channel(1);
    send.send(greeting("before")).await.unwrap();
    let mut talk = client.bidi_hello(ReceiverStream::new(receive)).await.unwrap().into_inner();
    assert_eq!(talk.message().await.unwrap().unwrap().reply, "hello before");

    node.shutdown.cancel();
    let closed = async {
        while TcpStream::connect(node.https).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, closed).await.expect("a draining node takes nobody in");
    send.send(greeting("after")).await.unwrap();
    assert_eq!(talk.message().await.unwrap().unwrap().reply, "hello after");
    drop(send);
    assert_eq!(talk.message().await.unwrap(), None, "the call ends as the origin ends it");

    let lines = timeout(PATIENCE, node.end()).await.expect("a node without calls ends");
    assert_eq!(lines.last().expect("a line for the call")["grpc_status"], 0);
}
