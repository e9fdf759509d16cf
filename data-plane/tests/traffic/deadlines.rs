//! Deadlines, cancellation, and ends that an origin left open.

use crate::{
    harness::{HOST, Node, Plan},
    origins::{self, grpc_head, status},
    visitor::{Outcome, Visitor, hello, outcome},
};
use bytes::Bytes;
use h2::{Reason, RecvStream, server::SendResponse};
use http::{HeaderValue, Request, Response};
use policy::refusal::Refusal;
use std::{future::poll_fn, time::Duration};
use tokio::{
    sync::mpsc::{UnboundedSender, unbounded_channel},
    time::{Instant, timeout},
};

#[track_caller]
fn assert_ended_by(outcome: &Outcome, refusal: Refusal) {
    assert_eq!(outcome.reason(), refusal.face().reason);
    assert_eq!(outcome.grpc_status(), Some(refusal.face().grpc_status.code()), "{}", outcome.message());
}

/// Answers with a head and a message, then tells which reset reaches it.
async fn tell_reset(
    _request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    tell: UnboundedSender<Reason>,
) {
    let mut body = respond.send_response(grpc_head(), false).unwrap();
    body.send_data(hello("x"), false).unwrap();
    let reason = poll_fn(|cx| body.poll_reset(cx)).await.unwrap();
    tell.send(reason).unwrap();
}

