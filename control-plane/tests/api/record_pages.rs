//! A long list, page after page.

use crate::harness::World;
use control_plane::db;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const RECORDS: usize = 50_000;

/// A zone with many records, and one connection to ask all of its questions.
async fn long_zone() -> (World, String) {
    let mut world = World::new().await;
    let zone = world.zone("example.com").await;
    sqlx::query(
        "insert into records (id, zone_id, type, name, content, content_hash, ttl, proxied, created_on, modified_on)
         select md5(n::text), $1, case n % 3 when 0 then 'TXT' else 'A' end, 'r' || n % 20000 || '.example.com', '192.0.2.' || n % 256,
                sha256(n::text::bytea), case n % 2 when 0 then 1 else 60 + n end, n % 5 = 1 and n % 3 <> 0 and n % 2 = 0, now(), now()
         from generate_series(1, $2) n",
    )
    .bind(zone.trim_start_matches("/zones/"))
    .bind(i32::try_from(RECORDS).unwrap())
    .execute(&world.app.pool)
    .await
    .unwrap();
    sqlx::raw_sql("vacuum analyze records").execute(&world.app.pool).await.unwrap();
    let options = world.app.pool.connect_options().as_ref().clone();
    world.app.pool = db::connect(options, 1).await.unwrap();
    (world, zone)
}

/// How many rows and entries of indexes were read so far.
async fn rows_read(world: &World) -> i64 {
    sqlx::raw_sql("select pg_stat_force_next_flush()").execute(&world.app.pool).await.unwrap();
    let read = "select (select seq_tup_read from pg_stat_user_tables where relname = 'records')
                       + (select sum(idx_tup_read)::bigint from pg_stat_user_indexes where relname = 'records')";
    sqlx::query_scalar(read).fetch_one(&world.app.pool).await.unwrap()
}

async fn page(world: &World, zone: &str, query: &str, per_page: usize, page: usize) -> Vec<Value> {
    let answer = world.get(&format!("{zone}/dns_records?{query}&per_page={per_page}&page={page}")).await;
    assert_eq!(answer.body["result_info"]["total_count"], json!(RECORDS));
    answer.ok().as_array().unwrap().clone()
}

#[tokio::test]
async fn the_last_page_of_50_000_records_reads_no_more_than_the_second() {
    let (world, zone) = long_zone().await;
    let per_page = 500;
    for query in ["", "order=type&direction=desc"] {
        let (mut seen, mut before) = (BTreeSet::new(), rows_read(&world).await);
        for number in 1..=RECORDS / per_page {
            let records = page(&world, &zone, query, per_page, number).await;
            assert_eq!(records.len(), per_page, "{query} {number}");
            seen.extend(records.iter().map(|record| record["id"].as_str().unwrap().to_owned()));
            let after = rows_read(&world).await;
            // The first page counts them all, once.
            let (read, counted) = (after - before, if number == 1 { RECORDS } else { 0 });
            assert!(
                read <= i64::try_from(2 * per_page + counted).unwrap(),
                "{query}: page {number} read {read} rows"
            );
            before = after;
        }
        assert_eq!(seen.len(), RECORDS, "{query}");
        assert_eq!(page(&world, &zone, query, per_page, RECORDS / per_page + 1).await.len(), 0);
    }
}

#[tokio::test]
async fn every_order_is_kept_from_page_to_page_and_turned_round() {
    let (world, zone) = long_zone().await;
    let key = |record: &Value, order: &str| match order {
        "ttl" => format!("{:010}", record["ttl"].as_i64().unwrap()),
        "proxied" => record["proxied"].to_string(),
        field => record[field].as_str().unwrap().to_owned(),
    };
    for order in ["name", "type", "content", "ttl", "proxied"] {
        let mut ids: Vec<Vec<String>> = Vec::new();
        for direction in ["asc", "desc"] {
            let query = format!("order={order}&direction={direction}");
            let mut all = Vec::new();
            for number in 1..=RECORDS / 5000 {
                all.extend(page(&world, &zone, &query, 5000, number).await);
            }
            let is_sorted = all.windows(2).all(|pair| {
                let (first, second) = (key(&pair[0], order), key(&pair[1], order));
                if direction == "asc" { first <= second } else { first >= second }
            });
            assert!(is_sorted, "{query}");
            ids.push(all.iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect());
        }
        ids[1].reverse();
        assert!(ids[0] == ids[1], "{order}");
    }
}

#[tokio::test]
async fn a_page_is_never_one_of_a_list_that_is_gone() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let posts: Vec<Value> = (0..1200)
        .map(|number| json!({"type": "A", "name": format!("r{number:04}"), "content": "192.0.2.1"}))
        .collect();
    let made = world.post(&format!("{zone}/dns_records/batch"), json!({"posts": posts})).await.ok();
    let names = async |number: usize| -> Vec<String> {
        let answer = world.get(&format!("{zone}/dns_records?per_page=600&page={number}")).await.ok();
        answer.as_array().unwrap().iter().map(|record| record["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(1).await.len(), 600);
    assert_eq!(names(2).await[0], "r0600.example.com");
    world.delete(&format!("{zone}/dns_records/{}", made["posts"][0]["id"].as_str().unwrap())).await.ok();
    assert_eq!(names(2).await[0], "r0601.example.com");
    assert_eq!(names(2).await.len(), 599);
}

#[tokio::test]
async fn the_usage_of_a_zone_is_its_number_of_records() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    world.record(&zone, json!({"type": "A", "name": "a", "content": "192.0.2.1"})).await;
    let usage = world.get(&format!("{zone}/dns_records/usage")).await.ok();
    assert_eq!(usage, json!({"record_quota": 100_000, "record_usage": 1}));
}
