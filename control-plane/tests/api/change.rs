//! Changes are numbered without gaps, in the order of their commits, and chained.

use crate::harness::World;
use control_plane::db::change::{Change, Committed, next_chain};
use policy::{
    id::ZoneId,
    revision::{Chain, Revision},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

const WRITERS: u64 = 32;
const CHANGES_PER_WRITER: u64 = 12;

/// Not good, but the same on every run.
fn draw(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_have_no_gaps_and_the_chain_proves_every_change() {
    let world = Arc::new(World::new().await);
    let mut zones = Vec::new();
    for number in 0..4 {
        let zone = world.zone(&format!("zone{number}.example")).await;
        zones.push(zone.trim_start_matches("/zones/").parse::<ZoneId>().unwrap());
    }
    let writers: Vec<_> =
        (0..WRITERS).map(|seed| tokio::spawn(write(Arc::clone(&world), zones.clone(), seed))).collect();
    let mut committed = 4;
    for writer in writers {
        committed += writer.await.unwrap();
    }
    let rows: Vec<(i64, Vec<u8>, Vec<u8>)> =
        sqlx::query_as("select revision, salt, chain from revisions order by revision")
            .fetch_all(&world.app.pool)
            .await
            .unwrap();
    let numbers: Vec<i64> = rows.iter().map(|row| row.0).collect();
    assert_eq!(numbers, (1..=committed).collect::<Vec<_>>());
    let mut chain = Chain::default();
    for (number, salt, stored) in rows {
        let documents: Vec<(String, bool)> =
            sqlx::query_as("select document, removed from outbox where revision = $1")
                .bind(number)
                .fetch_all(&world.app.pool)
                .await
                .unwrap();
        assert!(!documents.is_empty());
        chain = next_chain(
            chain,
            Revision(number.unsigned_abs()),
            &salt.try_into().unwrap(),
            &documents.into_iter().collect::<BTreeMap<_, _>>(),
        );
        assert_eq!(chain.0.as_slice(), stored, "revision {number}");
    }
    let counter: (i64, Vec<u8>) = sqlx::query_as("select revision, chain from revision_counter")
        .fetch_one(&world.app.pool)
        .await
        .unwrap();
    assert_eq!(counter, (committed, chain.0.to_vec()));
    assert_eq!(
        world.count("audit join revisions on salt = change where zone_id is not null").await,
        committed
    );
}

/// Some changes of one or two zones, of which every third is given up; returns how many were committed.
async fn write(world: Arc<World>, zones: Vec<ZoneId>, mut seed: u64) -> i64 {
    let mut committed = 0;
    let mut last = Revision(0);
    for _ in 0..CHANGES_PER_WRITER {
        let mut change = Change::begin(&world.app.pool, &world.actor()).await.unwrap();
        let picked = [zones[draw(&mut seed) as usize % 4], zones[draw(&mut seed) as usize % 4]];
        change.lock_zones(&picked).await.unwrap();
        picked.into_iter().for_each(|zone| change.publish_zone(zone));
        change.audit(control_plane::db::audit::Entry::in_zone(
            "test",
            "zone",
            picked[0],
            world.admin.account,
            picked[0],
        ));
        tokio::time::sleep(Duration::from_millis(draw(&mut seed) % 3)).await;
        if draw(&mut seed).is_multiple_of(3) {
            continue;
        }
        let revision = change.commit().await.unwrap();
        assert!(revision > last, "numbers grow in the order of commits");
        last = revision;
        committed += 1;
    }
    committed
}

/// Watches from outside: whoever sees a number sees all smaller ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_never_sees_a_number_before_the_smaller_ones() {
    let world = Arc::new(World::new().await);
    let zone = world.zone("example.com").await.trim_start_matches("/zones/").parse::<ZoneId>().unwrap();
    let writers: Vec<_> =
        (0..8).map(|seed| tokio::spawn(write(Arc::clone(&world), vec![zone; 4], seed))).collect();
    while writers.iter().any(|writer| !writer.is_finished()) {
        let (highest, count): (i64, i64) = sqlx::query_as("select max(revision), count(*) from revisions")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(highest, count);
    }
}

#[tokio::test]
async fn a_change_that_publishes_nothing_gets_no_number() {
    let world = World::new().await;
    world.zone("example.com").await;
    let mut change = Change::begin(&world.app.pool, &world.actor()).await.unwrap();
    change.audit(control_plane::db::audit::Entry::elsewhere("test", "test", "x", None));
    assert_eq!(change.commit().await.unwrap(), Revision(1));
    assert_eq!(world.count("revisions").await, 1);
    assert_eq!(world.count("audit where action = 'test' and change is null").await, 1);
}

#[tokio::test]
async fn a_change_of_a_zone_names_the_newest_revision_and_that_of_the_zone() {
    let world = World::new().await;
    let zone = world.zone("example.com").await.trim_start_matches("/zones/").parse::<ZoneId>().unwrap();
    world.zone("example.org").await;
    let quiet = Change::begin(&world.app.pool, &world.actor()).await.unwrap();
    let committed = quiet.commit_zone(zone).await.unwrap();
    assert_eq!(committed, Committed { newest: Revision(2), zone: Revision(1) });
    let mut loud = Change::begin(&world.app.pool, &world.actor()).await.unwrap();
    loud.publish_zone(zone);
    let committed = loud.commit_zone(zone).await.unwrap();
    assert_eq!(committed, Committed { newest: Revision(3), zone: Revision(3) });
}

#[test]
fn the_chain_depends_on_everything_in_a_change() {
    let documents = |key: &str, removed| BTreeMap::from([(key.to_owned(), removed)]);
    let (salt, other_salt) = ([1; 16], [2; 16]);
    let base = next_chain(Chain::default(), Revision(1), &salt, &documents("zone/a", false));
    for other in [
        next_chain(base, Revision(1), &salt, &documents("zone/a", false)),
        next_chain(Chain::default(), Revision(2), &salt, &documents("zone/a", false)),
        next_chain(Chain::default(), Revision(1), &other_salt, &documents("zone/a", false)),
        next_chain(Chain::default(), Revision(1), &salt, &documents("zone/b", false)),
        next_chain(Chain::default(), Revision(1), &salt, &documents("zone/a", true)),
        next_chain(Chain::default(), Revision(1), &salt, &BTreeMap::new()),
    ] {
        assert_ne!(base, other);
    }
}
