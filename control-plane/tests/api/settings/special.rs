//! Settings that are more than an id and a value.

use super::{set, setting};
use crate::harness::World;
use jiff::SignedDuration;
use serde_json::{Value, json};

#[tokio::test]
async fn the_mode_tells_the_status_of_the_certificate() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    assert_eq!(world.get(&format!("{zone}/settings/ssl")).await.ok()["certificate_status"], "active");
    assert_eq!(world.get(&format!("{zone}/settings/http2")).await.ok().get("certificate_status"), None);
}

#[tokio::test]
async fn development_mode_turns_itself_off_after_three_hours() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let path = format!("{zone}/settings/development_mode");
    let state = async || {
        let shown = world.get(&path).await.ok();
        (shown["value"].as_str().unwrap().to_owned(), shown["time_remaining"].as_i64().unwrap())
    };
    assert_eq!(state().await, ("off".into(), 0));
    set(&world, &zone, "development_mode", "on").await;
    assert_eq!(state().await, ("on".into(), 10800));
    world.app.clock.advance(SignedDuration::from_secs(10799));
    assert_eq!(state().await, ("on".into(), 1));
    world.app.clock.advance(SignedDuration::from_secs(31));
    assert_eq!(state().await, ("off".into(), -30));
    let listed = world.get(&format!("{zone}/settings")).await.ok();
    let listed = listed.as_array().unwrap().iter().find(|one| one["id"] == "development_mode").unwrap();
    assert_eq!((&listed["value"], &listed["time_remaining"]), (&json!("off"), &json!(-30)));
    set(&world, &zone, "development_mode", "on").await;
    assert_eq!(state().await, ("on".into(), 10800));
    set(&world, &zone, "development_mode", "off").await;
    assert_eq!(state().await, ("off".into(), 0));
}

#[tokio::test]
async fn the_recommender_is_enabled_rather_than_valued() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let path = format!("{zone}/settings/ssl_recommender");
    assert_eq!(world.get(&path).await.ok()["enabled"], false);
    for (body, enabled) in
        [(json!({"enabled": true}), true), (json!({"value": "off"}), false), (json!({"value": true}), true)]
    {
        let shown = world.patch(&path, body).await.ok();
        assert_eq!((&shown["id"], &shown["enabled"]), (&json!("ssl_recommender"), &json!(enabled)));
        assert_eq!(world.get(&path).await.ok(), shown);
    }
    let items = json!({"items": [{"id": "ssl_recommender", "enabled": false}]});
    world.patch(&format!("{zone}/settings"), items).await.ok();
    assert_eq!(setting(&world, &zone, "ssl_recommender").await, "off");
}

#[tokio::test]
async fn what_cannot_be_changed_takes_only_what_it_is() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let path = format!("{zone}/settings/advanced_ddos");
    assert_eq!(world.get(&path).await.ok()["editable"], false);
    world.patch(&path, json!({"value": "off"})).await.ok();
    let answer = world.patch(&path, json!({"value": "on"})).await;
    assert_eq!(
        (answer.refused(), answer.message()),
        ((403, 1015), "Not allowed to edit setting for advanced_ddos")
    );
}

/// Fields are kept while what they belong to is off, and none is made up.
#[tokio::test]
async fn the_security_header_is_shown_as_it_was_sent() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    for header in [
        json!({"enabled": false, "max_age": 86400, "include_subdomains": true, "preload": true, "nosniff": true}),
        json!({"enabled": true, "max_age": 300}),
    ] {
        let value = json!({"strict_transport_security": header});
        set(&world, &zone, "security_header", value.clone()).await;
        assert_eq!(setting(&world, &zone, "security_header").await, value);
    }
    let flat: Value = json!({"enabled": true, "max_age": 300});
    super::refused(&world, &zone, "security_header", flat).await;
}
