//! flarectl, the command line that came with cloudflare-go before its version 2: one command, one zone looked up by its name.

use crate::{
    legacy_go::{Record, Zone, decoded},
    replay::Replay,
};
use e2e::rest::Answer;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

async fn sent<T: DeserializeOwned>(flarectl: &mut Replay, recording: &str) -> T {
    decoded(flarectl.send(recording).await.unwrap())
}

/// A list in one page, which it prints as a table.
async fn listed<T: DeserializeOwned>(flarectl: &mut Replay, recording: &str) -> Vec<T> {
    let answer: Answer = flarectl.send(recording).await.unwrap();
    let info = &answer.body["result_info"];
    let list: Vec<T> = decoded(answer.clone());
    // It asks for pages until `total_pages`, and for zones it compares their number with `total_count`.
    assert!(info["total_pages"].as_u64().is_some_and(|pages| pages <= 1), "{answer:?}");
    assert_eq!(info["total_count"], list.len(), "{answer:?}");
    list
}

#[tokio::test]
async fn flarectl_lists_zones() {
    let mut flarectl = Replay::of("flarectl").await.unwrap();
    flarectl.zone().await.unwrap();
    for recording in ["01-zone-list", "02-zone-info", "03-zone-id"] {
        let zones: Vec<Zone> = listed(&mut flarectl, recording).await;
        assert_eq!(zones.iter().map(|zone| zone.id.as_str()).collect::<Vec<_>>(), [flarectl.word("zone")]);
    }
}

#[tokio::test]
async fn flarectl_creates_updates_and_deletes_records() {
    let mut flarectl = Replay::of("flarectl").await.unwrap();
    flarectl.zone().await.unwrap();

    // Every record has a priority of 0, whatever its type.
    assert_eq!(flarectl.body("04-dns-create")["priority"], 0);
    let made: Record = sent(&mut flarectl, "04-dns-create").await;
    flarectl.put("record", &made.id);
    assert_eq!((made.name.as_str(), made.proxied, made.priority), ("app.example.com", true, None));

    // An update has no tags, which is null here, and no name, which stays.
    let found: Vec<Record> = listed(&mut flarectl, "05-dns-find").await;
    assert_eq!(found.iter().map(|record| &record.id).collect::<Vec<_>>(), [&made.id]);
    let body = flarectl.body("06-dns-create-or-update");
    assert_eq!(
        (&body["priority"], body.get("tags"), body.get("name")),
        (&json!(0), Some(&Value::Null), None)
    );
    let updated: Record = sent(&mut flarectl, "06-dns-create-or-update").await;
    assert_eq!(
        (updated.name.as_str(), updated.content.as_str(), updated.tags.len()),
        ("app.example.com", "192.0.2.11", 0)
    );

    let none: Vec<Record> = listed(&mut flarectl, "07-dns-find-another").await;
    assert!(none.is_empty(), "it makes the record if the list is empty");
    let another: Record = sent(&mut flarectl, "08-dns-create-another").await;
    assert_eq!((another.content.as_str(), another.ttl, another.proxied), ("hello", 120, false));

    let updated: Record = sent(&mut flarectl, "09-dns-update").await;
    assert_eq!((updated.content.as_str(), updated.ttl, updated.proxied), ("192.0.2.12", 300, false));
    assert_eq!(listed::<Record>(&mut flarectl, "10-dns-list").await.len(), 2);
    assert_eq!(flarectl.send("11-dns-delete").await.unwrap().granted().unwrap()["id"], made.id.as_str());
    assert_eq!(listed::<Record>(&mut flarectl, "10-dns-list").await.len(), 1);
}
