use super::{
    made::{chain, chain_pem, pair, pair_of, params},
    support::{dump, published, revision},
};
use crate::harness::World;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Method;
use rcgen::{KeyPair, PKCS_ECDSA_P521_SHA512, date_time_ymd};
use serde_json::{Value, json};

fn collection(zone: &str) -> String {
    format!("{zone}/custom_certificates")
}

fn member(zone: &str, certificate: &Value) -> String {
    format!("{}/{}", collection(zone), certificate["id"].as_str().unwrap())
}

async fn published_ids(world: &World, zone: &str) -> Vec<String> {
    published(world, zone).await.certificates.iter().map(|certificate| certificate.id.to_string()).collect()
}

#[tokio::test]
async fn an_uploaded_certificate_is_shown_with_every_key_that_clients_know_and_never_its_private_key() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let pair = pair(&["example.com", "*.example.com"]);
    let mut body = pair.body();
    body["bundle_method"] = json!("force");
    body["geo_restrictions"] = json!({ "label": "eu" });
    body["policy"] = json!("(country: US)");
    let answer = world.post(&collection(&zone), body).await;
    assert_eq!(answer.header("orangery-revision"), Some(revision(&world).await.to_string().as_str()));
    let created = answer.ok();
    let expected = json!({
        "id": created["id"], "zone_id": zone.strip_prefix("/zones/"), "hosts": ["*.example.com", "example.com"],
        "issuer": "rcgen self signed cert", "signature": "ECDSAWithSHA256", "status": "active", "bundle_method": "force",
        "geo_restrictions": { "label": "eu" }, "keyless_server": null, "priority": 0, "policy_restrictions": "(country: US)",
        "uploaded_on": "2026-11-20T12:00:00Z", "modified_on": "2026-11-20T12:00:00Z", "expires_on": "2027-01-01T00:00:00Z",
    });
    assert_eq!(created, expected);
    assert_eq!(world.get(&member(&zone, &created)).await.ok(), expected);
    assert_eq!(world.get(&collection(&zone)).await.ok(), json!([expected]));
}

#[tokio::test]
async fn a_private_key_lies_nowhere_in_clear_in_the_database() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let pair = pair(&["example.com"]);
    world.post(&collection(&zone), pair.body()).await.ok();
    let dump = dump(&world).await;
    let base64 = STANDARD.encode(&pair.pkcs8);
    assert!(!dump.contains(&hex::encode(&pair.pkcs8)) && !dump.contains(&base64[..60]));
    // The scalar alone, which every encoding of a P-256 key holds.
    assert!(!dump.contains(&hex::encode(&pair.pkcs8[36..68])));
}

#[tokio::test]
async fn uploaded_ones_go_before_ours_by_priority_and_then_the_newest_first() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let ours = published_ids(&world, &zone).await.remove(0);
    let mut ids = Vec::new();
    for _ in 0..3 {
        world.app.clock.advance(jiff::SignedDuration::from_secs(1));
        let created = world.post(&collection(&zone), pair(&["example.com"]).body()).await.ok();
        ids.push(created["id"].as_str().unwrap().to_owned());
    }
    let [first, second, third] = ids.clone().try_into().unwrap();
    assert_eq!(published_ids(&world, &zone).await, [&third, &second, &first, &ours].map(Clone::clone));

    // Older clients spell the id in capitals.
    let order =
        json!({ "certificates": [{ "ID": first, "priority": 2 }, { "id": second, "priority": "1" }] });
    let path = format!("{}/prioritize", collection(&zone));
    let listed = world.put(&path, order).await.ok();
    assert_eq!(
        listed.as_array().unwrap().iter().map(|it| it["priority"].as_i64().unwrap()).collect::<Vec<_>>(),
        [2, 1, 0]
    );
    assert_eq!(published_ids(&world, &zone).await, [&first, &second, &third, &ours].map(Clone::clone));
}

