use super::{
    made::{chain, chain_pem, der, pair, root},
    support::{download, outbox, published, revision},
};
use crate::harness::World;
use control_plane::db::published::View;
use http::Method;
use policy::object::ObjectHash;
use serde_json::{Value, json};

fn collection(zone: &str) -> String {
    format!("{zone}/acm/custom_trust_store")
}

fn member(zone: &str, root: &Value) -> String {
    format!("{}/{}", collection(zone), root["id"].as_str().unwrap())
}

async fn origin_ca(world: &World) -> Vec<u8> {
    der(&download(world, "/orangery/ca/origin.pem").await)
}

/// The trust store of a zone as it is published: which object, and what the object holds.
async fn trusted(world: &World, zone: &str) -> (ObjectHash, Vec<Vec<u8>>) {
    let hash = published(world, zone).await.trust_store.unwrap();
    let mut view = View::open(&world.app.pool).await.unwrap();
    let store = view.trust_stores(&[hash]).await.unwrap().pop().unwrap();
    assert_eq!(store.hash(), hash);
    (hash, store.certificates().to_vec())
}

#[tokio::test]
async fn a_root_is_shown_with_every_key_that_clients_know() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let pem = chain_pem(&[root("Private Root").der().as_ref()]);
    let created = world.post(&collection(&zone), json!({ "certificate": pem })).await.ok();
    let expected = json!({
        "id": created["id"], "certificate": pem, "issuer": "Private Root", "signature": "ECDSAWithSHA256", "status": "active",
        "expires_on": "2027-01-01T00:00:00Z", "uploaded_on": "2026-11-20T12:00:00Z", "updated_at": "2026-11-20T12:00:00Z",
    });
    assert_eq!(created, expected);
    assert_eq!(world.get(&member(&zone, &created)).await.ok(), expected);
    assert_eq!(world.get(&collection(&zone)).await.ok(), json!([expected]));
    assert_eq!(world.get(&format!("{}?page=2", collection(&zone))).await.ok(), json!([]));
}

#[tokio::test]
async fn every_zone_trusts_our_origin_ca_and_what_its_owner_added() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let ours = origin_ca(&world).await;
    assert_eq!(trusted(&world, &zone).await.1, std::slice::from_ref(&ours));

    let added = root("one");
    let created = world.post(&collection(&zone), json!({ "certificate": added.pem() })).await.ok();
    let mut expected = vec![ours.clone(), added.der().to_vec()];
    expected.sort();
    assert_eq!(trusted(&world, &zone).await.1, expected);

    let deleted = world.delete(&member(&zone, &created)).await.ok();
    assert_eq!(deleted, json!({ "id": created["id"] }));
    assert_eq!(trusted(&world, &zone).await.1, [ours]);
    assert_eq!(world.delete(&member(&zone, &created)).await.refused(), (404, 1002));
}

#[tokio::test]
async fn zones_share_an_object_which_is_removed_when_the_last_one_leaves_it() {
    let world = World::new().await;
    let (one, two) = (world.zone("example.com").await, world.zone("example.net").await);
    let pem = root("shared").pem();
    let in_one = world.post(&collection(&one), json!({ "certificate": pem })).await.ok();
    let in_two = world.post(&collection(&two), json!({ "certificate": pem })).await.ok();
    let (hash, _) = trusted(&world, &one).await;
    assert_eq!(trusted(&world, &two).await.0, hash);

    let key = format!("object/{hash}");
    world.delete(&member(&one, &in_one)).await.ok();
    assert_eq!(outbox(&world, &key).await, [(key.clone(), false)]);
    world.delete(&member(&two, &in_two)).await.ok();
    assert_eq!(outbox(&world, &key).await, [(key.clone(), true)]);

    world.post(&collection(&one), json!({ "certificate": pem })).await.ok();
    assert_eq!(outbox(&world, &key).await, [(key, false)]);
}

