//! The alias of the gRPC toggle.

use crate::harness::World;
use serde_json::json;

#[tokio::test]
async fn the_flag_and_the_setting_are_one_switch() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let changes = format!("{zone}/flags/products/protocols/changes");
    assert_eq!(world.get(&format!("{zone}/flags")).await.ok()["protocols"], json!({"gRPC": false}));
    let answer = world.post(&changes, json!({"feature": "gRPC", "value": true})).await;
    assert!(answer.header("orangery-revision").is_some());
    assert_eq!(answer.ok(), json!({"gRPC": true}));
    assert_eq!(world.get(&changes).await.ok(), json!({"gRPC": true}));
    assert_eq!(world.get(&format!("{zone}/settings/grpc")).await.ok()["value"], "on");
    world.patch(&format!("{zone}/settings/grpc"), json!({"value": "off"})).await.ok();
    assert_eq!(world.get(&format!("{zone}/flags")).await.ok()["protocols"], json!({"gRPC": false}));
    assert_eq!(
        world.get(&format!("{zone}/flags/products/cache/changes")).await.ok(),
        json!({"crawlhints_enabled": false})
    );
}

#[tokio::test]
async fn the_flag_refuses_what_the_setting_refuses() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let changes = format!("{zone}/flags/products/protocols/changes");
    world.patch(&format!("{zone}/settings/ssl"), json!({"value": "flexible"})).await.ok();
    assert_eq!(world.post(&changes, json!({"feature": "gRPC", "value": true})).await.refused(), (400, 1007));
    assert_eq!(world.post(&changes, json!({"feature": "QUIC", "value": true})).await.refused(), (400, 1006));
    assert_eq!(world.post(&changes, json!({"feature": "gRPC", "value": "on"})).await.refused(), (400, 1004));
    assert_eq!(world.patch(&format!("{zone}/flags"), json!({})).await.refused(), (405, 10405));
    assert_eq!(world.get(&format!("{zone}/flags/products/nope/changes")).await.refused(), (404, 7003));
}
