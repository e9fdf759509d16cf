//! What a zone may hold at most, and that large zones still answer.

use crate::harness::World;
use serde_json::json;
use std::time::{Duration, Instant};

pub(crate) async fn fill(world: &World, zone: &str, count: i32, name_bytes: i32) {
    sqlx::query(
        "insert into records (id, zone_id, type, name, content, content_hash, ttl, proxied, created_on, modified_on)
         select lpad(to_hex(n), 32, '0'), $1, 'A', left(lpad(n::text, 10, '0') || repeat('.aaaaaaa', 40), $3) || '.example.com', '192.0.2.1',
                sha256('192.0.2.1'), 1, false, now(), now()
         from generate_series(1, $2) n",
    )
    .bind(zone.trim_start_matches("/zones/"))
    .bind(count)
    .bind(name_bytes)
    .execute(&world.app.pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_zone_holds_a_hundred_thousand_records_and_no_more() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    fill(&world, &zone, 99_999, 10).await;
    let record = |name: &str| json!({"type": "A", "name": name, "content": "192.0.2.1"});
    let last = world.record(&zone, record("last")).await;
    let refused = world.post(&format!("{zone}/dns_records"), record("one-more")).await;
    assert_eq!(refused.refused(), (400, 81045));
    assert_eq!(world.count("records").await, 100_000);
    let began = Instant::now();
    let page = world.get(&format!("{zone}/dns_records?page=20&per_page=5000")).await;
    assert_eq!(page.body["result_info"]["total_pages"], 20);
    assert_eq!(page.ok().as_array().unwrap().len(), 5000);
    let found = world.get(&format!("{zone}/dns_records?name=last.example.com&type=A")).await.ok();
    assert_eq!(found, json!([last]));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_zone_that_would_be_too_large_to_publish_is_refused() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    fill(&world, &zone, 28_000, 220).await;
    let answer = world
        .post(&format!("{zone}/dns_records"), json!({"type": "A", "name": "a", "content": "192.0.2.1"}))
        .await;
    assert_eq!(answer.refused(), (400, 81045));
    assert!(answer.message().contains("bytes"), "{}", answer.message());
}