#[tokio::test]
async fn legacy_certificates_go_before_all_others_and_a_certificate_can_become_one() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let created = world.post(&collection(&zone), pair(&["example.com"]).body()).await.ok();
        ids.push(created["id"].as_str().unwrap().to_owned());
        let order = json!({ "certificates": [{ "id": created["id"], "priority": 10 - ids.len() }] });
        world.put(&format!("{}/prioritize", collection(&zone)), order).await.ok();
    }
    assert_eq!(published_ids(&world, &zone).await[..2], ids);
    let second = format!("{}/{}", collection(&zone), ids[1]);
    world.patch(&second, json!({ "type": "legacy_custom" })).await.ok();
    ids.reverse();
    assert_eq!(published_ids(&world, &zone).await[..2], ids);
    let listed = world.get(&collection(&zone)).await.ok();
    assert_eq!((&listed[0]["id"], &listed[1]["id"]), (&json!(ids[0]), &json!(ids[1])));
}

#[tokio::test]
async fn priorities_of_unknown_certificates_and_impossible_ones_are_refused() {
    let world = World::new().await;
    let (zone, other) = (world.zone("example.com").await, world.zone("example.org").await);
    let created = world.post(&collection(&zone), pair(&["example.com"]).body()).await.ok();
    let put = async |zone: &str, entries: Value| {
        let path = format!("{}/prioritize", collection(zone));
        world.put(&path, json!({ "certificates": entries })).await.refused()
    };
    let before = revision(&world).await;
    assert_eq!(put(&other, json!([{ "id": created["id"], "priority": 1 }])).await, (404, 1002));
    assert_eq!(put(&zone, json!([])).await, (400, 1004));
    assert_eq!(put(&zone, json!([{ "id": "x", "priority": 1 }])).await, (400, 1004));
    assert_eq!(put(&zone, json!([{ "id": created["id"], "priority": -1 }])).await, (400, 1004));
    assert_eq!(put(&zone, json!([{ "id": created["id"], "priority": 1.5 }])).await, (400, 1004));
    assert_eq!(revision(&world).await, before);
}

#[tokio::test]
async fn each_fault_of_an_upload_is_refused_with_its_code_and_nothing_is_written() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let (good, other) = (pair(&["example.com"]), pair(&["example.com"]));
    let (leaf, root, key) = chain("example.com");
    let mut expired = params(&["example.com"]);
    expired.not_after = date_time_ymd(2026, 11, 1);
    let p521 = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
    let p521_certificate = params(&["example.com"]).self_signed(&p521).unwrap().pem();
    let (expired, foreign) = (pair_of(&expired), pair(&["example.org"]));
    let reversed = chain_pem(&[&root, &leaf]);
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let before = revision(&world).await;
    for (certificate, private_key, code, says) in [
        ("hello", good.private_key.as_str(), 1002, "BEGIN CERTIFICATE"),
        (&" ".repeat(40_000), &good.private_key, 1002, "longer than"),
        (&expired.certificate, &expired.private_key, 1002, "expired on 2026-11-01"),
        (&p521_certificate, &p521.serialize_pem(), 1002, "key type is not supported"),
        (&reversed, &key.serialize_pem(), 2100, "not in order"),
        (&foreign.certificate, &foreign.private_key, 2103, "not within the zone example.com"),
        (&good.certificate, "hello", 2106, "BEGIN PRIVATE KEY"),
        (&good.certificate, encrypted, 2106, "passphrase"),
        (&good.certificate, &other.private_key, 2200, "does not belong"),
    ] {
        let body = json!({ "certificate": certificate, "private_key": private_key });
        let answer = world.post(&collection(&zone), body).await;
        assert_eq!(answer.refused(), (400, code), "{}", answer.body);
        assert!(answer.message().contains(says), "{}", answer.body);
    }
    for (field, value) in [
        ("certificate", json!(1)),
        ("private_key", json!(null)),
        ("bundle_method", json!("best")),
        ("type", json!("other")),
        ("geo_restrictions", json!({ "label": "moon" })),
        ("policy", json!("a\nb")),
        ("policy_restrictions", json!("a\nb")),
        ("deploy", json!("staging")),
        ("custom_csr_id", json!("7b163417-1d2b-4c84-a38a-2fb7a0cd7752")),
    ] {
        let mut body = good.body();
        body[field] = value;
        assert_eq!(world.post(&collection(&zone), body).await.refused(), (400, 1004), "{field}");
    }
    assert_eq!(revision(&world).await, before);
    assert_eq!(world.get(&collection(&zone)).await.ok(), json!([]));
}

