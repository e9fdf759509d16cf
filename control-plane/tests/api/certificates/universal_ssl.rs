//! The switch of the certificate that every zone has from us.

use super::{
    made::pair,
    support::{now, published, revision},
};
use crate::harness::World;
use control_plane::{certificates::edge, reconcile::certificates::reconcile};
use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};

fn path(zone: &str) -> String {
    format!("{zone}/ssl/universal/settings")
}

async fn published_ids(world: &World, zone: &str) -> Vec<String> {
    published(world, zone).await.certificates.iter().map(|certificate| certificate.id.to_string()).collect()
}

#[tokio::test]
async fn a_new_zone_has_it_on() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let answer = world.get(&path(&zone)).await;
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!(answer.ok(), json!({ "enabled": true, "certificate_authority": "orangery" }));
}

#[tokio::test]
async fn off_withdraws_the_certificate_and_on_issues_another_at_once() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let uploaded =
        world.post(&format!("{zone}/custom_certificates"), pair(&["www.example.com"]).body()).await.ok();
    let uploaded = uploaded["id"].as_str().unwrap().to_owned();
    let first = published_ids(&world, &zone).await.pop().unwrap();

    let off = world.patch(&path(&zone), json!({ "enabled": false })).await;
    assert_eq!((off.header("etag"), off.header("orangery-revision")), (Some("\"3\""), Some("3")));
    assert_eq!(off.ok()["enabled"], false);
    assert_eq!(world.get(&path(&zone)).await.ok()["enabled"], false);
    // What the owner uploaded stays.
    assert_eq!(published_ids(&world, &zone).await, std::slice::from_ref(&uploaded));
    assert_eq!(world.count("certificates").await, 1);

    world.app.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(world.patch(&path(&zone), json!({ "enabled": true })).await.ok()["enabled"], true);
    let shown = published(&world, &zone).await.certificates;
    assert_eq!((shown.len(), shown[0].id.to_string()), (2, uploaded));
    assert_ne!(shown[1].id.to_string(), first);
    assert_eq!(
        shown[1].hosts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["example.com", "*.example.com"]
    );
    let end = world.app.clock.now() + edge::VALIDITY;
    assert_eq!(shown[1].not_after_unix, end.as_second());
    assert_eq!(revision(&world).await, 4);
}

#[tokio::test]
async fn while_it_is_off_nothing_is_issued_or_renewed() {
    let world = World::new().await;
    let (without, with) = (world.zone("example.com").await, world.zone("example.org").await);
    world.patch(&path(&without), json!({ "enabled": false })).await.ok();
    let former = published_ids(&world, &with).await;
    let later = now() + SignedDuration::from_hours(24 * 61);
    reconcile(&world.app.pool, &world.app.master_key, later).await.unwrap();
    assert_eq!(published_ids(&world, &without).await, Vec::<String>::new());
    assert_ne!(published_ids(&world, &with).await, former, "the other zone's is renewed");
}

#[tokio::test]
async fn the_ssl_setting_says_whether_there_is_a_certificate_at_all() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let ssl = format!("{zone}/settings/ssl");
    assert_eq!(world.get(&ssl).await.ok()["certificate_status"], "active");
    world.patch(&path(&zone), json!({ "enabled": false })).await.ok();
    assert_eq!(world.get(&ssl).await.ok().get("certificate_status"), None);
    world.post(&format!("{zone}/custom_certificates"), pair(&["www.example.com"]).body()).await.ok();
    assert_eq!(world.get(&ssl).await.ok()["certificate_status"], "active");
}

#[tokio::test]
async fn what_changes_nothing_publishes_nothing() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let former = published_ids(&world, &zone).await;
    for body in
        [json!({}), json!({ "enabled": null }), json!({ "enabled": true, "certificate_authority": "" })]
    {
        let answer = world.patch(&path(&zone), body).await;
        assert_eq!(answer.header("etag"), Some("\"1\""));
        assert_eq!(answer.ok()["enabled"], true);
    }
    assert_eq!((published_ids(&world, &zone).await, revision(&world).await), (former, 1));
}

#[tokio::test]
async fn the_audit_log_tells_who_switched_it() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    world.patch(&path(&zone), json!({ "enabled": false })).await.ok();
    let written: (Value, Value, Option<i64>, Option<String>) = sqlx::query_as(
        "select before, after, revision, actor_user from audit join revisions on salt = change where action = 'universal_ssl.edit'",
    )
    .fetch_one(&world.app.pool)
    .await
    .unwrap();
    let admin = world.admin.user.to_string();
    assert_eq!(written, (json!({ "enabled": true }), json!({ "enabled": false }), Some(2), Some(admin)));
}

#[tokio::test]
async fn another_authority_a_wrong_type_and_a_stranger_are_refused() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let other = world.patch(&path(&zone), json!({ "certificate_authority": "lets_encrypt" })).await;
    assert_eq!(other.refused(), (400, 1004));
    assert!(other.message().contains("custom_certificates"), "{}", other.body);
    assert_eq!(world.patch(&path(&zone), json!({ "enabled": "on" })).await.refused(), (400, 1004));
    let them = world.tenant("them@example.org").await;
    for (method, body) in [(Method::GET, None), (Method::PATCH, Some(json!({ "enabled": false })))] {
        assert_eq!(world.call(&them, method, &path(&zone), body).await.refused(), (403, 10000));
    }
    assert_eq!(published_ids(&world, &zone).await.len(), 1);
}
