//! Zones: created, listed, altered and deleted.

use crate::harness::World;
use serde_json::{Value, json};
use sqlx::Row as _;

fn names(zones: &Value) -> Vec<&str> {
    zones.as_array().unwrap().iter().map(|zone| zone["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_zone_is_active_at_once_and_has_every_key() {
    let world = World::new().await;
    let answer = world.post("/zones", json!({"name": "Example.COM.", "account": {"id": world.admin.account.to_string()}, "type": "full", "jump_start": true})).await;
    assert_eq!(answer.header("orangery-revision"), Some("1"));
    let zone = answer.ok();
    assert_eq!(
        (&zone["name"], &zone["status"], &zone["paused"]),
        (&json!("example.com"), &json!("active"), &json!(false))
    );
    for key in [
        "id",
        "name",
        "status",
        "paused",
        "type",
        "development_mode",
        "name_servers",
        "original_name_servers",
        "original_registrar",
        "original_dnshost",
        "modified_on",
        "created_on",
        "activated_on",
        "vanity_name_servers",
        "vanity_name_servers_ips",
        "meta",
        "owner",
        "account",
        "tenant",
        "tenant_unit",
        "permissions",
        "plan",
        "verification_key",
        "cname_suffix",
    ] {
        assert!(zone.get(key).is_some(), "{key}");
    }
    assert_eq!(zone["plan"]["is_subscribed"], true);
    assert_eq!(zone["created_on"], crate::harness::NOW);
    let id = zone["id"].as_str().unwrap();
    assert_eq!(world.get(&format!("/zones/{id}")).await.ok(), zone);
}

#[tokio::test]
async fn the_account_may_come_as_organization_or_not_at_all() {
    let world = World::new().await;
    let account = world.admin.account.to_string();
    let zone = world
        .post("/zones", json!({"name": "a.example", "organization": {"id": account}, "jump_start": false}))
        .await
        .ok();
    assert_eq!(zone["account"]["id"], account);
    assert_eq!(
        world.post("/zones", json!({"name": "b.example", "account": null})).await.ok()["account"]["id"],
        account
    );
}

#[tokio::test]
async fn names_that_cannot_be_zones_are_refused() {
    let world = World::new().await;
    let long = format!("{}.com", "a".repeat(64));
    for name in [
        "",
        "com",
        "localhost",
        "-a.com",
        "a_b.com",
        "*.com",
        "192.0.2.1",
        "a..com",
        "a b.com",
        "a\u{7}.com",
        &long,
    ] {
        assert_eq!(world.post("/zones", json!({"name": name})).await.refused(), (400, 1002), "{name:?}");
    }
    assert_eq!(world.count("zones").await, 0);
    assert_eq!(world.count("audit where action = 'zone.create'").await, 0);
}

#[tokio::test]
async fn a_second_zone_of_the_same_name_already_exists() {
    let world = World::new().await;
    world.zone("example.com").await;
    let answer = world.post("/zones", json!({"name": "example.com"})).await;
    assert_eq!(answer.refused(), (400, 1061));
    assert!(answer.message().contains("already exists"));
}

#[tokio::test]
async fn zones_are_found_by_every_filter() {
    let world = World::new().await;
    for name in ["alpha.example", "beta.example", "gamma.test"] {
        world.zone(name).await;
    }
    let account = world.admin.account;
    for (query, expected) in [
        ("", &["alpha.example", "beta.example", "gamma.test"] as &[_]),
        ("name=beta.example", &["beta.example"]),
        ("name=_acme-challenge.beta.example", &[]),
        ("name=BETA.example.", &["beta.example"]),
        ("name=equal:beta.example", &["beta.example"]),
        ("name=not_equal:beta.example", &["alpha.example", "gamma.test"]),
        ("name=contains:a.ex", &["alpha.example", "beta.example"]),
        ("name=starts_with:al", &["alpha.example"]),
        ("name=ends_with:.test", &["gamma.test"]),
        (&format!("account.id={account}&name=gamma.test"), &["gamma.test"]),
        ("account.id=00000000000000000000000000000000", &[]),
        ("account.name=first&direction=desc", &["gamma.test", "beta.example", "alpha.example"]),
        ("status=pending", &[]),
        (
            "status=active&type=full&type=partial&order=status",
            &["alpha.example", "beta.example", "gamma.test"],
        ),
        ("type=partial", &[]),
        ("match=any&status=pending&name=gamma.test", &["gamma.test"]),
        ("match=any", &["alpha.example", "beta.example", "gamma.test"]),
    ] {
        assert_eq!(names(&world.get(&format!("/zones?{query}")).await.ok()), expected, "{query}");
    }
}

#[tokio::test]
async fn pages_of_zones_end_with_an_empty_one() {
    let world = World::new().await;
    for number in 0..3 {
        world.zone(&format!("zone{number}.example")).await;
    }
    let second = world.get("/zones?page=2.0&per_page=2").await;
    assert_eq!(
        second.body["result_info"],
        json!({"page": 2, "per_page": 2, "count": 1, "total_count": 3, "total_pages": 2})
    );
    assert_eq!(names(&second.ok()), ["zone2.example"]);
    let past = world.get("/zones?page=3&per_page=2").await;
    assert_eq!(
        past.body["result_info"],
        json!({"page": 3, "per_page": 2, "count": 0, "total_count": 3, "total_pages": 2})
    );
    assert_eq!(past.ok(), json!([]));
    assert_eq!(world.get("/zones?per_page=5000").await.body["result_info"]["per_page"], 50);
}

#[tokio::test]
async fn a_zone_is_paused_and_keeps_what_was_not_sent() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let paused = world.patch(&zone, json!({"paused": true})).await.ok();
    assert_eq!((&paused["paused"], &paused["type"]), (&json!(true), &json!("full")));
    let edited = world
        .patch(&zone, json!({"type": "partial", "vanity_name_servers": ["NS1.example.com."]}))
        .await
        .ok();
    assert_eq!((&edited["paused"], &edited["type"]), (&json!(true), &json!("partial")));
    assert_eq!(edited["vanity_name_servers"], json!(["ns1.example.com"]));
    assert_eq!(world.get(&zone).await.ok(), edited);
    assert_eq!(world.patch(&zone, json!({"type": "odd"})).await.refused(), (400, 1004));
    assert_eq!(
        world.patch(&zone, json!({"vanity_name_servers": ["not a name"]})).await.refused(),
        (400, 1004)
    );
}

#[tokio::test]
async fn a_deleted_zone_is_gone_with_everything_in_it() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    world.record(&zone, json!({"type": "A", "name": "@", "content": "192.0.2.1"})).await;
    world.patch(&format!("{zone}/settings/http2"), json!({"value": "off"})).await.ok();
    let id = zone.strip_prefix("/zones/").unwrap();
    assert_eq!(world.delete(&zone).await.ok(), json!({"id": id}));
    for path in [&zone, &format!("{zone}/dns_records"), &format!("{zone}/settings")] {
        assert_eq!(world.get(path).await.refused(), (404, 7003), "{path}");
    }
    assert_eq!((world.count("records").await, world.count("zone_settings").await), (0, 0));
    assert_eq!(world.count("outbox where removed and document like 'zone/%'").await, 1);
    world.zone("example.com").await;
}

