//! From a commit in a real database to a node, over real TLS.

use crate::harness::{Node, World, folder};
use data_plane::{config::Config, follow::Condition};
use jiff::SignedDuration;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_is_applied_and_known_to_be_applied() {
    let world = World::new().await;
    let (id, revision) = world.create_zone("first.example").await;
    let node = world.node().await;
    node.until(revision).await;
    assert_eq!(node.current.load().zone(id).unwrap().zone.name.as_str(), "first.example");
    let paused = world.pause_zone(id, true).await;
    let position = node.until(paused).await;
    assert!(node.current.load().zone(id).unwrap().zone.paused);
    let row = world.until_node("with the revision", |row| row.state.applied == position).await;
    assert!(row.state.connected);
    assert_eq!(row.state.rejected_total, 0);
    assert_eq!(*node.following.condition.borrow(), Condition::Following);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_starts_again_needs_no_token_and_gets_only_what_it_lacks() {
    let world = World::new().await;
    let (id, revision) = world.create_zone("again.example").await;
    let node = world.node().await;
    node.until(revision).await;
    let row = world.until_node("connected", |row| row.state.connected).await;
    let state_dir = node.stop().await;
    world.until_node("away", |row| !row.state.connected).await;
    let revision = world.pause_zone(id, true).await;
    let node = Node::start_with(&Config { state_dir, ..Config::default() });
    node.until(revision).await;
    assert_eq!(world.until_node("connected again", |row| row.state.connected).await.id, row.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_keeps_what_it_has_while_the_control_plane_is_away_and_catches_up_after() {
    let mut world = World::new().await;
    let (id, revision) = world.create_zone("away.example").await;
    let node = world.node().await;
    node.until(revision).await;
    let address = world.link.as_ref().unwrap().link_addr.to_string();
    world.stop_link().await;
    let revision = world.pause_zone(id, true).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!node.current.load().zone(id).unwrap().zone.paused);
    world.start_link(&address).await;
    node.until(revision).await;
    assert!(node.current.load().zone(id).unwrap().zone.paused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_restored_from_a_backup_resets_the_nodes() {
    let mut world = World::new().await;
    let (kept, _) = world.create_zone("kept.example").await;
    let backup = Backup::take(&world).await;
    let (lost, revision) = world.create_zone("lost.example").await;
    let node = world.node().await;
    node.until(revision).await;
    backup.restore(&world).await;
    // Past the old number, in another history.
    world.pause_zone(kept, false).await;
    let last = world.pause_zone(kept, true).await;
    assert!(last > revision);
    let position = node.until(last).await;
    let head: Vec<u8> =
        sqlx::query_scalar("select chain from revision_counter").fetch_one(&world.pool).await.unwrap();
    assert_eq!(position.chain.0.as_slice(), head);
    let snapshot = node.current.load();
    assert!(snapshot.zone(lost).is_none());
    assert!(snapshot.zone(kept).unwrap().zone.paused);
    world.stop_link().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_that_changes_the_same_zone_otherwise_is_another_history() {
    let mut world = World::new().await;
    let (zone, _) = world.create_zone("twice.example").await;
    let backup = Backup::take(&world).await;
    let node = world.node().await;
    let revision = world.pause_zone(zone, true).await;
    node.until(revision).await;
    let address = world.link.as_ref().unwrap().link_addr.to_string();
    world.stop_link().await;
    backup.restore(&world).await;
    // The same number, the same document, another content.
    assert_eq!(world.pause_zone(zone, false).await, revision);
    world.start_link(&address).await;
    let head: Vec<u8> =
        sqlx::query_scalar("select chain from revision_counter").fetch_one(&world.pool).await.unwrap();
    let mut positions = node.current.positions();
    let caught_up =
        positions.wait_for(|position| position.is_some_and(|position| position.chain.0.as_slice() == head));
    tokio::time::timeout(Duration::from_secs(30), caught_up).await.unwrap().unwrap();
    assert!(!node.current.load().zone(zone).unwrap().zone.paused);
}

/// What a dump and restore does to the history, in the same database. No zone is paused when it is taken.
struct Backup {
    revision: i64,
    chain: Vec<u8>,
    zones: Vec<String>,
}

impl Backup {
    async fn take(world: &World) -> Self {
        let (revision, chain) = sqlx::query_as("select revision, chain from revision_counter")
            .fetch_one(&world.pool)
            .await
            .unwrap();
        let zones = sqlx::query_scalar("select id from zones").fetch_all(&world.pool).await.unwrap();
        Self { revision, chain, zones }
    }

    async fn restore(self, world: &World) {
        let mut transaction = world.pool.begin().await.unwrap();
        for sql in [
            "delete from revisions where revision > $1",
            "delete from outbox where revision > $1",
            "update zones set paused = false, revision = $1",
        ] {
            sqlx::query(sql).bind(self.revision).execute(&mut *transaction).await.unwrap();
        }
        sqlx::query("delete from zones where id <> all($1)")
            .bind(self.zones)
            .execute(&mut *transaction)
            .await
            .unwrap();
        sqlx::query("update revision_counter set revision = $1, chain = $2")
            .bind(self.revision)
            .bind(self.chain)
            .execute(&mut *transaction)
            .await
            .unwrap();
        transaction.commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_follow_one_control_plane_and_a_second_replica_serves_as_well() {
    let mut world = World::new().await;
    let (id, revision) = world.create_zone("two.example").await;
    let token = world.token(2, SignedDuration::from_hours(1)).await;
    let first = Node::start(&token, &folder());
    first.until(revision).await;
    let stop_first_link = world.stop.clone();
    world.start_link("127.0.0.1:0").await;
    let second_address = world.link.as_ref().unwrap().link_addr.to_string();
    let second = Node::start_with(&Config {
        enrol_token: Some(token),
        control_plane: vec![second_address],
        state_dir: folder(),
        ..Config::default()
    });
    let revision = world.pause_zone(id, true).await;
    first.until(revision).await;
    second.until(revision).await;
    assert_eq!(world.nodes().await.len(), 2);
    stop_first_link.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_whose_rows_were_spoiled_by_hand_keeps_its_last_form_and_holds_nothing_up() {
    let world = World::new().await;
    let (spoiled, _) = world.create_zone("spoiled.example").await;
    let (other, revision) = world.create_zone("other.example").await;
    let node = world.node().await;
    node.until(revision).await;
    sqlx::query("insert into zone_settings (zone_id, id, value, modified_on) values ($1, 'http2', '\"maybe\"', now())")
        .bind(spoiled.to_string())
        .execute(&world.pool)
        .await
        .unwrap();
    world.pause_zone(spoiled, true).await;
    let revision = world.pause_zone(other, true).await;
    node.until(revision).await;
    let snapshot = node.current.load();
    assert!(snapshot.zone(other).unwrap().zone.paused);
    assert!(!snapshot.zone(spoiled).unwrap().zone.paused);
    drop(snapshot);
    let is_told = |row: &control_plane::db::nodes::Node| row.state.rejected_total == 1;
    let row = world.until_node("that rejects it", is_told).await;
    assert_eq!(row.state.rejected[0].document, format!("zone/{spoiled}"));
    assert!(!row.state.rejected[0].needs_newer_node);
}
