//! All four call types, by TLS and by h2c, with metadata both ways.

use crate::{
    authority::Leaf,
    harness::{HOST, Node, Plan},
    origins::{self, grpc_head, status},
    visitor::{self, Visitor, hello},
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use sample_origin::{REPLIES, hello::HelloRequest};
use tonic::{
    Code, Request,
    metadata::{BinaryMetadataValue, MetadataValue},
};

fn greeting(whom: &str) -> HelloRequest {
    HelloRequest { greeting: whom.to_owned() }
}

async fn all_four_call_types_work(node: &Node, by_tls: bool) {
    let mut client = visitor::tonic(node, by_tls).await;
    let reply = client.say_hello(greeting("Orangery")).await.unwrap().into_inner();
    assert_eq!(reply.reply, "hello Orangery");

    let replies = client.lots_of_replies(greeting("you")).await.unwrap().into_inner();
    let replies: Vec<_> = replies.map(|reply| reply.unwrap().reply).collect().await;
    assert_eq!(replies, vec!["hello you"; REPLIES]);

    let greetings = stream::iter(["a", "b", "c"].map(greeting));
    let reply = client.lots_of_greetings(greetings).await.unwrap().into_inner();
    assert_eq!(reply.reply, "hello a, b, c");

    let (send, receive) = tokio::sync::mpsc::channel(1);
    send.send(greeting("first")).await.unwrap();
    let mut talk =
        client.bidi_hello(tokio_stream::wrappers::ReceiverStream::new(receive)).await.unwrap().into_inner();
    assert_eq!(talk.message().await.unwrap().unwrap().reply, "hello first");
    send.send(greeting("second")).await.unwrap();
    assert_eq!(talk.message().await.unwrap().unwrap().reply, "hello second");
    drop(send);
    assert_eq!(talk.message().await.unwrap(), None, "half-close reaches the origin and its end comes back");
}

#[tokio::test]
async fn a_client_by_tls_reaches_a_tls_origin_with_every_call_type() {
    let (_origin, port) = origins::sample_tls(&Leaf::self_signed(&[HOST])).await;
    all_four_call_types_work(&Node::serving(Plan::to(port)).await, true).await;
}

#[tokio::test]
async fn a_client_by_tls_reaches_an_h2c_origin_with_every_call_type() {
    let (_origin, port) = origins::sample_h2c().await;
    all_four_call_types_work(&Node::serving(Plan::h2c(port)).await, true).await;
}

#[tokio::test]
async fn a_client_by_h2c_reaches_a_tls_origin_with_every_call_type() {
    let (_origin, port) = origins::sample_tls(&Leaf::self_signed(&[HOST])).await;
    all_four_call_types_work(&Node::serving(Plan::to(port)).await, false).await;
}

#[tokio::test]
async fn metadata_passes_both_ways_binary_values_included() {
    let (_origin, port) = origins::sample_h2c().await;
    let node = Node::serving(Plan::h2c(port)).await;
    let mut client = visitor::tonic(&node, true).await;
    let mut request = Request::new(greeting("x"));
    request.metadata_mut().insert("x-echo-initial", MetadataValue::from_static("text"));
    request
        .metadata_mut()
        .insert_bin("x-echo-trailing-bin", BinaryMetadataValue::from_bytes(&[0, 1, 2, 255]));
    let response = client.say_hello(request).await.unwrap();
    assert_eq!(response.metadata().get("x-echo-initial").unwrap(), "text");
    let raw = response.metadata().get_bin("x-echo-trailing-bin").unwrap();
    assert_eq!(raw.to_bytes().unwrap(), Bytes::from_static(&[0, 1, 2, 255]));
}

#[tokio::test]
async fn the_origins_own_status_and_message_pass_unchanged() {
    let (_origin, port) = origins::sample_h2c().await;
    let node = Node::serving(Plan::h2c(port)).await;
    let channel = visitor::channel(&node, true).await;
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<HelloRequest, HelloRequest>::default();
    let path = "/hello.HelloService/Nothing".parse().unwrap();
    let refused = grpc.unary(Request::new(greeting("x")), path, codec).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
    assert!(refused.metadata().get("cf-ray").is_some());
}

/// A client takes HEADERS and an empty DATA frame for a lost trailer (hyper issue 4130).
#[tokio::test]
async fn a_trailers_only_answer_stays_one_frame() {
    let origin = origins::h2c(|_request, mut respond| async move {
        let mut head = grpc_head();
        head.headers_mut().insert("grpc-status", http::HeaderValue::from_static("5"));
        // The end of the request was not waited for, so h2 sends RST_STREAM(NO_ERROR) behind it.
        respond.send_response(head, true).unwrap();
    })
    .await;
    let node = Node::serving(Plan::h2c(origin.port)).await;
    let visitor = Visitor::by_tls(&node).await;
    for _ in 0..20 {
        let (response, mut body) = visitor.open(visitor.grpc(HOST)).await;
        body.send_data(hello("still talking"), false).unwrap();
        let outcome = visitor::outcome(response.await.unwrap()).await.unwrap();
        assert_eq!((outcome.grpc_status(), outcome.trailers_only), (Some(5), true));
    }
}

#[tokio::test]
async fn content_type_encodings_and_te_reach_the_origin_untouched() {
    let origin = origins::h2c(|request, mut respond| async move {
        let seen =
            ["content-type", "te", "grpc-encoding", "grpc-accept-encoding", "user-agent", "accept-encoding"]
                .map(|name| {
                    request.headers().get(name).map_or("-", |value| value.to_str().unwrap()).to_owned()
                })
                .join(" | ");
        let length = request.headers().contains_key("content-length");
        let mut head = grpc_head();
        head.headers_mut().insert("x-seen", seen.parse().unwrap());
        head.headers_mut().insert("x-length", length.to_string().parse().unwrap());
        head.headers_mut()
            .insert("x-authority", request.uri().authority().unwrap().as_str().parse().unwrap());
        let mut body = respond.send_response(head, false).unwrap();
        body.send_trailers(status("0")).unwrap();
    })
    .await;
    let node = Node::serving(Plan::h2c(origin.port)).await;
    let visitor = Visitor::by_tls(&node).await;
    let mut request = visitor.grpc(HOST);
    let headers = request.headers_mut();
    headers.insert("content-type", "application/grpc+json".parse().unwrap());
    headers.insert("grpc-encoding", "gzip".parse().unwrap());
    headers.insert("grpc-accept-encoding", "gzip,zstd".parse().unwrap());
    headers.insert("user-agent", "grpc-test/1".parse().unwrap());
    let outcome = visitor.call(request, hello("x")).await;
    assert_eq!(
        outcome.header("x-seen"),
        "application/grpc+json | trailers | gzip | gzip,zstd | grpc-test/1 | -"
    );
    assert_eq!(outcome.header("x-length"), "false");
    assert_eq!(outcome.header("x-authority"), HOST);
    assert_eq!(outcome.grpc_status(), Some(0));
}

#[tokio::test]
async fn every_answer_carries_the_ray_that_the_origin_saw() {
    let origin = origins::h2c(|request, mut respond| async move {
        let mut head = grpc_head();
        head.headers_mut().insert("x-ray", request.headers()["cf-ray"].clone());
        head.headers_mut().insert("x-visitor", request.headers()["cf-connecting-ip"].clone());
        head.headers_mut().insert("x-accel-buffering", "no".parse().unwrap());
        respond.send_response(head, false).unwrap().send_trailers(status("0")).unwrap();
    })
    .await;
    let node = Node::serving(Plan::h2c(origin.port)).await;
    let outcome = Visitor::by_tls(&node).await.hello().await;
    let ray = outcome.header("cf-ray");
    assert!(ray.len() == 20 && ray.ends_with("-TST"), "{ray}");
    assert_eq!(outcome.header("x-ray"), ray);
    assert_eq!(outcome.header("x-visitor"), "127.0.0.1");
    assert!(!outcome.headers.contains_key("x-accel-buffering"));
}

#[tokio::test]
async fn the_access_log_tells_of_a_call() {
    let (_origin, port) = origins::sample_h2c().await;
    let node = Node::serving(Plan::h2c(port)).await;
    let outcome = Visitor::by_tls(&node).await.hello().await;
    let ray = outcome.header("cf-ray").to_owned();
    let lines = node.end().await;
    let line = lines.iter().find(|line| line["ray"] == ray.as_str()).unwrap();
    assert_eq!(line["zone"], "demo.test");
    assert_eq!(line["grpc_service"], "hello.HelloService");
    assert_eq!(line["grpc_method"], "SayHello");
    assert_eq!(line["grpc_status"], 0);
    assert_eq!(line["outcome"], "carried");
    assert_eq!(line["revision"], 1);
    assert_eq!(line["request_bytes"], hello("Orangery").len());
    assert_eq!(line["response_bytes"], outcome.body.len());
}