#[tokio::test]
async fn zones_that_take_up_and_leave_an_object_at_once_do_not_lose_it() {
    let world = World::new().await;
    let pem = root("shared").pem();
    let mut zones = Vec::new();
    for number in 0..6 {
        zones.push(world.zone(&format!("z{number}.example")).await);
    }
    let flip = async |zone: &str| {
        for _ in 0..5 {
            let created = world.post(&collection(zone), json!({ "certificate": pem })).await.ok();
            world.delete(&member(zone, &created)).await.ok();
        }
        world.post(&collection(zone), json!({ "certificate": pem })).await.ok();
    };
    let [a, b, c, d, e, f] = zones.clone().try_into().unwrap();
    tokio::join!(flip(&a), flip(&b), flip(&c), flip(&d), flip(&e), flip(&f));
    let (hash, certificates) = trusted(&world, &a).await;
    assert_eq!(certificates.len(), 2);
    for zone in &zones {
        assert_eq!(trusted(&world, zone).await.0, hash);
    }
    let key = format!("object/{hash}");
    assert_eq!(outbox(&world, &key).await, [(key, false)]);
}

#[tokio::test]
async fn each_change_publishes_the_zone_and_the_object_in_one_revision() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let before = revision(&world).await;
    let answer = world.post(&collection(&zone), json!({ "certificate": root("one").pem() })).await;
    answer.ok();
    assert_eq!(revision(&world).await, before + 1);
    let (hash, _) = trusted(&world, &zone).await;
    let query = "select document from outbox where revision = $1 and not removed order by document";
    let documents: Vec<String> =
        sqlx::query_scalar(query).bind((before + 1).cast_signed()).fetch_all(&world.app.pool).await.unwrap();
    assert_eq!(documents, [format!("object/{hash}"), zone.replace("/zones/", "zone/")]);
}

#[tokio::test]
async fn what_is_no_root_is_refused_and_nothing_is_written() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let held = root("held").pem();
    world.post(&collection(&zone), json!({ "certificate": held })).await.ok();
    let before = revision(&world).await;
    let (leaf, issuer, _) = chain("example.com");
    for (certificate, code) in [
        (json!(pair(&["example.com"]).certificate), 1411),
        (json!(chain_pem(&[&leaf])), 1411),
        (json!(chain_pem(&[&issuer, &leaf])), 1002),
        (json!("hello"), 1002),
        (json!(""), 1002),
        (json!(held), 1220),
        (json!(1), 1004),
        (json!(null), 1004),
    ] {
        let answer = world.post(&collection(&zone), json!({ "certificate": certificate })).await;
        assert_eq!(answer.refused(), (400, code), "{}", answer.body);
    }
    assert_eq!(revision(&world).await, before);
}

#[tokio::test]
async fn neither_another_tenant_nor_another_zone_reaches_a_root() {
    let world = World::new().await;
    let (zone, other) = (world.zone("example.com").await, world.zone("example.net").await);
    let created = world.post(&collection(&zone), json!({ "certificate": root("one").pem() })).await.ok();
    let them = world.tenant("them@example.org").await;
    for (method, path, body) in [
        (Method::GET, collection(&zone), None),
        (Method::POST, collection(&zone), Some(json!({ "certificate": root("two").pem() }))),
        (Method::GET, member(&zone, &created), None),
        (Method::DELETE, member(&zone, &created), None),
    ] {
        assert_eq!(world.call(&them, method, &path, body).await.refused(), (403, 10000), "{path}");
    }
    assert_eq!(world.get(&member(&other, &created)).await.refused(), (404, 1002));
    assert_eq!(world.delete(&member(&other, &created)).await.refused(), (404, 1002));
}

#[tokio::test]
async fn the_audit_log_tells_what_was_taken_away() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let created = world.post(&collection(&zone), json!({ "certificate": root("Gone").pem() })).await.ok();
    world.delete(&member(&zone, &created)).await.ok();
    let (before, after): (Option<Value>, Option<Value>) =
        sqlx::query_as("select before, after from audit where action = 'custom_trust_store.delete'")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
    let gone = json!({ "issuer": "Gone", "expires_on": created["expires_on"] });
    assert_eq!((before, after), (Some(gone), None));
}

#[tokio::test]
async fn an_upload_that_changes_nothing_carries_the_revision_of_its_zone() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let other = world.zone("example.net").await;
    // Our own authority is trusted already.
    let ours = download(&world, "/orangery/ca/origin.pem").await;
    let answer = world.post(&collection(&zone), json!({ "certificate": ours })).await;
    assert_eq!((answer.header("etag"), answer.header("orangery-revision")), (Some("\"1\""), Some("2")));
    assert_eq!(world.get(&other).await.header("etag"), Some("\"2\""));
}
