//! Many callers at once: every answered write is there, and nobody is refused for having come together.

use crate::harness::World;
use http::Method;
use policy::{settings::Edge, ssl::SslMode};
use serde_json::json;
use std::sync::Arc;

const CALLERS: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_of_one_zone_all_succeed_and_nothing_is_lost() {
    let world = Arc::new(World::new().await);
    let zone = world.zone("example.com").await;
    let write = async |world: Arc<World>, zone: String, caller: usize| {
        let records = format!("{zone}/dns_records");
        let post = json!({"type": "A", "name": format!("r{caller}"), "content": "192.0.2.1"});
        let record = world.post(&records, post).await.ok();
        world.patch(&format!("{records}/{}", record["id"].as_str().unwrap()), json!({"ttl": 60})).await.ok();
        let mode = if caller.is_multiple_of(2) { "full" } else { "strict" };
        world.patch(&format!("{zone}/settings/ssl"), json!({"value": mode})).await.ok();
        let twin = json!({"posts": [{"type": "TXT", "name": "shared", "content": "once"}]});
        world.post(&format!("{records}/batch"), twin).await.status.is_success()
    };
    let callers: Vec<_> =
        (0..CALLERS).map(|n| tokio::spawn(write(Arc::clone(&world), zone.clone(), n))).collect();
    let mut twins = 0;
    for caller in callers {
        twins += i32::from(caller.await.unwrap());
    }
    assert_eq!(twins, 1, "of identical records one was written");
    let listed = world.get(&format!("{zone}/dns_records?per_page=1000&type=A")).await.ok();
    assert_eq!(listed.as_array().unwrap().len(), CALLERS);
    assert!(listed.as_array().unwrap().iter().all(|record| record["ttl"] == 60));
    let writes = i64::try_from(1 + 3 * CALLERS + 1).unwrap();
    assert_eq!(world.count("revisions").await, writes);
    assert_eq!(world.get(&zone).await.header("etag"), Some(format!("\"{writes}\"").as_str()));
}

/// Of the two, whoever comes second sees what the first did: both cannot be granted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_impossible_pair_cannot_be_reached_from_two_sides_at_once() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let (ssl, grpc) = (format!("{zone}/settings/ssl"), format!("{zone}/settings/grpc"));
    for _ in 0..20 {
        world
            .patch(
                &format!("{zone}/settings"),
                json!({"items": [{"id": "ssl", "value": "full"}, {"id": "grpc", "value": "off"}]}),
            )
            .await
            .ok();
        let (lower, switch) = tokio::join!(
            world.call(&world.admin, Method::PATCH, &ssl, Some(json!({"value": "flexible"}))),
            world.call(&world.admin, Method::PATCH, &grpc, Some(json!({"value": "on"}))),
        );
        assert_ne!(lower.status.is_success(), switch.status.is_success());
    }
}

#[tokio::test]
async fn the_database_and_the_program_forbid_the_same_pairs() {
    let world = World::new().await;
    world.zone("example.com").await;
    for mode in SslMode::ALL {
        for grpc in [false, true] {
            let stored = sqlx::query("update zones set ssl = $1, grpc = $2").bind(mode.as_str()).bind(grpc);
            let stored = stored.execute(&world.app.pool).await;
            assert_eq!(stored.is_ok(), Edge::new(mode, grpc).is_ok(), "{mode:?} {grpc}");
        }
    }
}

#[tokio::test]
async fn every_connection_gives_up_in_time() {
    let world = World::new().await;
    for (limit, value) in
        [("lock_timeout", "5s"), ("statement_timeout", "30s"), ("idle_in_transaction_session_timeout", "10s")]
    {
        let sql = sqlx::AssertSqlSafe(format!("show {limit}"));
        assert_eq!(
            sqlx::query_scalar::<_, String>(sql).fetch_one(&world.app.pool).await.unwrap(),
            value,
            "{limit}"
        );
    }
}