#[tokio::test]
async fn the_empty_words_of_older_clients_choose_nothing() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let mut body = pair(&["example.com"]).body();
    body["bundle_method"] = json!("");
    body["type"] = json!("");
    body["geo_restrictions"] = json!({ "label": "" });
    let created = world.post(&collection(&zone), body).await.ok();
    assert_eq!(
        (&created["bundle_method"], &created["geo_restrictions"]),
        (&json!("ubiquitous"), &json!(null))
    );
}

#[tokio::test]
async fn the_same_certificate_twice_and_one_too_many_are_refused() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let twice = pair(&["example.com"]);
    world.post(&collection(&zone), twice.body()).await.ok();
    assert_eq!(world.post(&collection(&zone), twice.body()).await.refused(), (400, 1220));
    for _ in 1..20 {
        world.post(&collection(&zone), pair(&["example.com"]).body()).await.ok();
    }
    assert_eq!(world.post(&collection(&zone), pair(&["example.com"]).body()).await.refused(), (400, 1212));
}

#[tokio::test]
async fn a_certificate_is_replaced_together_with_its_key_under_the_same_id() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let first = pair(&["example.com"]);
    let created = world.post(&collection(&zone), first.body()).await.ok();
    let patch = async |body| world.patch(&member(&zone, &created), body).await;

    let second = pair(&["www.example.com"]);
    assert_eq!(patch(json!({ "certificate": second.certificate })).await.refused(), (400, 1004));
    assert_eq!(patch(json!({ "private_key": second.private_key })).await.refused(), (400, 1004));
    let mixed = json!({ "certificate": second.certificate, "private_key": first.private_key });
    assert_eq!(patch(mixed).await.refused(), (400, 2200));

    world.app.clock.advance(jiff::SignedDuration::from_secs(60));
    let replaced = patch(second.body()).await.ok();
    assert_eq!((&replaced["id"], &replaced["hosts"]), (&created["id"], &json!(["www.example.com"])));
    assert_eq!(replaced["uploaded_on"], "2026-11-20T12:01:00Z");
    let shown = published(&world, &zone).await.certificates.remove(0);
    assert_eq!(shown.hosts[0].as_str(), "www.example.com");

    // The same again is no duplicate of itself.
    patch(second.body()).await.ok();
}

#[tokio::test]
async fn what_is_not_sent_stays_and_null_clears() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let mut body = pair(&["example.com"]).body();
    body["geo_restrictions"] = json!({ "label": "us" });
    body["policy"] = json!("one");
    let created = world.post(&collection(&zone), body).await.ok();
    let patch = async |body| world.patch(&member(&zone, &created), body).await.ok();
    let shown = |it: &Value| {
        (it["bundle_method"].clone(), it["geo_restrictions"].clone(), it["policy_restrictions"].clone())
    };
    let edited = patch(json!({ "bundle_method": "optimal" })).await;
    assert_eq!(shown(&edited), (json!("optimal"), json!({ "label": "us" }), json!("one")));
    let edited = patch(json!({ "policy_restrictions": "two", "deploy": "production" })).await;
    assert_eq!(shown(&edited), (json!("optimal"), json!({ "label": "us" }), json!("two")));
    let edited = patch(json!({ "geo_restrictions": null, "policy": null })).await;
    assert_eq!(shown(&edited), (json!("optimal"), json!(null), json!(null)));
    for (field, value) in [("deploy", "staging"), ("custom_csr_id", "x"), ("type", "other")] {
        let refused = world.patch(&member(&zone, &created), json!({ field: value })).await;
        assert_eq!(refused.refused(), (400, 1004), "{field}");
    }
    assert_eq!(edited["expires_on"], created["expires_on"]);
}

