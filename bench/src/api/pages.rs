//! The records of one large zone, page by page: what a page costs at the beginning, in the middle and at the end.

use super::settings::tell;
use crate::percentiles::Percentiles;
use anyhow::ensure;
use e2e::{rest::Api, zone::Zone};
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::time::Instant;

/// What cloudflare-go v0 and Terraform ask for, and the most that the API gives.
const PAGE_SIZES: [usize; 2] = [100, 5_000];
const BATCH: usize = 2_500;

pub(super) async fn measure(
    api: &Api,
    database_url: &str,
    records: usize,
    pages: usize,
) -> anyhow::Result<()> {
    let zone = Zone::create(api, "pages.test").await?;
    fill(&zone, records).await?;
    tell(&format!(
        "a zone of {records} records, {pages} pages from each part of it, as soon as they are there"
    ));
    walk(&zone, records, pages).await?;
    // Until then the planner takes the table for a small one, and sorts.
    PgConnection::connect(database_url).await?.execute("analyze records").await?;
    tell("and once Postgres has counted them, which it does by itself within minutes");
    walk(&zone, records, pages).await
}

async fn walk(zone: &Zone, records: usize, pages: usize) -> anyhow::Result<()> {
    for size in PAGE_SIZES {
        // The last that is full.
        let last = (records / size).max(1);
        let mut parts = Vec::new();
        for (part, first) in [("beginning", 1), ("middle", last.div_ceil(2)), ("end", last)] {
            let mut times = Percentiles::default();
            for step in 0..pages {
                // Neighbouring pages, so that none is asked for twice in a row; away from the end where there are none beyond it.
                let away = step % (last / 10).max(1);
                let page = if first == last { last - away } else { first + away };
                times.add(fetch(zone, page, size, records).await?);
            }
            tell(&format!("  {size:4} per page, {part:9} {times}"));
            parts.push(times);
        }
        if let [beginning, _, end] = &parts[..] {
            tell(&format!("    end to beginning: p50 {:.2} times", end.ratio(beginning, 50)));
        }
    }
    Ok(())
}

/// The time of one page, which must hold what it should.
async fn fetch(zone: &Zone, page: usize, size: usize, records: usize) -> anyhow::Result<std::time::Duration> {
    let begun = Instant::now();
    let path = format!("/zones/{}/dns_records?page={page}&per_page={size}", zone.id);
    let answer = zone.api.get(&path).await?;
    let time = begun.elapsed();
    let total = answer.body["result_info"]["total_count"].as_u64();
    let held = answer.granted()?.as_array().map_or(0, Vec::len);
    let expected = size.min(records - (page - 1) * size);
    ensure!(held == expected, "page {page} of {size} held {held} records instead of {expected}");
    ensure!(total == Some(records as u64), "{total:?} records were counted instead of {records}");
    Ok(time)
}

async fn fill(zone: &Zone, records: usize) -> anyhow::Result<()> {
    let path = format!("/zones/{}/dns_records/batch", zone.id);
    for first in (0..records).step_by(BATCH) {
        let posts: Vec<Value> = (first..records.min(first + BATCH)).map(record).collect();
        zone.api.post(&path, json!({"posts": posts})).await?.granted()?;
    }
    Ok(())
}

fn record(number: usize) -> Value {
    let [_, high, middle, low] = u32::try_from(number).unwrap_or_default().to_be_bytes();
    // Spread over the alphabet, as names are.
    let name = format!("{:04x}-{number}", number.wrapping_mul(40_503) & 0xffff);
    json!({"type": "A", "name": name, "content": format!("10.{high}.{middle}.{low}"), "ttl": 300, "proxied": false})
}
