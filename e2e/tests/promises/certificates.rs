//! Which certificate visitors are shown is what the zone's owner chose.

use e2e::{
    authority::Authority,
    edge::{Edge, edge},
    visitor::{Call, Door, Request},
    zone::Zone,
};
use serde_json::{Value, json};

/// Whether a visitor who trusts one authority alone gets through to the zone's origin.
async fn greets(edge: &Edge, zone: &Zone, authority_pem: &str) -> bool {
    let door = Door::Https { address: edge.node().https_address(), ca_pem: authority_pem.to_owned() };
    Request::new(Call::SayHello, &zone.host("grpc")).send(&door).await.is_reply(&["hello Orangery"])
}

async fn write(zone: &Zone, method: &str, path: &str, body: Value) -> Value {
    let path = format!("/zones/{}{path}?wait=applied", zone.id);
    zone.api.call(method.parse().unwrap(), &path, Some(body)).await.unwrap().granted().unwrap()
}

async fn upload(zone: &Zone, authority: &Authority) -> Value {
    let identity = authority.issue(&zone.host("grpc")).unwrap();
    let pair = json!({"certificate": identity.chain_pem, "private_key": identity.key_pem});
    write(zone, "POST", "/custom_certificates", pair).await["id"].clone()
}

#[tokio::test]
async fn visitors_see_the_uploaded_certificate_that_has_the_highest_priority() {
    let edge = edge().await.unwrap();
    let (zone, _origin) = edge.working_zone().await.unwrap();
    let ours = edge.control_plane.api.text("/orangery/ca/edge.pem").await.unwrap();
    let (first, second) = (Authority::new("first").unwrap(), Authority::new("second").unwrap());
    assert!(greets(&edge, &zone, &ours).await);
    let first_id = upload(&zone, &first).await;
    let second_id = upload(&zone, &second).await;
    for (first_priority, second_priority, shown, hidden) in [(2, 1, &first, &second), (1, 2, &second, &first)]
    {
        let order = json!({"certificates": [
            {"id": first_id, "priority": first_priority}, {"id": second_id, "priority": second_priority},
        ]});
        write(&zone, "PUT", "/custom_certificates/prioritize", order).await;
        assert!(greets(&edge, &zone, &shown.pem()).await);
        assert!(!greets(&edge, &zone, &hidden.pem()).await);
        assert!(!greets(&edge, &zone, &ours).await);
    }
}

#[tokio::test]
async fn without_universal_ssl_a_zone_speaks_only_by_what_its_owner_uploaded() {
    let edge = edge().await.unwrap();
    let (zone, _origin) = edge.working_zone().await.unwrap();
    let ours = edge.control_plane.api.text("/orangery/ca/edge.pem").await.unwrap();
    assert!(greets(&edge, &zone, &ours).await);
    write(&zone, "PATCH", "/ssl/universal/settings", json!({"enabled": false})).await;
    assert!(!greets(&edge, &zone, &ours).await, "the zone has no certificate at all");
    let own = Authority::new("own").unwrap();
    let id = upload(&zone, &own).await;
    assert!(greets(&edge, &zone, &own.pem()).await);
    write(&zone, "PATCH", "/ssl/universal/settings", json!({"enabled": true})).await;
    assert!(greets(&edge, &zone, &own.pem()).await, "what was uploaded goes first");
    write(&zone, "DELETE", &format!("/custom_certificates/{}", id.as_str().unwrap()), json!({})).await;
    assert!(greets(&edge, &zone, &ours).await);
}
