//! Origins that are reached in the way their record says, and origins that misbehave in other ways than the matrix.

use crate::refusals::{
    Face, HTTP2_OFF, HTTPS_ONLY, ORIGIN_ENDED_WITHOUT_STATUS, ORIGIN_LIMITED_TO_HTTP1, ORIGIN_NOT_GRPC,
    ORIGIN_PROTOCOL_ERROR, ORIGIN_RESET, PAUSED, UNKNOWN_HOST, assert_refused,
};
use e2e::{
    edge::edge,
    origins::Behaviour,
    visitor::{Call, Request},
    zone::Cloud,
};
use serde_json::json;

#[tokio::test]
async fn a_plaintext_origin_is_reached_under_full_if_its_record_says_so_and_never_under_strict() {
    let edge = edge().await.unwrap();
    let zone = edge.zone().await.unwrap();
    let origin = edge.origin(Behaviour::PlaintextH2c, &zone).await.unwrap();
    let record = zone.record_at("grpc", origin.address, Cloud::Orange, "grpc").await.unwrap();
    zone.set_all(&[("ssl", "full"), ("grpc", "on")]).await.unwrap();
    let hello = Request::new(Call::SayHello, &zone.host("grpc"));
    for door in edge.node().doors() {
        assert!(hello.send(&door).await.is_reply(&["hello Orangery"]));
    }
    assert_eq!(zone.try_set("ssl", "strict").await.unwrap().status, 400);
    zone.edit_record(&record, json!({"origin": null})).await.unwrap().granted().unwrap();
    zone.set("ssl", "strict").await.unwrap();
    let plain = json!({"origin": {"port": origin.address.port(), "protocol": "grpc"}});
    assert_eq!(zone.edit_record(&record, plain).await.unwrap().status, 400);
}

#[tokio::test]
async fn an_origin_that_breaks_the_rules_of_grpc_is_named_for_what_it_did() {
    let edge = edge().await.unwrap();
    let promises: [(Behaviour, Face); 4] = [
        (Behaviour::EndsWithoutStatus, ORIGIN_ENDED_WITHOUT_STATUS),
        (Behaviour::AnswersHtml(503), ORIGIN_NOT_GRPC),
        (Behaviour::SpeaksGibberish, ORIGIN_PROTOCOL_ERROR),
        (Behaviour::DeadMidStream, ORIGIN_RESET),
    ];
    for (behaviour, face) in promises {
        let zone = edge.zone().await.unwrap();
        let origin = edge.origin(behaviour, &zone).await.unwrap();
        zone.record("grpc", &origin, Cloud::Orange).await.unwrap();
        zone.set_all(&[("ssl", "full"), ("grpc", "on")]).await.unwrap();
        let outcome = Request::new(Call::LotsOfReplies, &zone.host("grpc")).send(&edge.https()).await;
        assert_refused(&outcome, face, &format!("{behaviour:?}"));
        let heard = matches!(behaviour, Behaviour::EndsWithoutStatus | Behaviour::DeadMidStream);
        assert_eq!(outcome.replies.len(), usize::from(heard), "what the origin did say arrives: {outcome:?}");
    }
}

#[tokio::test]
async fn each_other_switch_of_a_zone_is_named_by_the_refusal_it_causes() {
    let edge = edge().await.unwrap();
    let (zone, _origin) = edge.working_zone().await.unwrap();
    let hello = Request::new(Call::SayHello, &zone.host("grpc"));
    for (setting, value, back, face) in
        [("http2", "off", "on", HTTP2_OFF), ("origin_max_http_version", "1", "2", ORIGIN_LIMITED_TO_HTTP1)]
    {
        zone.set(setting, value).await.unwrap();
        assert_refused(&hello.send(&edge.https()).await, face, setting);
        zone.set(setting, back).await.unwrap();
        assert!(hello.send(&edge.https()).await.is_reply(&["hello Orangery"]), "{setting} back");
    }
    zone.set("always_use_https", "on").await.unwrap();
    assert_refused(&hello.send(&edge.http()).await, HTTPS_ONLY, "always_use_https");
    assert!(hello.send(&edge.https()).await.is_reply(&["hello Orangery"]));
    zone.pause(true).await.unwrap();
    assert_refused(&hello.send(&edge.https()).await, PAUSED, "paused");
    zone.pause(false).await.unwrap();
    assert_refused(
        &Request::new(Call::SayHello, &zone.host("nobody")).send(&edge.https()).await,
        UNKNOWN_HOST,
        "no such record",
    );
}