#[tokio::test]
async fn a_deleted_certificate_is_gone_and_no_longer_published() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let created = world.post(&collection(&zone), pair(&["example.com"]).body()).await.ok();
    let deleted = world.delete(&member(&zone, &created)).await.ok();
    assert_eq!(deleted, json!({ "id": created["id"] }));
    assert_eq!(world.get(&member(&zone, &created)).await.refused(), (404, 1002));
    assert_eq!(world.delete(&member(&zone, &created)).await.refused(), (404, 1002));
    assert_eq!(published(&world, &zone).await.certificates.len(), 1);
}

#[tokio::test]
async fn pages_end_and_the_status_narrows() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    for _ in 0..3 {
        world.post(&collection(&zone), pair(&["example.com"]).body()).await.ok();
    }
    let page = async |query: &str| world.get(&format!("{}?{query}", collection(&zone))).await;
    let first = page("page=1&per_page=2").await.body;
    assert_eq!(first["result"].as_array().unwrap().len(), 2);
    assert_eq!(
        first["result_info"],
        json!({ "page": 1, "per_page": 2, "count": 2, "total_count": 3, "total_pages": 2 })
    );
    assert_eq!(page("page=3&per_page=2").await.ok(), json!([]));
    assert_eq!(page("status=expired").await.ok(), json!([]));
    assert_eq!(page("status=active").await.ok().as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn neither_another_tenant_nor_another_zone_reaches_a_certificate() {
    let world = World::new().await;
    let (zone, other) = (world.zone("example.com").await, world.zone("example.net").await);
    let them = world.tenant("them@example.org").await;
    let theirs = world.call(&them, Method::POST, "/zones", Some(json!({ "name": "example.org" }))).await.ok();
    let theirs = format!("/zones/{}", theirs["id"].as_str().unwrap());
    let created = world.post(&collection(&zone), pair(&["example.com"]).body()).await.ok();
    for (method, path, body) in [
        (Method::GET, collection(&zone), None),
        (Method::POST, collection(&zone), Some(pair(&["example.com"]).body())),
        (Method::GET, member(&zone, &created), None),
        (Method::PATCH, member(&zone, &created), Some(json!({ "policy": "x" }))),
        (Method::DELETE, member(&zone, &created), None),
        (
            Method::PUT,
            format!("{}/prioritize", collection(&zone)),
            Some(json!({ "certificates": [{ "id": created["id"], "priority": 1 }] })),
        ),
    ] {
        let answer = world.call(&them, method.clone(), &path, body).await;
        assert_eq!(answer.refused(), (403, 10000), "{method} {path}");
    }
    // With a zone of their own in the path, the id leads nowhere.
    for (who, zone) in [(&them, theirs), (&world.admin, other)] {
        assert_eq!(world.call(who, Method::GET, &member(&zone, &created), None).await.refused(), (404, 1002));
        assert_eq!(
            world.call(who, Method::DELETE, &member(&zone, &created), None).await.refused(),
            (404, 1002)
        );
    }
    assert_eq!(world.get(&member(&zone, &created)).await.ok(), created);
}

#[tokio::test]
async fn a_certificate_without_an_end_stays_active_and_is_published() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let mut endless = params(&["example.com"]);
    endless.not_after = date_time_ymd(9999, 12, 31);
    let path = format!("{zone}/custom_certificates");
    let uploaded = world.post(&path, pair_of(&endless).body()).await.ok();
    let shown = world.get(&format!("{path}/{}", uploaded["id"].as_str().unwrap())).await.ok();
    assert_eq!(shown["status"], "active");
    assert!(shown["expires_on"].as_str().unwrap().starts_with("9999-12-30T22:00:0"), "{shown}");
    assert_eq!(published(&world, &zone).await.certificates.len(), 2);
}

#[tokio::test]
async fn the_audit_log_tells_the_priorities_before_and_after() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let path = format!("{zone}/custom_certificates");
    let uploaded = world.post(&path, pair(&["example.com"]).body()).await.ok();
    let id = uploaded["id"].as_str().unwrap();
    let wanted = json!({"certificates": [{"id": id, "priority": 7}]});
    world.put(&format!("{path}/prioritize"), wanted).await.ok();
    let (before, after): (Value, Value) =
        sqlx::query_as("select before, after from audit where action = 'custom_certificate.prioritize'")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
    assert_eq!((before, after), (json!({id: uploaded["priority"]}), json!({id: 7})));
}
