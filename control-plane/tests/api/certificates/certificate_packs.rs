//! Certificates once more, as packs, and what of packs does not exist here.

use super::made::{pair, pair_of, params};
use crate::harness::World;
use control_plane::reconcile::certificates::reconcile;
use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};

fn packs(zone: &str) -> String {
    format!("{zone}/ssl/certificate_packs")
}

fn pack_of(certificate: &Value) -> String {
    let id = certificate["id"].as_str().unwrap();
    format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..])
}

#[tokio::test]
async fn the_certificate_that_we_issue_is_a_universal_pack_that_says_who_issued_it() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let listed = world.get(&packs(&zone)).await;
    assert_eq!(
        listed.body["result_info"],
        json!({ "page": 1, "per_page": 20, "count": 1, "total_count": 1, "total_pages": 1 })
    );
    let listed = listed.ok();
    let certificate = listed[0]["certificates"][0].clone();
    let expected = json!({
        "id": pack_of(&certificate), "type": "universal", "hosts": ["example.com", "*.example.com"], "status": "active",
        "primary_certificate": certificate["id"], "certificate_authority": "orangery", "validity_days": 90,
        "validation_method": null, "validation_records": [], "validation_errors": [], "cloudflare_branding": false,
        "certificates": [{
            "id": certificate["id"], "zone_id": zone.strip_prefix("/zones/"), "hosts": ["example.com", "*.example.com"],
            "issuer": "Orangery", "signature": "ECDSAWithSHA256", "status": "active", "bundle_method": "ubiquitous",
            "geo_restrictions": null, "priority": 0, "uploaded_on": "2026-11-20T12:00:00Z",
            "modified_on": "2026-11-20T12:00:00Z", "expires_on": "2027-02-18T12:00:00Z",
        }],
    });
    assert_eq!(listed, json!([expected]));
    assert_eq!(world.get(&format!("{}/{}", packs(&zone), pack_of(&certificate))).await.ok(), expected);
}

#[tokio::test]
async fn uploaded_certificates_are_packs_of_their_type_in_order_of_precedence() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let mut legacy = pair(&["example.com"]).body();
    legacy["type"] = json!("legacy_custom");
    let legacy = world.post(&format!("{zone}/custom_certificates"), legacy).await.ok();
    let sni = world.post(&format!("{zone}/custom_certificates"), pair(&["*.example.com"]).body()).await.ok();
    let priorities = json!({ "certificates": [{ "id": sni["id"], "priority": 9 }] });
    world.put(&format!("{zone}/custom_certificates/prioritize"), priorities).await.ok();

    let listed = world.get(&packs(&zone)).await.ok();
    let told = listed.as_array().unwrap().iter();
    let told: Vec<Value> =
        told.map(|it| json!([it["type"], it["id"], it["certificate_authority"]])).collect();
    let universal = json!(["universal", pack_of(&listed[2]["certificates"][0]), "orangery"]);
    let expected = [
        json!(["legacy_custom", pack_of(&legacy), null]),
        json!(["sni_custom", pack_of(&sni), null]),
        universal,
    ];
    assert_eq!(told, expected);
    assert_eq!(listed[1]["certificates"][0]["priority"], 9);
    let page = world.get(&format!("{}?page=2&per_page=2", packs(&zone))).await.ok();
    assert_eq!(page, json!([listed[2]]));
    assert_eq!(world.get(&format!("{}?page=3&per_page=2", packs(&zone))).await.ok(), json!([]));
    assert_eq!(world.get(&format!("{}?deploy=staging", packs(&zone))).await.ok(), json!([]));
}

#[tokio::test]
async fn an_expired_certificate_is_told_to_those_who_ask_for_all() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let mut short = params(&["example.com"]);
    short.not_after = rcgen::date_time_ymd(2026, 11, 21);
    let uploaded = world.post(&format!("{zone}/custom_certificates"), pair_of(&short).body()).await.ok();
    world.app.clock.advance(SignedDuration::from_hours(48));
    reconcile(&world.app.pool, &world.app.master_key, world.app.clock.now()).await.unwrap();
    let count = async |query: &str| {
        world.get(&format!("{}{query}", packs(&zone))).await.ok().as_array().unwrap().len()
    };
    assert_eq!((count("").await, count("?status=all").await), (1, 2));
    let pack = world.get(&format!("{}/{}", packs(&zone), pack_of(&uploaded))).await.ok();
    assert_eq!((&pack["status"], &pack["validity_days"]), (&json!("expired"), &json!(324)));
}

