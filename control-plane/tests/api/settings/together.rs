//! Many settings in one request.

use super::{set, setting};
use crate::harness::World;
use serde_json::json;

/// Declarative clients write back what they read; restoring tools write back all of it.
#[tokio::test]
async fn the_whole_list_can_be_written_back() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let path = format!("{zone}/settings");
    for (id, value) in [("grpc", json!("on")), ("max_upload", json!(0)), ("nel", json!({"enabled": true}))] {
        set(&world, &zone, id, value).await;
    }
    let listed = world.get(&path).await.ok();
    let values = |list: &serde_json::Value| -> Vec<_> {
        list.as_array().unwrap().iter().map(|one| (one["id"].clone(), one["value"].clone())).collect()
    };
    let written = world.patch(&path, json!({"items": listed})).await.ok();
    assert_eq!(values(&written), values(&listed));
    assert_eq!(values(&world.get(&path).await.ok()), values(&listed));
}

#[tokio::test]
async fn of_several_values_for_one_setting_the_last_counts() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let path = format!("{zone}/settings");
    let items = json!([
        {"id": "http2", "value": "off"},
        {"id": "ssl", "value": "off"},
        {"id": "http2", "value": "on"},
        {"id": "ssl", "value": "strict"},
        {"id": "grpc", "value": "on"},
    ]);
    world.patch(&path, json!({"items": items})).await.ok();
    assert_eq!(
        (setting(&world, &zone, "http2").await, setting(&world, &zone, "ssl").await),
        (json!("on"), json!("strict"))
    );
    let bad_first = json!([{"id": "http2", "value": "x"}, {"id": "http2", "value": "off"}]);
    assert_eq!(world.patch(&path, json!({"items": bad_first})).await.refused(), (400, 1007));
}

#[tokio::test]
async fn one_bad_item_spoils_all() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let many: Vec<_> = (0..201).map(|_| json!({"id": "http2", "value": "off"})).collect();
    for (items, refusal) in [
        (json!([]), (400, 1004)),
        (json!(many), (400, 1004)),
        (json!([{"value": "on"}]), (400, 1004)),
        (json!("x"), (400, 1004)),
        (json!([{"id": "http2", "value": "off"}, {"id": "nope", "value": "on"}]), (400, 1006)),
        (json!([{"id": "http2", "value": "off"}, {"id": "brotli", "value": "x"}]), (400, 1007)),
        (json!([{"id": "http2", "value": "off"}, {"id": "advanced_ddos", "value": "on"}]), (403, 1015)),
    ] {
        assert_eq!(
            world.patch(&format!("{zone}/settings"), json!({"items": items})).await.refused(),
            refusal
        );
    }
    assert_eq!(setting(&world, &zone, "http2").await, "on");
}

#[tokio::test]
async fn a_batch_is_one_revision_with_one_entry_of_what_was_and_what_is() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let (revisions, entries) = (world.count("revisions").await, world.count("audit").await);
    let items = json!([{"id": "ssl", "value": "strict"}, {"id": "nel", "value": {"enabled": true}}]);
    world.patch(&format!("{zone}/settings"), json!({"items": items})).await.ok();
    assert_eq!(world.count("revisions").await, revisions + 1);
    assert_eq!(world.count("audit").await, entries + 1);
    let (before, after): (serde_json::Value, serde_json::Value) =
        sqlx::query_as("select before, after from audit order by id desc limit 1")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
    assert_eq!(before, json!({"ssl": "full", "nel": {"enabled": false}}));
    assert_eq!(after, json!({"ssl": "strict", "nel": {"enabled": true}}));
}