#[tokio::test]
async fn small_endpoints_that_clients_ask_for_answer() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let id = zone.strip_prefix("/zones/").unwrap();
    assert_eq!(world.put(&format!("{zone}/activation_check"), json!({})).await.ok(), json!({"id": id}));
    assert_eq!(world.get(&format!("{zone}/available_plans")).await.ok()[0]["legacy_id"], "enterprise");
}

#[tokio::test]
async fn every_write_is_in_the_audit_log_with_its_revision() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    world.patch(&zone, json!({"paused": true})).await.ok();
    let rows = sqlx::query(
        "select * from audit join revisions on salt = change where zone_id is not null order by id",
    )
    .fetch_all(&world.app.pool)
    .await
    .unwrap();
    let actions: Vec<_> = rows.iter().map(|row| row.get::<&str, _>("action")).collect();
    assert_eq!(actions, ["zone.create", "zone.edit"]);
    let edit = &rows[1];
    assert_eq!(edit.get::<String, _>("actor_user"), world.admin.user.to_string());
    assert_eq!(edit.get::<Value, _>("before")["paused"], false);
    assert_eq!(edit.get::<Value, _>("after")["paused"], true);
    assert_eq!(edit.get::<i64, _>("revision"), 2);
    assert!(edit.get::<String, _>("ray").ends_with("-TST"));
}

#[tokio::test]
async fn international_names_of_zones_are_found_as_they_are_written() {
    let world = World::new().await;
    world.zone("b\u{fc}cher.example").await;
    world.zone("other.example").await;
    for name in [
        "b%C3%BCcher.example",
        "equal:B%C3%9Ccher.example.",
        "starts_with:b%C3%BCcher.",
        "contains:b%C3%BCcher",
        "not_equal:other.example",
    ] {
        let found = world.get(&format!("/zones?name={name}")).await.ok();
        assert_eq!(found.as_array().unwrap().len(), 1, "{name}");
        assert_eq!(found[0]["name"], "xn--bcher-kva.example", "{name}");
    }
    let all_others = world.get("/zones?name=not_equal:b%C3%BCcher.example").await.ok();
    assert_eq!((all_others.as_array().unwrap().len(), &all_others[0]["name"]), (1, &json!("other.example")));
}
