//! The walk-through of the README: three switches, and what a caller sees after each.

use crate::{
    clients::{assert_as_it_should_be, drivers},
    refusals::{DNS_ONLY, GRPC_OFF, assert_refused},
};
use e2e::{
    edge::edge,
    origins::Behaviour,
    visitor::{Call, Request, Stack},
    zone::Cloud,
};

#[tokio::test]
async fn three_switches_turn_a_refused_call_into_hello_orangery() {
    let edge = edge().await.unwrap();
    let zone = edge.zone().await.unwrap();
    let origin = edge.origin(Behaviour::TlsWithHttp2, &zone).await.unwrap();
    zone.set("ssl", "flexible").await.unwrap();
    let record = zone.record("grpc", &origin, Cloud::Grey).await.unwrap();
    let hello = Request::new(Call::SayHello, &zone.host("grpc"));

    assert_refused(&hello.send(&edge.https()).await, DNS_ONLY, "the record is DNS only");
    zone.paint(&record, Cloud::Orange).await.unwrap();
    assert_refused(&hello.send(&edge.https()).await, GRPC_OFF, "the toggle is off");

    let refused = zone.try_set("grpc", "on").await.unwrap();
    assert_eq!(refused.refusal(), (400, 1007), "{refused:?}");
    assert!(refused.message().contains("ssl") || refused.message().contains("SSL"), "{refused:?}");
    zone.set("ssl", "full").await.unwrap();
    zone.set("grpc", "on").await.unwrap();

    for door in edge.node().doors() {
        assert_as_it_should_be(Call::SayHello, &hello.send(&door).await, Stack::Tonic);
        for (stack, driver) in drivers() {
            assert_as_it_should_be(Call::SayHello, &driver.send(&door, &hello).await.unwrap(), stack);
        }
    }
}

#[tokio::test]
async fn every_kind_of_call_passes_for_every_client_over_tls_and_h2c() {
    let edge = edge().await.unwrap();
    let (zone, _origin) = edge.working_zone().await.unwrap();
    for door in edge.node().doors() {
        for call in Call::ALL {
            let request = crate::clients::request(call, &zone.host("grpc"));
            assert_as_it_should_be(call, &request.send(&door).await, Stack::Tonic);
            for (stack, driver) in drivers() {
                assert_as_it_should_be(call, &driver.send(&door, &request).await.unwrap(), stack);
            }
        }
    }
}

#[tokio::test]
async fn metadata_text_and_binary_passes_both_ways() {
    let edge = edge().await.unwrap();
    let (zone, _origin) = edge.working_zone().await.unwrap();
    let request = Request::new(Call::SayHello, &zone.host("grpc"))
        .with_metadata("x-echo-text", "plain words")
        .with_metadata("x-echo-bytes-bin", "AAEC/w==");
    for door in edge.node().doors() {
        let mut outcomes = vec![(Stack::Tonic, request.send(&door).await)];
        for (stack, driver) in drivers() {
            outcomes.push((stack, driver.send(&door, &request).await.unwrap()));
        }
        for (stack, outcome) in outcomes {
            for side in [&outcome.headers, &outcome.trailers] {
                assert_eq!(
                    side.get("x-echo-text").map(String::as_str),
                    Some("plain words"),
                    "{stack:?} {outcome:?}"
                );
                let bytes = side.get("x-echo-bytes-bin").map(|value| value.trim_end_matches('='));
                assert_eq!(bytes, Some("AAEC/w"), "{stack:?} {outcome:?}");
            }
            assert!(!outcome.ray.is_empty(), "{stack:?} {outcome:?}");
        }
    }
}