#[tokio::test]
async fn what_packs_cannot_do_here_is_refused_with_what_to_do_instead() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let pack = world.get(&packs(&zone)).await.ok()[0]["id"].as_str().unwrap().to_owned();
    let order = json!({
        "type": "advanced", "hosts": ["example.com"], "validation_method": "txt", "validity_days": 90,
        "certificate_authority": "lets_encrypt",
    });
    for (method, path, body, instead) in [
        (Method::POST, format!("{}/order", packs(&zone)), Some(order), "upload it under custom_certificates"),
        (Method::PATCH, format!("{}/{pack}", packs(&zone)), None, "edit an uploaded certificate"),
        (Method::DELETE, format!("{}/{pack}", packs(&zone)), None, "ssl/universal/settings"),
    ] {
        let answer = world.call(&world.admin, method.clone(), &path, body).await;
        assert_eq!(answer.refused(), (400, 10501), "{method} {path}");
        assert!(answer.message().contains(instead), "{}", answer.body);
    }
    assert_eq!(
        world.get(&format!("{}/quota", packs(&zone))).await.ok(),
        json!({ "advanced": { "allocated": 0, "used": 0 } })
    );
    assert_eq!(world.count("certificates").await, 1);
}

#[tokio::test]
async fn a_pack_is_found_in_its_own_zone_by_its_own_id_and_by_its_owner() {
    let world = World::new().await;
    let (zone, other) = (world.zone("example.com").await, world.zone("example.org").await);
    let pack = world.get(&packs(&zone)).await.ok()[0].clone();
    let (id, plain) = (pack["id"].as_str().unwrap(), pack["primary_certificate"].as_str().unwrap());
    assert_eq!(world.get(&format!("{}/{id}", packs(&other))).await.refused(), (404, 1002));
    assert_eq!(world.get(&format!("{}/{plain}", packs(&zone))).await.refused(), (404, 7003));
    let them = world.tenant("them@example.org").await;
    for path in [packs(&zone), format!("{}/{id}", packs(&zone)), format!("{}/quota", packs(&zone))] {
        assert_eq!(world.call(&them, Method::GET, &path, None).await.refused(), (403, 10000), "{path}");
    }
}

#[tokio::test]
async fn verification_tells_that_nothing_is_waited_for_and_another_method_changes_nothing() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    world.post(&format!("{zone}/custom_certificates"), pair(&["example.com"]).body()).await.ok();
    let universal = world.get(&packs(&zone)).await.ok()[1]["id"].clone();
    let path = format!("{zone}/ssl/verification");
    let expected = json!([{
        "certificate_status": "active", "cert_pack_uuid": universal, "signature": "ECDSAWithSHA256",
        "verification_status": true, "validation_method": null, "verification_type": null, "verification_info": null,
        "brand_check": false,
    }]);
    assert_eq!(world.get(&format!("{path}?retry=true")).await.ok(), expected);

    let one = format!("{path}/{}", universal.as_str().unwrap());
    let edited = world.patch(&one, json!({ "validation_method": "http" })).await;
    assert_eq!(edited.header("orangery-revision"), None);
    assert_eq!(edited.ok(), json!({ "status": "active", "validation_method": "http" }));
    assert_eq!(world.patch(&one, json!({ "validation_method": "phone" })).await.refused(), (400, 1004));
    assert_eq!(world.get(&path).await.ok(), expected);

    world.patch(&format!("{zone}/ssl/universal/settings"), json!({ "enabled": false })).await.ok();
    assert_eq!(world.get(&path).await.ok(), json!([]));
    assert_eq!(world.patch(&one, json!({ "validation_method": "http" })).await.refused(), (404, 1002));
}
