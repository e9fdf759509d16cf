//! Open calls keep the rules they began with.

use crate::{
    clients::drivers,
    refusals::{DNS_ONLY, GRPC_OFF, assert_refused},
};
use e2e::{
    edge::edge,
    visitor::{Call, HeldStream, Outcome, Request, channel},
    zone::Cloud,
};
use sample_origin::hello::{HelloRequest, hello_service_client::HelloServiceClient};

#[tokio::test]
async fn a_bidi_stream_opened_before_a_change_ends_normally_after_it() {
    let edge = edge().await.unwrap();
    let (zone, _origin) = edge.working_zone().await.unwrap();
    let host = zone.host("grpc");
    for door in edge.node().doors() {
        let mut mine = HeldStream::open(channel(&door, &host).await.unwrap()).await.unwrap();
        let mut theirs = Vec::new();
        for (stack, driver) in drivers() {
            let mut held = driver.hold(&door, &host).unwrap();
            assert_eq!(held.say("before").await.unwrap(), "hello before", "{stack:?}");
            theirs.push((stack, held));
        }

        zone.set("grpc", "off").await.unwrap();
        assert_refused(&Request::new(Call::SayHello, &host).send(&door).await, GRPC_OFF, "a new call");

        assert_eq!(mine.say("after").await.unwrap(), "hello after");
        mine.close().await.unwrap();
        for (stack, mut held) in theirs {
            assert_eq!(held.say("after").await.unwrap(), "hello after", "{stack:?}");
            let outcome = held.close().await.unwrap();
            assert!(outcome.is_reply(&["hello before", "hello after"]), "{stack:?}: {outcome:?}");
        }
        zone.set("grpc", "on").await.unwrap();
    }
}

#[tokio::test]
async fn a_stream_outlives_its_record_and_even_its_zone() {
    let edge = edge().await.unwrap();
    let (zone, _origin) = edge.working_zone().await.unwrap();
    let host = zone.host("grpc");
    let mut held = HeldStream::open(channel(&edge.https(), &host).await.unwrap()).await.unwrap();
    let other = edge.origin(e2e::origins::Behaviour::TlsWithHttp2, &zone).await.unwrap();
    let grey = zone.record("grey", &other, Cloud::Grey).await.unwrap();
    assert_refused(
        &Request::new(Call::SayHello, &zone.host("grey")).send(&edge.https()).await,
        DNS_ONLY,
        &grey,
    );
    zone.remove().await.unwrap();
    assert_eq!(held.say("still here").await.unwrap(), "hello still here");
    held.close().await.unwrap();
}

#[tokio::test]
async fn a_visitor_who_is_refused_a_thousand_times_keeps_the_connection_and_its_open_stream() {
    let edge = edge().await.unwrap();
    let (zone, _origin) = edge.working_zone().await.unwrap();
    let connection = channel(&edge.https(), &zone.host("grpc")).await.unwrap();
    let mut held = HeldStream::open(connection.clone()).await.unwrap();
    zone.set("grpc", "off").await.unwrap();
    let mut client = HelloServiceClient::new(connection);
    for call in 0..1000 {
        let status = client.say_hello(HelloRequest { greeting: "again".into() }).await.unwrap_err();
        assert_refused(&Outcome::refused(&status), GRPC_OFF, &format!("call {call}"));
    }
    assert_eq!(held.say("still here").await.unwrap(), "hello still here");
    held.close().await.unwrap();
}
