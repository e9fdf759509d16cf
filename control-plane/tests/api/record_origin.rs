//! The `origin` extension of records.

use crate::harness::World;
use serde_json::{Value, json};

fn proxied(name: &str, address: &str, origin: Value) -> Value {
    json!({"type": "A", "name": name, "content": address, "proxied": true, "origin": origin})
}

#[tokio::test]
async fn an_origin_is_kept_as_it_was_chosen() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let origin = json!({"port": 8443, "protocol": "grpcs", "sni": "Inner.example.com", "host_header": "inner.example.com:8443", "odd": 1});
    let record = world.record(&zone, proxied("a", "192.0.2.1", origin)).await;
    assert_eq!(
        record["origin"],
        json!({"port": 8443, "protocol": "grpcs", "sni": "inner.example.com", "host_header": "inner.example.com:8443"})
    );
    assert_eq!(
        world.record(&zone, proxied("b", "192.0.2.1", json!({}))).await["origin"],
        json!({"protocol": "auto"})
    );
    for (field, value) in [
        ("port", json!(0)),
        ("port", json!(65536)),
        ("port", json!("x")),
        ("protocol", json!("h2c")),
        ("protocol", json!(1)),
        ("sni", json!("192.0.2.1")),
        ("sni", json!("a b")),
        ("host_header", json!("a\r\nb")),
        ("host_header", json!("a.example.com:0")),
    ] {
        let answer = world
            .post(&format!("{zone}/dns_records"), proxied("c", "192.0.2.1", json!({field: value})))
            .await;
        assert_eq!(answer.refused(), (400, 1004), "{field}");
        assert_eq!(
            answer.body["errors"][0]["source"]["pointer"],
            format!("/origin/{field}"),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn clients_that_do_not_know_the_origin_do_not_lose_it() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let origin = json!({"port": 50051, "protocol": "grpc"});
    let record = world.record(&zone, proxied("a", "192.0.2.1", origin.clone())).await;
    let id = record["id"].as_str().unwrap();
    let path = format!("{zone}/dns_records/{id}");
    let plain = json!({"type": "A", "name": "a", "content": "192.0.2.2", "proxied": true});
    assert_eq!(world.put(&path, plain.clone()).await.ok()["origin"], origin);
    assert_eq!(world.patch(&path, json!({"comment": "x"})).await.ok()["origin"], origin);
    let mut put = plain.clone();
    put["id"] = json!(id);
    let batch = world.post(&format!("{zone}/dns_records/batch"), json!({"puts": [put]})).await.ok();
    assert_eq!(batch["puts"][0]["origin"], origin);
    let mut cleared = plain;
    cleared["origin"] = Value::Null;
    assert_eq!(world.put(&path, cleared).await.ok()["origin"], Value::Null);
}

#[tokio::test]
async fn strict_and_plain_origins_refuse_each_other() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let ssl = format!("{zone}/settings/ssl");
    let plain = world.record(&zone, proxied("a", "192.0.2.1", json!({"protocol": "grpc"}))).await;
    assert!(plain["meta"]["origin_exception"].is_string(), "{plain}");
    let answer = world.patch(&ssl, json!({"value": "strict"})).await;
    assert_eq!(answer.refused(), (400, 1007));
    assert!(
        answer.message().contains("`origin.protocol` of the record a.example.com"),
        "{}",
        answer.message()
    );
    let path = format!("{zone}/dns_records/{}", plain["id"].as_str().unwrap());
    let encrypted = world.patch(&path, json!({"origin": {"protocol": "grpcs"}})).await.ok();
    assert_eq!(encrypted["meta"], json!({}));
    world.patch(&ssl, json!({"value": "strict"})).await.ok();
    for protocol in ["http", "grpc"] {
        let answer = world.patch(&path, json!({"origin": {"protocol": protocol}})).await;
        assert_eq!(answer.refused(), (400, 1004));
        assert!(answer.message().contains("setting `ssl`"), "{}", answer.message());
    }
}

#[tokio::test]
async fn proxied_addresses_of_one_name_agree_on_their_origin() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let (here, there) = (json!({"port": 1}), json!({"port": 2}));
    let first = world.record(&zone, proxied("a", "192.0.2.1", here.clone())).await;
    let disagreeing =
        world.post(&format!("{zone}/dns_records"), proxied("a", "192.0.2.2", there.clone())).await;
    assert_eq!(disagreeing.refused(), (400, 1004));
    let second = world.record(&zone, proxied("a", "192.0.2.2", here)).await;
    let path = format!("{zone}/dns_records/{}", first["id"].as_str().unwrap());
    assert_eq!(world.patch(&path, json!({"origin": there})).await.refused(), (400, 1004));
    let both =
        json!({"patches": [{"id": first["id"], "origin": there}, {"id": second["id"], "origin": there}]});
    let done = world.post(&format!("{zone}/dns_records/batch"), both).await.ok();
    assert_eq!(done["patches"][1]["origin"]["port"], 2);
    let dns_only =
        json!({"type": "A", "name": "a", "content": "192.0.2.3", "proxied": false, "origin": {"port": 9}});
    world.record(&zone, dns_only).await;
}