fn with_timeout(visitor: &Visitor, value: &'static str) -> Request<()> {
    let mut request = visitor.grpc(HOST);
    request.headers_mut().insert("grpc-timeout", HeaderValue::from_static(value));
    request
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_though_the_origin_never_answers() {
    let (tell, mut told) = unbounded_channel();
    let origin = origins::h2c(move |_request, mut respond| {
        let tell = tell.clone();
        async move {
            let reason = poll_fn(|cx| respond.poll_reset(cx)).await.unwrap();
            tell.send(reason).unwrap();
        }
    })
    .await;
    let node = Node::serving(Plan::h2c(origin.port)).await;
    let visitor = Visitor::by_tls(&node).await;
    let began = Instant::now();
    let outcome = visitor.call(with_timeout(&visitor, "200m"), hello("x")).await;
    assert_ended_by(&outcome, Refusal::DeadlineExceeded);
    assert!(outcome.trailers_only);
    assert!((Duration::from_millis(190)..Duration::from_millis(1500)).contains(&began.elapsed()));
    assert_eq!(told.recv().await, Some(Reason::CANCEL), "the origin is told at once");
}

#[tokio::test]
async fn a_stream_ends_at_its_deadline_in_the_middle_with_trailers() {
    let (tell, mut told) = unbounded_channel();
    let origin = origins::h2c(move |request, respond| tell_reset(request, respond, tell.clone())).await;
    let node = Node::serving(Plan::h2c(origin.port)).await;
    let visitor = Visitor::by_tls(&node).await;
    // The request stays open: the deadline counts from its head, not from its end.
    let (response, mut upload) = visitor.open(with_timeout(&visitor, "300m")).await;
    upload.send_data(hello("x"), false).unwrap();
    let outcome = outcome(response.await.unwrap()).await.unwrap();
    assert_eq!(outcome.body, hello("x"));
    assert_ended_by(&outcome, Refusal::DeadlineExceeded);
    assert_eq!(told.recv().await, Some(Reason::CANCEL));
}

#[tokio::test]
async fn what_is_left_of_a_deadline_shrinks_on_the_way() {
    let origin = origins::h2c(|request, mut respond| async move {
        let mut head = grpc_head();
        head.headers_mut().insert("x-timeout", request.headers()["grpc-timeout"].clone());
        respond.send_response(head, false).unwrap().send_trailers(status("0")).unwrap();
    })
    .await;
    let node = Node::serving(Plan::h2c(origin.port)).await;
    let visitor = Visitor::by_tls(&node).await;
    let outcome = visitor.call(with_timeout(&visitor, "5S"), hello("x")).await;
    let left = policy::grpc::parse_timeout(outcome.header("x-timeout").as_bytes()).unwrap();
    assert!(left < Duration::from_secs(5) && left > Duration::from_secs(3), "{left:?}");
}

#[tokio::test]
async fn a_visitor_who_cancels_cancels_at_the_origin() {
    let (tell, mut told) = unbounded_channel();
    let origin = origins::h2c(move |request, respond| tell_reset(request, respond, tell.clone())).await;
    let node = Node::serving(Plan::h2c(origin.port)).await;
    let visitor = Visitor::by_tls(&node).await;
    for request_ended in [true, false] {
        let (response, mut upload) = visitor.open(visitor.grpc(HOST)).await;
        upload.send_data(hello("x"), request_ended).unwrap();
        let mut stream = response.await.unwrap().into_body();
        stream.data().await.unwrap().unwrap();
        upload.send_reset(Reason::CANCEL);
        let reason = timeout(Duration::from_secs(2), told.recv()).await.unwrap();
        assert_eq!(reason, Some(Reason::CANCEL), "request ended: {request_ended}");
    }
}

#[tokio::test]
async fn a_visitor_whose_connection_dies_cancels_at_the_origin() {
    let (tell, mut told) = unbounded_channel();
    let origin = origins::h2c(move |request, respond| tell_reset(request, respond, tell.clone())).await;
    let node = Node::serving(Plan::h2c(origin.port)).await;
    let (mut sender, connection) =
        h2::client::handshake(tokio::net::TcpStream::connect(node.http).await.unwrap()).await.unwrap();
    let connection = tokio::spawn(connection);
    let uri = format!("http://{HOST}/hello.HelloService/BidiHello");
    let request = Request::post(uri).header("content-type", "application/grpc").body(()).unwrap();
    let (response, _upload) = sender.send_request(request, false).unwrap();
    response.await.unwrap();
    connection.abort();
    assert_eq!(timeout(Duration::from_secs(2), told.recv()).await.unwrap(), Some(Reason::CANCEL));
}

async fn against<F, Fut>(script: F) -> Outcome
where
    F: Fn(Request<RecvStream>, SendResponse<Bytes>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let origin = origins::h2c(script).await;
    let node = Node::serving(Plan::h2c(origin.port)).await;
    Visitor::by_tls(&node).await.hello().await
}

#[tokio::test]
async fn a_reset_before_the_answer_means_what_the_grpc_protocol_says() {
    for (reason, code) in [
        (Reason::CANCEL, 1),
        (Reason::ENHANCE_YOUR_CALM, 8),
        (Reason::INADEQUATE_SECURITY, 7),
        (Reason::INTERNAL_ERROR, 13),
        (Reason::REFUSED_STREAM, 14),
    ] {
        let outcome = against(move |_request, mut respond| async move { respond.send_reset(reason) }).await;
        assert_ended_by(&outcome, Refusal::OriginResetWith(reason.into()));
        assert_eq!(outcome.grpc_status(), Some(code), "{reason:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_ends_as_unavailable() {
    for reason in [Reason::INTERNAL_ERROR, Reason::CANCEL, Reason::NO_ERROR] {
        let outcome = against(move |request, mut respond| async move {
            origins::drain(request).await;
            let mut body = respond.send_response(grpc_head(), false).unwrap();
            body.send_data(hello("x"), false).unwrap();
            // Lets the message out, which a reset would overtake.
            tokio::time::sleep(Duration::from_millis(50)).await;
            body.send_reset(reason);
        })
        .await;
        assert_eq!(outcome.body, hello("x"), "{reason:?}");
        assert_ended_by(&outcome, Refusal::OriginReset);
        assert_eq!(outcome.grpc_status(), Some(14));
    }
}

#[tokio::test]
async fn an_origin_that_dies_in_the_middle_ends_as_unavailable() {
    let origin = origins::tcp(|stream| async move {
        let script = |_request, mut respond: SendResponse<Bytes>| async move {
            let mut body = respond.send_response(grpc_head(), false).unwrap();
            body.send_data(hello("x"), false).unwrap();
            std::future::pending::<()>().await;
        };
        let _ = timeout(Duration::from_millis(300), origins::serve_h2(stream, script)).await;
    })
    .await;
    let node = Node::serving(Plan::h2c(origin.port)).await;
    let outcome = Visitor::by_tls(&node).await.hello().await;
    assert_eq!(outcome.body, hello("x"));
    assert_ended_by(&outcome, Refusal::OriginReset);
}

#[tokio::test]
async fn an_answer_that_ends_without_a_status_ends_as_unknown() {
    let without_trailers = against(|_request, mut respond| async move {
        let mut body = respond.send_response(grpc_head(), false).unwrap();
        body.send_data(hello("x"), true).unwrap();
    });
    assert_ended_by(&without_trailers.await, Refusal::OriginEndedWithoutStatus);
    let without_status = against(|_request, mut respond| async move {
        let mut body = respond.send_response(grpc_head(), false).unwrap();
        body.send_trailers(
            [("x-other", "1")]
                .into_iter()
                .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect(),
        )
        .unwrap();
    });
    assert_ended_by(&without_status.await, Refusal::OriginEndedWithoutStatus);
    let head_only = against(|_request, mut respond| async move {
        respond.send_response(grpc_head(), true).unwrap();
    });
    assert_ended_by(&head_only.await, Refusal::OriginEndedWithoutStatus);
}

#[tokio::test]
async fn an_answer_that_is_not_grpc_becomes_a_status_and_its_html_is_dropped() {
    for (http_status, code) in [(200, 2), (404, 12), (403, 7), (503, 14), (500, 2)] {
        let outcome = against(move |_request, mut respond| async move {
            let head =
                Response::builder().status(http_status).header("content-type", "text/html").body(()).unwrap();
            let mut body = respond.send_response(head, false).unwrap();
            body.send_data("<html>".into(), true).unwrap();
        })
        .await;
        assert_ended_by(&outcome, Refusal::OriginNotGrpc(http_status));
        assert_eq!(outcome.grpc_status(), Some(code), "{http_status}");
        assert!(outcome.trailers_only);
    }
}

/// Nothing was processed, so the call is repeated, body and all.
#[tokio::test]
async fn a_refused_stream_is_tried_again_without_the_visitor_noticing() {
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&seen);
    let outcome = against(move |request, mut respond| {
        let first = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        async move {
            if first {
                return respond.send_reset(Reason::REFUSED_STREAM);
            }
            let bytes = origins::drain(request).await;
            let mut body = respond.send_response(grpc_head(), false).unwrap();
            body.send_data(hello(&bytes.to_string()), false).unwrap();
            body.send_trailers(status("0")).unwrap();
        }
    })
    .await;
    assert_eq!(outcome.grpc_status(), Some(0));
    assert_eq!(outcome.body, hello(&hello("Orangery").len().to_string()), "the whole body came again");
    assert_eq!(seen.load(std::sync::atomic::Ordering::SeqCst), 2);
}
