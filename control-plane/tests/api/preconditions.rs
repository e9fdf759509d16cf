//! ETags are revisions, and `If-Match` keeps two writers apart.

use crate::harness::{Answer, World, request};
use http::{Method, header};
use serde_json::{Value, json};

async fn with_if_match(world: &World, method: Method, path: &str, tag: &str, body: Value) -> Answer {
    let bearer = format!("Bearer {}", world.admin.token);
    let request = request(method, path).header(header::AUTHORIZATION, bearer).header(header::IF_MATCH, tag);
    world.send(request, body.to_string()).await
}

#[tokio::test]
async fn everything_in_a_zone_carries_the_revision_of_the_zone() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let record = world.record(&zone, json!({"type": "A", "name": "a", "content": "192.0.2.1"})).await;
    let id = record["id"].as_str().unwrap();
    for path in ["", "/settings", "/settings/ssl", "/flags", "/dns_records", &format!("/dns_records/{id}")] {
        assert_eq!(world.get(&format!("{zone}{path}")).await.header("etag"), Some("\"2\""), "{path}");
    }
    world.zone("example.org").await;
    assert_eq!(world.get(&zone).await.header("etag"), Some("\"2\""));
}

#[tokio::test]
async fn a_write_that_builds_on_an_old_revision_is_412() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let record = world.record(&zone, json!({"type": "A", "name": "a", "content": "192.0.2.1"})).await;
    let path = format!("{zone}/dns_records/{}", record["id"].as_str().unwrap());
    for (method, path, body) in [
        (Method::PATCH, zone.clone(), json!({"paused": true})),
        (Method::DELETE, zone.clone(), json!({})),
        (Method::PATCH, format!("{zone}/settings/http2"), json!({"value": "off"})),
        (Method::PATCH, format!("{zone}/settings"), json!({"items": [{"id": "http2", "value": "off"}]})),
        (Method::PATCH, format!("{zone}/ssl/universal/settings"), json!({"enabled": false})),
        (
            Method::POST,
            format!("{zone}/flags/products/protocols/changes"),
            json!({"feature": "gRPC", "value": true}),
        ),
        (
            Method::POST,
            format!("{zone}/dns_records"),
            json!({"type": "A", "name": "b", "content": "192.0.2.1"}),
        ),
        (Method::POST, format!("{zone}/dns_records/batch"), json!({"deletes": [{"id": record["id"]}]})),
        (Method::PUT, path.clone(), json!({"type": "A", "name": "c", "content": "192.0.2.1"})),
        (Method::PATCH, path.clone(), json!({"ttl": 60})),
        (Method::DELETE, path.clone(), json!({})),
    ] {
        let stale = with_if_match(&world, method.clone(), &path, "\"1\"", body).await;
        assert_eq!(stale.refused(), (412, 10412), "{method} {path}");
        assert_eq!(stale.header("etag"), Some("\"2\""));
    }
    assert_eq!(world.count("revisions").await, 2);
    for tag in ["\"2\"", "\"1\", \"3\"", "*"] {
        let answer = with_if_match(&world, Method::PATCH, &path, tag, json!({"ttl": 60})).await;
        assert!(answer.status.is_success(), "{tag}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_write_names_its_revision_and_a_refused_one_none() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let answer = world.patch(&format!("{zone}/settings/grpc"), json!({"value": "on"})).await;
    assert_eq!((answer.header("orangery-revision"), answer.header("etag")), (Some("2"), Some("\"2\"")));
    let refused = world.patch(&format!("{zone}/settings/grpc"), json!({"value": "x"})).await;
    assert_eq!(refused.header("orangery-revision"), None);
    assert_eq!(world.get(&zone).await.header("orangery-revision"), None);
    assert_eq!(world.delete(&zone).await.header("orangery-revision"), Some("3"));
}

#[tokio::test]
async fn a_write_that_publishes_nothing_carries_the_revision_of_its_zone() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    world.zone("example.org").await;
    let batch = world.post(&format!("{zone}/dns_records/batch"), json!({})).await;
    assert_eq!((batch.header("etag"), batch.header("orangery-revision")), (Some("\"1\""), Some("2")));
    let answer =
        with_if_match(&world, Method::PATCH, &zone, batch.header("etag").unwrap(), json!({"paused": true}));
    let answer = answer.await;
    assert_eq!((answer.header("etag"), answer.header("orangery-revision")), (Some("\"3\""), Some("3")));
    answer.ok();
}