/// What a client sends that does not know the `origin`.
fn unaware(name: &str, address: &str) -> Value {
    json!({"type": "A", "name": name, "content": address, "proxied": true})
}

#[tokio::test]
async fn an_address_that_joins_proxied_ones_without_an_origin_takes_theirs() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let records = format!("{zone}/dns_records");
    let origin = json!({"port": 50051, "protocol": "grpc"});
    world.record(&zone, proxied("a", "192.0.2.1", origin.clone())).await;
    assert_eq!(world.record(&zone, unaware("a", "192.0.2.2")).await["origin"], origin);
    let six = json!({"type": "AAAA", "name": "a", "content": "2001:db8::1", "proxied": true});
    let done = world.post(&format!("{records}/batch"), json!({"posts": [six]})).await.ok();
    assert_eq!(done["posts"][0]["origin"], origin);

    let dns_only = json!({"type": "A", "name": "a", "content": "192.0.2.3", "origin": {"port": 9}});
    let path = format!("{records}/{}", world.record(&zone, dns_only).await["id"].as_str().unwrap());
    assert_eq!(world.get(&path).await.ok()["origin"]["port"], 9);
    assert_eq!(world.patch(&path, json!({"proxied": true})).await.ok()["origin"], origin);

    let dns_only = json!({"type": "A", "name": "a", "content": "192.0.2.4"});
    let path = format!("{records}/{}", world.record(&zone, dns_only).await["id"].as_str().unwrap());
    assert_eq!(world.put(&path, unaware("a", "192.0.2.4")).await.ok()["origin"], origin);

    let elsewhere = world.record(&zone, unaware("b", "192.0.2.5")).await;
    assert_eq!(elsewhere["origin"], Value::Null);
    let path = format!("{records}/{}", elsewhere["id"].as_str().unwrap());
    assert_eq!(world.patch(&path, json!({"name": "a"})).await.ok()["origin"], origin);
    let kept = world.get(&records).await.ok();
    assert!(kept.as_array().unwrap().iter().all(|record| record["origin"] == origin), "{kept}");
}

#[tokio::test]
async fn addresses_of_one_batch_take_the_origin_that_one_of_them_or_a_patch_brings() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let batch = format!("{zone}/dns_records/batch");
    let origin = json!({"port": 1, "protocol": "auto"});
    let posts =
        [unaware("a", "192.0.2.1"), proxied("a", "192.0.2.2", origin.clone()), unaware("b", "192.0.2.1")];
    let done = world.post(&batch, json!({"posts": posts})).await.ok();
    assert_eq!((&done["posts"][0]["origin"], &done["posts"][1]["origin"]), (&origin, &origin));
    assert_eq!(
        (&done["posts"][2]["name"], &done["posts"][2]["origin"]),
        (&json!("b.example.com"), &Value::Null)
    );
    let patch = json!({"id": done["posts"][2]["id"], "origin": origin});
    let done =
        world.post(&batch, json!({"patches": [patch], "posts": [unaware("b", "192.0.2.2")]})).await.ok();
    assert_eq!(done["posts"][0]["origin"], origin);
}

#[tokio::test]
async fn an_address_that_replaces_another_in_one_batch_takes_its_origin() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let origin = json!({"port": 50051, "protocol": "grpc"});
    let old = world.record(&zone, proxied("a", "192.0.2.1", origin.clone())).await;
    let replace = json!({"deletes": [{"id": old["id"]}], "posts": [unaware("a", "192.0.2.2"), unaware("b", "192.0.2.3")]});
    let done = world.post(&format!("{zone}/dns_records/batch"), replace).await.ok();
    assert_eq!(done["posts"][0]["origin"], origin);
    assert_eq!(done["posts"][1]["origin"], Value::Null, "another name has another origin");
}

#[tokio::test]
async fn an_origin_that_was_sent_and_differs_from_the_siblings_is_refused() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let records = format!("{zone}/dns_records");
    let first = world.record(&zone, proxied("a", "192.0.2.1", json!({"port": 1}))).await;
    world.record(&zone, unaware("a", "192.0.2.2")).await;
    let path = format!("{records}/{}", first["id"].as_str().unwrap());
    for answer in [
        world.post(&records, proxied("a", "192.0.2.3", json!({"port": 2}))).await,
        world.post(&records, proxied("a", "192.0.2.3", Value::Null)).await,
        world
            .post(&format!("{records}/batch"), json!({"posts": [proxied("a", "192.0.2.3", json!({}))]}))
            .await,
        world.patch(&path, json!({"origin": {"port": 2}})).await,
    ] {
        assert_eq!(answer.refused(), (400, 1004));
        assert!(answer.message().contains("change them in one batch"), "{}", answer.message());
    }
}

#[tokio::test]
async fn a_record_that_is_dns_only_takes_no_origin() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    world.record(&zone, proxied("a", "192.0.2.1", json!({"port": 1}))).await;
    let dns_only = json!({"type": "A", "name": "a", "content": "192.0.2.2"});
    assert_eq!(world.record(&zone, dns_only).await["origin"], Value::Null);
}
