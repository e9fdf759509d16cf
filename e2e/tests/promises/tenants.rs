//! Two tenants on one edge know nothing of each other.

use crate::refusals::{MISDIRECTED, ORIGIN_CERTIFICATE_INVALID, UNTRUSTED, assert_refused};
use e2e::{
    edge::edge,
    origins::Counter,
    random_name,
    visitor::{Call, Outcome, Request, crossed_channel},
    zone::{Cloud, Zone},
};
use sample_origin::hello::{HelloRequest, hello_service_client::HelloServiceClient};
use serde_json::json;

#[tokio::test]
async fn no_tenant_reads_or_writes_a_zone_of_another() {
    let edge = edge().await.unwrap();
    let (mine, _origin) = edge.working_zone().await.unwrap();
    let record = mine.api.get(&format!("/zones/{}/dns_records", mine.id)).await.unwrap().granted().unwrap()
        [0]["id"]
        .clone();
    let record = record.as_str().unwrap();
    let them = edge.control_plane.tenant("neighbour").await.unwrap();
    assert_eq!(them.get("/zones").await.unwrap().granted().unwrap(), json!([]));

    let zone = format!("/zones/{}", mine.id);
    let before = mine.api.get(&format!("{zone}/dns_records")).await.unwrap().granted().unwrap();
    for (method, path, body) in [
        ("GET", zone.clone(), None),
        ("PATCH", zone.clone(), Some(json!({"paused": true}))),
        ("DELETE", zone.clone(), None),
        ("GET", format!("{zone}/settings/ssl"), None),
        ("PATCH", format!("{zone}/settings/grpc"), Some(json!({"value": "off"}))),
        ("GET", format!("{zone}/dns_records"), None),
        (
            "POST",
            format!("{zone}/dns_records"),
            Some(json!({"type": "A", "name": "x", "content": "192.0.2.1"})),
        ),
        ("PATCH", format!("{zone}/dns_records/{record}"), Some(json!({"proxied": false}))),
        ("DELETE", format!("{zone}/dns_records/{record}"), None),
        ("GET", format!("{zone}/custom_certificates"), None),
        ("GET", format!("{zone}/acm/custom_trust_store"), None),
        ("GET", format!("/certificates?zone_id={}", mine.id), None),
    ] {
        let answer = them.call(method.parse().unwrap(), &path, body).await.unwrap();
        assert!(matches!(answer.status, 403 | 404), "{method} {path}: {answer:?}");
        assert_eq!(answer.body["result"], json!(null), "{method} {path}: {answer:?}");
    }
    assert_eq!(mine.api.get(&format!("{zone}/dns_records")).await.unwrap().granted().unwrap(), before);
    let hello = Request::new(Call::SayHello, &mine.host("grpc"));
    assert!(hello.send(&edge.https()).await.is_reply(&["hello Orangery"]));
}

#[tokio::test]
async fn no_tenant_takes_a_name_above_or_below_a_zone_of_another() {
    let edge = edge().await.unwrap();
    let mine = edge.zone().await.unwrap();
    let them = edge.control_plane.tenant("squatter").await.unwrap();
    let account = them.get("/accounts").await.unwrap().granted().unwrap()[0]["id"].clone();
    for name in [mine.name.clone(), mine.host("login")] {
        let answer = them.post("/zones", json!({"name": name, "account": {"id": account}})).await.unwrap();
        assert_eq!(answer.status, 400, "{name}: {answer:?}");
    }
    let below = Zone::create(&mine.api, &format!("a.b.{}.test", random_name())).await.unwrap();
    let (_, above) = below.name.split_once('.').unwrap();
    let answer = them.post("/zones", json!({"name": above, "account": {"id": account}})).await.unwrap();
    assert_eq!(answer.status, 400, "{above}: {answer:?}");
}

/// Says hello to `authority` on a connection whose TLS server name is `sni`.
async fn cross_call(edge: &e2e::edge::Edge, sni: &str, authority: &str) -> Outcome {
    let channel = crossed_channel(&edge.https(), sni, authority).await.unwrap();
    let status = HelloServiceClient::new(channel)
        .say_hello(HelloRequest { greeting: "Orangery".into() })
        .await
        .unwrap_err();
    Outcome::refused(&status)
}

