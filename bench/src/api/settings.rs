//! A setting read and written by several clients at once, each of them in a zone of its own.

use super::floor::{self, Floor};
use crate::load::{Load, Measured};
use e2e::{rest::Api, zone::Zone};
use serde_json::json;
use std::sync::Arc;

const SETTING: &str = "always_use_https";

pub(super) async fn measure(api: &Api, floor_url: &str, load: Load) -> anyhow::Result<()> {
    let floor = Floor::new(floor_url, load.clients).await?;
    let mut zones = Vec::new();
    for client in 0..load.clients {
        zones.push(Zone::create(api, &format!("settings-{client}.test")).await?);
    }
    let zones: Arc<[Zone]> = zones.into();
    let Load { clients, length } = load;
    tell(&format!("a setting, {clients} clients at once for {length:?} each, fsync on, all on this machine"));

    let of = floor.clone();
    let row = line("read, Postgres: a row by its key", load.run(move |turn| of.clone().read(turn)).await?);
    let of = Arc::clone(&zones);
    let read = load.run(move |turn| {
        let zones = Arc::clone(&of);
        async move {
            let Zone { api, id, .. } = &zones[turn.client];
            api.get(&format!("/zones/{id}/settings/{SETTING}")).await?.granted().map(drop)
        }
    });
    beside("API to row", &line("read, API: GET", read.await?), &row);

    let of = floor.clone();
    let update =
        line("write, Postgres: update and commit", load.run(move |turn| of.clone().write(turn)).await?);
    let ordered = load.run(move |turn| floor.clone().write_in_order(turn));
    let ordered = line("write, Postgres: a change in order", ordered.await?);
    let write = load.run(move |turn| {
        let zones = Arc::clone(&zones);
        async move {
            let Zone { api, id, .. } = &zones[turn.client];
            let body = json!({"value": floor::value(turn)});
            api.patch(&format!("/zones/{id}/settings/{SETTING}"), body).await?.granted().map(drop)
        }
    });
    let write = line("write, API: PATCH", write.await?);
    beside("API to update", &write, &update);
    beside("API to change in order", &write, &ordered);
    tell(
        "  (writes take one lock for the order of revisions, and flush to disk one after the other; an update alone shares its flush)",
    );
    Ok(())
}

fn line(what: &str, measured: Measured) -> Measured {
    tell(&format!("  {what:36} {measured}"));
    measured
}

fn beside(what: &str, one: &Measured, other: &Measured) {
    let ratio = |percent| one.times.ratio(&other.times, percent);
    tell(&format!("    {what}: p50 {:.1} times, p99 {:.1} times", ratio(50), ratio(99)));
}

#[expect(clippy::print_stdout, reason = "the numbers are the result")]
pub(super) fn tell(text: &str) {
    println!("{text}");
}
