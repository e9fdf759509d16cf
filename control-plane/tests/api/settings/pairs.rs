//! Settings that constrain each other: each refusal names the one that was not asked to change.

use super::{refused, set, setting};
use crate::harness::World;
use serde_json::json;

#[tokio::test]
async fn grpc_and_an_unencrypted_origin_refuse_each_other_by_name() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    for mode in ["off", "flexible"] {
        set(&world, &zone, "ssl", mode).await;
        let message = refused(&world, &zone, "grpc", "on").await;
        assert!(message.contains("change the setting `ssl`") && message.contains(mode), "{message}");
        assert_eq!(setting(&world, &zone, "grpc").await, "off");
    }
    set(&world, &zone, "ssl", "full").await;
    set(&world, &zone, "grpc", "on").await;
    for mode in ["off", "flexible"] {
        let message = refused(&world, &zone, "ssl", mode).await;
        assert!(message.contains("change the setting `grpc` to off"), "{message}");
        assert_eq!(setting(&world, &zone, "ssl").await, "full");
    }
    set(&world, &zone, "ssl", "strict").await;
}

#[tokio::test]
async fn the_lowest_version_and_what_forbids_it_refuse_each_other_by_name() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    for (id, forbidding, allowing) in [("tls_1_3", "off", "on"), ("tls_1_2_only", "on", "off")] {
        set(&world, &zone, id, forbidding).await;
        let message = refused(&world, &zone, "min_tls_version", "1.3").await;
        assert!(message.contains(&format!("change the setting `{id}` to {allowing} first")), "{message}");
        set(&world, &zone, "min_tls_version", "1.2").await;
        set(&world, &zone, id, allowing).await;
        set(&world, &zone, "min_tls_version", "1.3").await;
        let message = refused(&world, &zone, id, forbidding).await;
        assert!(message.starts_with(&format!("Invalid value for zone setting {id}: ")), "{message}");
        assert!(message.contains("change the setting `min_tls_version`"), "{message}");
        assert_eq!(setting(&world, &zone, id).await, allowing);
        set(&world, &zone, "min_tls_version", "1.0").await;
    }
    set(&world, &zone, "tls_1_3", "off").await;
    set(&world, &zone, "tls_1_2_only", "on").await;
    let message = refused(&world, &zone, "min_tls_version", "1.3").await;
    assert!(message.contains("`tls_1_3` to on and `tls_1_2_only` to off"), "{message}");
}

/// What only makes calls fail is let through: a node says so to each call.
#[tokio::test]
async fn grpc_does_not_forbid_lowering_the_versions_of_http() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    set(&world, &zone, "grpc", "on").await;
    set(&world, &zone, "http2", "off").await;
    set(&world, &zone, "origin_max_http_version", "1").await;
    assert_eq!(setting(&world, &zone, "grpc").await, "on");
}

#[tokio::test]
async fn the_database_itself_refuses_the_impossible_pair() {
    let world = World::new().await;
    world.zone("example.com").await;
    let error = sqlx::query("update zones set grpc = true, ssl = 'flexible'")
        .execute(&world.app.pool)
        .await
        .unwrap_err();
    assert_eq!(error.as_database_error().unwrap().constraint(), Some("zones_grpc_needs_encrypted_origin"));
}

#[tokio::test]
async fn a_batch_is_judged_by_what_results() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let path = format!("{zone}/settings");
    set(&world, &zone, "ssl", "flexible").await;
    let both = json!({"items": [
        {"id": "grpc", "value": "on", "editable": true, "time_remaining": 0},
        {"id": "ssl", "value": "full", "editable": false, "time_remaining": 0},
        {"id": "min_tls_version", "value": "1.3"},
        {"id": "tls_1_3", "value": "zrt"},
    ]});
    world.patch(&path, both).await.ok();
    assert_eq!(
        (setting(&world, &zone, "grpc").await, setting(&world, &zone, "ssl").await),
        (json!("on"), json!("full"))
    );
    for impossible in [
        json!([{"id": "http2", "value": "off"}, {"id": "ssl", "value": "off"}]),
        json!([{"id": "http2", "value": "off"}, {"id": "tls_1_2_only", "value": "on"}]),
    ] {
        assert_eq!(world.patch(&path, json!({"items": impossible})).await.refused(), (400, 1007));
        assert_eq!(setting(&world, &zone, "http2").await, "on");
    }
    let back = json!({"items": [
        {"id": "ssl", "value": "off"},
        {"id": "grpc", "value": "off"},
        {"id": "tls_1_2_only", "value": "on"},
        {"id": "min_tls_version", "value": "1.2"},
    ]});
    world.patch(&path, back).await.ok();
}
