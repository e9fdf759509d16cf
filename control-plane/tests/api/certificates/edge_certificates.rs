use super::{
    made::{der, pair_of, params, verifies},
    support::{download, dump, now, outbox, published, revision, zone_id},
};
use crate::harness::World;
use control_plane::{
    certificates::{authority::Kind, edge},
    db::{authorities, certificates, link, renewals},
    reconcile::certificates::reconcile,
};
use jiff::{SignedDuration, Timestamp};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The certificate that we issued for a zone, by its id and its end.
async fn edge_certificate(world: &World, zone: &str) -> (String, Timestamp) {
    let mut conn = world.app.pool.acquire().await.unwrap();
    let found = certificates::find_edge(&mut conn, zone_id(zone)).await.unwrap().unwrap();
    (found.id.to_string(), found.material.not_after)
}

async fn reconcile_at(world: &World, days: i32) {
    reconcile(&world.app.pool, &world.app.master_key, now() + DAY * days).await.unwrap();
}

#[tokio::test]
async fn a_new_zone_has_a_certificate_for_its_apex_and_one_label_below_from_its_first_revision() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    assert_eq!(revision(&world).await, 1);
    let authority = download(&world, "/orangery/ca/edge.pem").await;
    let shown = published(&world, &zone).await.certificates;
    assert_eq!(shown.len(), 1);
    let leaf = &shown[0].chain[0];
    assert!(verifies(&der(&authority), leaf, "example.com"));
    assert!(verifies(&der(&authority), leaf, "grpc.example.com"));
    assert!(!verifies(&der(&authority), leaf, "a.b.example.com"));
}

#[tokio::test]
async fn its_key_opens_with_the_fleet_key_and_lies_nowhere_in_clear() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let certificate = published(&world, &zone).await.certificates.remove(0);
    let mut conn = world.app.pool.acquire().await.unwrap();
    let fleet = link::current_fleet_key(&mut conn, &world.app.master_key).await.unwrap();
    let pkcs8 = fleet.open_private_key(certificate.id, &certificate.key).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let key = provider.key_provider.load_private_key(pkcs8.to_vec().try_into().unwrap()).unwrap();
    let chain = vec![certificate.chain[0].clone().into()];
    assert!(rustls::sign::CertifiedKey::new(chain, key).keys_match().is_ok());

    let dump = dump(&world).await;
    let edge =
        authorities::load_or_create(&mut conn, &world.app.master_key, Kind::Edge, now()).await.unwrap();
    for secret in [pkcs8.as_slice(), edge.private_key(), fleet.expose()] {
        assert!(!dump.contains(&hex::encode(secret)));
    }
    assert!(dump.contains(&hex::encode(&certificate.chain[0])), "the dump does not show what it should");
}

#[tokio::test]
async fn a_certificate_is_renewed_when_thirty_days_are_left_and_not_before() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let first = edge_certificate(&world, &zone).await;
    assert_eq!(first.1, now() + edge::VALIDITY);

    reconcile_at(&world, 59).await;
    assert_eq!(edge_certificate(&world, &zone).await, first);
    assert_eq!(revision(&world).await, 1);

    reconcile_at(&world, 61).await;
    let second = edge_certificate(&world, &zone).await;
    assert_ne!(second.0, first.0);
    assert_eq!(second.1, now() + DAY * 61 + edge::VALIDITY);
    assert_eq!(published(&world, &zone).await.certificates.len(), 1);
    assert_eq!(revision(&world).await, 2);

    reconcile_at(&world, 61).await;
    assert_eq!((edge_certificate(&world, &zone).await, revision(&world).await), (second, 2));
}

#[tokio::test]
async fn more_zones_than_fit_into_one_change_are_all_renewed() {
    let world = World::new().await;
    for number in 0..40 {
        world.zone(&format!("z{number}.example")).await;
    }
    reconcile_at(&world, 61).await;
    assert_eq!(revision(&world).await, 42);
    let mut conn = world.app.pool.acquire().await.unwrap();
    let until = now() + DAY * 61 + edge::RENEWED_BEFORE_END;
    assert_eq!(renewals::zones_to_renew(&mut conn, until, None, 100).await.unwrap(), []);
}

#[tokio::test]
async fn only_one_replica_renews_at_a_time() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let first = edge_certificate(&world, &zone).await;
    let mut other_replica = world.app.pool.begin().await.unwrap();
    assert!(renewals::try_lock_reconciler(&mut other_replica).await.unwrap());
    reconcile_at(&world, 61).await;
    assert_eq!(edge_certificate(&world, &zone).await, first);
    other_replica.rollback().await.unwrap();
    reconcile_at(&world, 61).await;
    assert_ne!(edge_certificate(&world, &zone).await, first);
}

#[tokio::test]
async fn an_uploaded_certificate_is_withdrawn_when_it_ends_and_ours_is_shown() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let mut short = params(&["example.com"]);
    short.not_after = rcgen::date_time_ymd(2026, 11, 25);
    let path = format!("{zone}/custom_certificates");
    let uploaded = world.post(&path, pair_of(&short).body()).await.ok();
    assert_eq!(published(&world, &zone).await.certificates[0].id.to_string(), uploaded["id"]);

    reconcile_at(&world, 4).await;
    assert_eq!(published(&world, &zone).await.certificates.len(), 2);
    reconcile_at(&world, 5).await;
    let shown = published(&world, &zone).await.certificates;
    assert_eq!(
        shown.iter().map(|it| it.id.to_string()).collect::<Vec<_>>(),
        [edge_certificate(&world, &zone).await.0]
    );
    let kept = world.get(&format!("{path}/{}", uploaded["id"].as_str().unwrap())).await.ok();
    assert_eq!(kept["status"], "expired");
}

#[tokio::test]
async fn a_deleted_zone_leaves_no_certificate_and_no_object_behind() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    assert!(outbox(&world, "object/").await.iter().all(|(_, removed)| !removed));
    world.delete(&zone).await.ok();
    let objects = outbox(&world, "object/").await;
    assert!(!objects.is_empty() && objects.iter().all(|(_, removed)| *removed), "{objects:?}");
    let mut conn = world.app.pool.acquire().await.unwrap();
    assert_eq!(certificates::find_edge(&mut conn, zone_id(&zone)).await.unwrap(), None);
}

#[tokio::test]
async fn a_zone_that_cannot_be_renewed_does_not_keep_the_others_from_it() {
    let world = World::new().await;
    let mut zones = Vec::new();
    for number in 0..3 {
        zones.push(world.zone(&format!("z{number}.example")).await);
    }
    zones.sort();
    let mut before = Vec::new();
    for zone in &zones {
        before.push(edge_certificate(&world, zone).await.0);
    }
    let broken = zone_id(&zones[1]);
    let trigger = format!(
        "create function fail() returns trigger language plpgsql as $$ begin raise 'broken'; end $$;
         create trigger broken before insert on certificates for each row when (new.zone_id = '{broken}') execute function fail()"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(trigger)).execute(&world.app.pool).await.unwrap();
    reconcile_at(&world, 61).await;
    let mut renewed = Vec::new();
    for (zone, before) in zones.iter().zip(before) {
        renewed.push(edge_certificate(&world, zone).await.0 != before);
    }
    assert_eq!(renewed, [true, false, true]);
    assert_eq!(world.count("audit where action = 'certificate.renew'").await, 2);
    sqlx::raw_sql("drop trigger broken on certificates").execute(&world.app.pool).await.unwrap();
    reconcile_at(&world, 61).await;
    assert_eq!(world.count("audit where action = 'certificate.renew'").await, 3);
}
