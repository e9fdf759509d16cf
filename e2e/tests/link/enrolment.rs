//! Who may join, and who may no longer stay.

use crate::harness::{Node, World, folder};
use data_plane::{config::Config, follow};
use jiff::{SignedDuration, Timestamp};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Long enough for several attempts to enrol.
async fn is_never_admitted(world: &World, node: &Node) {
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(!node.current.is_configured());
    assert!(world.nodes().await.iter().all(|row| !row.state.connected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_admits_as_many_nodes_as_it_says() {
    let world = World::new().await;
    let (_, revision) = world.create_zone("uses.example").await;
    let token = world.token(1, HOUR).await;
    let first = Node::start(&token, &folder());
    first.until(revision).await;
    first.stop().await;
    let second = Node::start(&token, &folder());
    is_never_admitted(&world, &second).await;
    assert_eq!(world.nodes().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn enrolling_again_with_the_same_keys_is_the_same_node_and_uses_nothing_up() {
    let world = World::new().await;
    let (_, revision) = world.create_zone("idempotent.example").await;
    let token = world.token(1, HOUR).await;
    let node = Node::start(&token, &folder());
    node.until(revision).await;
    let id = world.nodes().await[0].id;
    let state_dir = node.stop().await;
    // As if the answer had been lost: the node has its keys, and does not know that it is enrolled.
    let file = state_dir.join("identity.json");
    let mut identity: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    identity["node"] = serde_json::Value::Null;
    std::fs::write(&file, identity.to_string()).unwrap();
    let node = Node::start(&token, &state_dir);
    node.until(revision).await;
    assert_eq!(world.nodes().await.iter().map(|row| row.id).collect::<Vec<_>>(), [id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_and_one_of_another_installation_admit_nobody() {
    let world = World::new().await;
    world.create_zone("expired.example").await;
    let expired = Node::start(&world.token(1, SignedDuration::from_secs(-1)).await, &folder());
    is_never_admitted(&world, &expired).await;
    let other = World::new().await;
    let stranger = other.token(1, HOUR).await;
    let here = world.link.as_ref().unwrap().link_addr.to_string();
    let stranger = Node::start_with(&Config {
        enrol_token: Some(stranger),
        control_plane: vec![here],
        state_dir: folder(),
        ..Config::default()
    });
    is_never_admitted(&world, &stranger).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_token_and_identity_says_what_to_do() {
    let config = Config { state_dir: folder(), ..Config::default() };
    let current = Arc::new(data_plane::current::Current::new());
    let Err(error) = follow::start(&config, current, CancellationToken::new()) else { panic!("started") };
    assert!(error.to_string().contains("--enrol-token-file"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_node_loses_its_stream_and_gets_no_other() {
    let world = World::new().await;
    let (id, revision) = world.create_zone("revoked.example").await;
    let node = world.node().await;
    node.until(revision).await;
    let row = world.until_node("connected", |row| row.state.connected).await;
    let mut conn = world.pool.acquire().await.unwrap();
    let now = Timestamp::now();
    assert!(control_plane::db::nodes::revoke(&mut conn, row.id, now).await.unwrap());
    drop(conn);
    let revoked = std::time::Instant::now();
    world.until_node("cut off", |row| !row.state.connected).await;
    assert!(revoked.elapsed() < Duration::from_secs(15), "{:?}", revoked.elapsed());
    world.pause_zone(id, true).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(
        !node.current.load().zone(id).unwrap().zone.paused,
        "what it has stays in force, and nothing comes after"
    );
    assert!(!world.nodes().await[0].state.connected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_the_database_forgot_is_admitted_again_with_its_token() {
    let world = World::new().await;
    let (kept, revision) = world.create_zone("forgotten.example").await;
    let token = world.token(2, HOUR).await;
    let node = Node::start(&token, &folder());
    node.until(revision).await;
    // As after a restore from before the enrolment, which also cuts the streams.
    sqlx::query("delete from nodes").execute(&world.pool).await.unwrap();
    world.stop.cancel();
    let mut world = world;
    let address = world.link.as_ref().unwrap().link_addr.to_string();
    world.stop_link().await;
    world.start_link(&address).await;
    let revision = world.pause_zone(kept, true).await;
    node.until(revision).await;
    assert_eq!(world.nodes().await.len(), 1);
}