#[tokio::test]
async fn a_connection_to_one_tenant_reaches_no_name_of_another() {
    let edge = edge().await.unwrap();
    let (mine, _origin) = edge.working_zone().await.unwrap();
    let api = edge.control_plane.tenant("neighbour").await.unwrap();
    let theirs = Zone::create(&api, &format!("{}.test", random_name())).await.unwrap();
    let origin = edge.origin(e2e::origins::Behaviour::TlsWithHttp2, &theirs).await.unwrap();
    theirs.record("grpc", &origin, Cloud::Orange).await.unwrap();
    theirs.set_all(&[("ssl", "full"), ("grpc", "on")]).await.unwrap();
    let outcome = cross_call(&edge, &theirs.host("grpc"), &mine.host("grpc")).await;
    assert_refused(&outcome, MISDIRECTED, "their server name, my host");
}

#[tokio::test]
async fn a_certificate_for_a_name_of_another_tenant_cannot_be_uploaded() {
    let edge = edge().await.unwrap();
    let mine = edge.zone().await.unwrap();
    let api = edge.control_plane.tenant("forger").await.unwrap();
    let theirs = Zone::create(&api, &format!("{}.test", random_name())).await.unwrap();
    let forged = e2e::authority::Identity::self_signed(&mine.host("grpc")).unwrap();
    let body = json!({"certificate": forged.chain_pem, "private_key": forged.key_pem});
    let answer = api.post(&format!("/zones/{}/custom_certificates", theirs.id), body).await.unwrap();
    assert_eq!(answer.status, 400, "{answer:?}");
}

#[tokio::test]
async fn two_tenants_never_share_a_connection_to_the_same_origin() {
    let mut edge = edge().await.unwrap();
    // With one worker there is one pool, so whatever could be shared would be.
    let door = edge.add_node(|wishes| e2e::node::Wishes { workers: 1, ..wishes }).await.unwrap().https();
    let mine = edge.zone().await.unwrap();
    let api = edge.control_plane.tenant("neighbour").await.unwrap();
    let theirs = Zone::create(&api, &format!("{}.test", random_name())).await.unwrap();
    let origin = edge.origin(e2e::origins::Behaviour::TlsWithHttp2, &mine).await.unwrap();
    let counter = Counter::before(origin.address).await.unwrap();
    for zone in [&mine, &theirs] {
        zone.record_at("grpc", counter.address, Cloud::Orange, "auto").await.unwrap();
        zone.set_all(&[("ssl", "full"), ("grpc", "on")]).await.unwrap();
    }
    for (zone, connections) in [(&mine, 1), (&mine, 1), (&theirs, 2), (&theirs, 2), (&mine, 2)] {
        let hello = Request::new(Call::SayHello, &zone.host("grpc"));
        assert!(hello.send(&door).await.is_reply(&["hello Orangery"]));
        assert_eq!(counter.connections(), connections);
    }
}

#[tokio::test]
async fn an_origin_that_one_tenant_may_reach_unverified_is_still_verified_for_another() {
    let edge = edge().await.unwrap();
    let trusting = edge.zone().await.unwrap();
    let origin = edge.origin(e2e::origins::Behaviour::SelfSigned, &trusting).await.unwrap();
    trusting.record("grpc", &origin, Cloud::Orange).await.unwrap();
    trusting.set_all(&[("ssl", "full"), ("grpc", "on")]).await.unwrap();
    assert!(
        Request::new(Call::SayHello, &trusting.host("grpc"))
            .send(&edge.https())
            .await
            .is_reply(&["hello Orangery"])
    );

    let api = edge.control_plane.tenant("careful").await.unwrap();
    let careful = Zone::create(&api, &format!("{}.test", random_name())).await.unwrap();
    careful.record("grpc", &origin, Cloud::Orange).await.unwrap();
    careful.set_all(&[("ssl", "strict"), ("grpc", "on")]).await.unwrap();
    let outcome = Request::new(Call::SayHello, &careful.host("grpc")).send(&edge.https()).await;
    assert_refused(
        &outcome,
        ORIGIN_CERTIFICATE_INVALID.because(UNTRUSTED),
        "the open connection of the other tenant is not used",
    );
}
