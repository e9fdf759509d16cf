//! Two tenants cannot reach each other's zones, nor learn which exist.

use crate::harness::World;
use http::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_zone_of_another_account_is_refused_in_every_way_and_unharmed() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let record = world.record(&zone, json!({"type": "A", "name": "a", "content": "192.0.2.1"})).await;
    let stranger = world.tenant("stranger@example.com").await;
    let id = record["id"].as_str().unwrap();
    for (method, path, body) in [
        (Method::GET, String::new(), None),
        (Method::PATCH, String::new(), Some(json!({"paused": true}))),
        (Method::DELETE, String::new(), None),
        (Method::PUT, "/activation_check".into(), None),
        (Method::GET, "/available_plans".into(), None),
        (Method::GET, "/settings".into(), None),
        (Method::PATCH, "/settings".into(), Some(json!({"items": [{"id": "http2", "value": "off"}]}))),
        (Method::GET, "/settings/ssl".into(), None),
        (Method::PATCH, "/settings/ssl".into(), Some(json!({"value": "off"}))),
        (Method::GET, "/flags".into(), None),
        (
            Method::POST,
            "/flags/products/protocols/changes".into(),
            Some(json!({"feature": "gRPC", "value": true})),
        ),
        (Method::GET, "/dns_records".into(), None),
        (
            Method::POST,
            "/dns_records".into(),
            Some(json!({"type": "A", "name": "b", "content": "192.0.2.1"})),
        ),
        (Method::POST, "/dns_records/batch".into(), Some(json!({"deletes": [{"id": id}]}))),
        (Method::GET, format!("/dns_records/{id}"), None),
        (
            Method::PUT,
            format!("/dns_records/{id}"),
            Some(json!({"type": "A", "name": "b", "content": "192.0.2.1"})),
        ),
        (Method::PATCH, format!("/dns_records/{id}"), Some(json!({"ttl": 60}))),
        (Method::DELETE, format!("/dns_records/{id}"), None),
    ] {
        let foreign = world.call(&stranger, method.clone(), &format!("{zone}{path}"), body.clone()).await;
        assert_eq!(foreign.refused(), (403, 10000), "{method} {path}");
        let never =
            world.call(&stranger, method.clone(), &format!("/zones/{}{path}", "0".repeat(32)), body).await;
        assert_eq!(never.body, foreign.body, "{method} {path}: a zone that never was looks the same");
    }
    assert_eq!(world.call(&stranger, Method::GET, "/zones", None).await.ok(), json!([]));
    assert_eq!(world.call(&stranger, Method::GET, "/zones?name=example.com", None).await.ok(), json!([]));
    assert_eq!(world.get(&zone).await.header("etag"), Some("\"2\""));
    world.delete(&zone).await.ok();
    assert_eq!(world.call(&stranger, Method::GET, &zone, None).await.refused(), (403, 10000));
}

#[tokio::test]
async fn zones_are_created_in_ones_own_accounts_only() {
    let world = World::new().await;
    let stranger = world.tenant("stranger@example.com").await;
    for account in [world.admin.account.to_string(), "0".repeat(32), "nonsense".into()] {
        let body = json!({"name": "example.com", "account": {"id": account}});
        let answer = world.call(&stranger, Method::POST, "/zones", Some(body)).await;
        assert_eq!(answer.refused(), (403, 0));
        assert!(answer.message().contains("com.cloudflare.api.account.zone.create"), "{}", answer.message());
    }
}

#[tokio::test]
async fn names_above_and_below_another_accounts_zone_are_on_hold() {
    let world = World::new().await;
    let stranger = world.tenant("stranger@example.com").await;
    world.zone("b.example.com").await;
    let create =
        async |name: &str| world.call(&stranger, Method::POST, "/zones", Some(json!({"name": name}))).await;
    for name in ["example.com", "a.b.example.com", "x.a.b.example.com"] {
        assert_eq!(create(name).await.refused(), (400, 1428), "{name}");
    }
    assert_eq!(create("b.example.com").await.refused(), (400, 1061));
    for name in ["c.example.com", "ab.example.com", "example.org"] {
        create(name).await.ok();
    }
    for name in ["a.b.example.com", "x.b.example.com"] {
        assert!(
            world.post("/zones", json!({"name": name})).await.status.is_success(),
            "{name}: one's own zones may overlap"
        );
    }
}

/// Both names are free when both requests begin.
#[tokio::test]
async fn two_tenants_cannot_take_overlapping_names_at_once() {
    let world = World::new().await;
    let stranger = world.tenant("stranger@example.com").await;
    for round in 0..10 {
        let (above, below) =
            (json!({"name": format!("r{round}.example")}), json!({"name": format!("sub.r{round}.example")}));
        let (first, second) = tokio::join!(
            world.call(&world.admin, Method::POST, "/zones", Some(above)),
            world.call(&stranger, Method::POST, "/zones", Some(below)),
        );
        let won = [&first, &second].iter().filter(|answer| answer.status.is_success()).count();
        assert_eq!(won, 1, "{} {}", first.body, second.body);
    }
}

#[tokio::test]
async fn the_audit_log_says_who_did_it() {
    let world = World::new().await;
    let stranger = world.tenant("stranger@example.com").await;
    world.call(&stranger, Method::POST, "/zones", Some(json!({"name": "example.com"}))).await.ok();
    let row: (Option<String>, Option<String>, Option<Value>) =
        sqlx::query_as("select actor_user, account_id, after from audit where action = 'zone.create'")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
    assert_eq!((row.0, row.1), (Some(stranger.user.to_string()), Some(stranger.account.to_string())));
    assert_eq!(row.2.unwrap()["name"], "example.com");
}
