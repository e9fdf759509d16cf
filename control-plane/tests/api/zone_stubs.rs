//! What clients ask of a zone that has no meaning here: they get an honest answer, and nothing changes.

use crate::harness::World;
use serde_json::json;

#[tokio::test]
async fn every_zone_is_subscribed_to_the_one_plan_and_to_no_other() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let path = format!("{zone}/subscription");
    let held = world.get(&path).await.ok();
    assert_eq!((&held["price"], &held["rate_plan"]["id"]), (&json!(0), &json!("enterprise")));
    let wanted = json!({ "frequency": "monthly", "rate_plan": { "id": "enterprise", "currency": "USD" } });
    assert_eq!(world.post(&path, wanted.clone()).await.ok(), held);
    assert_eq!(world.put(&path, wanted).await.ok(), held);
    assert_eq!(world.put(&path, json!({})).await.ok(), held);
    let other = world.post(&path, json!({ "rate_plan": { "id": "free" } })).await;
    assert_eq!(other.refused(), (400, 1004));
    assert!(other.message().contains("the only plan is enterprise"), "{}", other.body);
    assert_eq!(world.count("revisions").await, 1);
}

#[tokio::test]
async fn a_cache_that_does_not_exist_can_be_purged() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let path = format!("{zone}/purge_cache");
    for body in [
        json!({ "purge_everything": true }),
        json!({ "files": ["https://example.com/a", { "url": "https://example.com/b", "headers": {} }] }),
        json!({ "hosts": ["example.com"] }),
    ] {
        let purged = world.post(&path, body).await.ok();
        assert_eq!(purged, json!({ "id": zone.strip_prefix("/zones/") }));
    }
    assert_eq!(world.post(&path, json!({})).await.refused(), (400, 1004));
    assert_eq!(world.count("revisions").await, 1);
}

#[tokio::test]
async fn there_are_no_page_rules_and_none_can_be_made() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let path = format!("{zone}/pagerules");
    let listed = world.get(&format!("{path}?status=active")).await;
    assert_eq!(listed.body.get("result_info"), None);
    assert_eq!(listed.ok(), json!([]));
    let rule = json!({
        "targets": [{ "target": "url", "constraint": { "operator": "matches", "value": "*example.com/*" } }],
        "actions": [{ "id": "ssl", "value": "strict" }], "priority": 1, "status": "active",
    });
    let refused = world.post(&path, rule).await;
    assert_eq!(refused.refused(), (400, 10501));
    assert!(refused.message().contains("settings of the zone"), "{}", refused.body);
    assert_eq!(world.get(&format!("{path}/{}", "0".repeat(32))).await.refused(), (404, 7003));
}
