//! external-dns: loops of listing everything, comparing, and one batch, with its owner's marks beside the records as quoted TXT.

use crate::replay::Replay;
use serde_json::{Value, json};

/// A loop's first half: all zones and all records, page by page until one is empty. Later it knows records by type, name
/// and content, and their ids from here.
async fn list(external_dns: &mut Replay) -> Vec<Value> {
    let zones = granted(external_dns, "01-zones").await;
    assert!(
        zones
            .as_array()
            .unwrap()
            .iter()
            .any(|zone| zone["name"] == "example.com" && zone["id"] == external_dns.word("zone"))
    );
    assert_eq!(granted(external_dns, "02-zones-beyond-the-end").await, json!([]));

    let records = granted(external_dns, "03-records").await;
    let records = records.as_array().unwrap().clone();
    if !records.is_empty() {
        assert_eq!(granted(external_dns, "05-records-beyond-the-end").await, json!([]));
    }
    for record in &records {
        let text = |field: &str| record[field].as_str().unwrap();
        let name = format!("{} {}", text("type"), text("name"));
        external_dns.put(&format!("{name} {}", text("content")), text("id"));
        external_dns.put(&name, text("id"));
    }
    records
}

async fn granted(external_dns: &mut Replay, recording: &str) -> Value {
    external_dns.send(recording).await.unwrap().granted().unwrap()
}

/// Sends a batch; of the answer, external-dns needs no more than that it is no error.
async fn batch(external_dns: &mut Replay, recording: &str) -> Value {
    let sent = external_dns.body(recording);
    let done = granted(external_dns, recording).await;
    for part in ["deletes", "patches", "puts", "posts"] {
        let count = |parts: &Value| parts[part].as_array().map_or(0, Vec::len);
        assert!(done[part].is_array(), "{part} is an array, be it empty: {done}");
        assert_eq!(count(&done), count(&sent), "{part}");
    }
    sent
}

/// The next loop finds nothing to do if what it sent is what it reads: byte for byte, and the cloud and the TTL too.
fn assert_settled(records: &[Value], sent: &[&Value]) {
    for wanted in sent {
        let is_wanted =
            |record: &&Value| ["type", "name", "content"].iter().all(|field| record[field] == wanted[field]);
        let found: Vec<_> = records.iter().filter(is_wanted).collect();
        assert_eq!(found.len(), 1, "{wanted} in {records:?}");
        assert_eq!(
            (&found[0]["proxied"], &found[0]["ttl"]),
            (&wanted["proxied"], &wanted["ttl"]),
            "{wanted}"
        );
        assert_eq!(found[0]["comment"].as_str().unwrap_or_default(), wanted["comment"], "{wanted}");
        assert_eq!(found[0]["tags"], json!([]), "{wanted}");
    }
}

fn parts<'a>(sent: &'a Value, names: &[&str]) -> Vec<&'a Value> {
    names.iter().filter_map(|name| sent[name].as_array()).flatten().collect()
}

async fn external_dns() -> Replay {
    let mut external_dns = Replay::of("external-dns").await.unwrap();
    external_dns.zone().await.unwrap();
    external_dns
}

#[tokio::test]
async fn external_dns_settles_after_one_loop() {
    let mut external_dns = external_dns().await;
    assert_eq!(list(&mut external_dns).await, Vec::<Value>::new());
    let created = batch(&mut external_dns, "04-batch-create").await;
    assert_settled(&list(&mut external_dns).await, &parts(&created, &["posts"]));

    // One address replaced, a name removed, another added, and its mark rewritten.
    let changed = batch(&mut external_dns, "06-batch-change").await;
    let records = list(&mut external_dns).await;
    assert_settled(&records, &parts(&changed, &["puts", "posts"]));
    assert!(!records.iter().any(|record| record["name"] == "api.example.com"), "{records:?}");
    assert!(!records.iter().any(|record| record["content"] == "192.0.2.10"), "{records:?}");
}

/// A batch that fails has done nothing, so its operations can be sent again one by one, and those that can be done are.
#[tokio::test]
async fn external_dns_falls_back_to_single_operations() {
    let mut external_dns = external_dns().await;
    batch(&mut external_dns, "04-batch-create").await;
    list(&mut external_dns).await;
    batch(&mut external_dns, "06-batch-change").await;
    list(&mut external_dns).await;

    // Between listing and writing, somebody else takes a name.
    let records = format!("/zones/{}/dns_records", external_dns.word("zone"));
    let rival = json!({"type": "A", "name": "taken.example.com", "content": "192.0.2.99"});
    let rival = external_dns.control_plane.api.post(&records, rival).await.unwrap().granted().unwrap();
    let before = list(&mut external_dns).await;

    // The same batch again is refused again, and still nothing is done. 400 is final; the SDK retries 409 and all above 499.
    for _ in 0..2 {
        let refused = external_dns.send("07-batch-taken").await.unwrap();
        assert_eq!(refused.refusal(), (400, 81053), "{refused:?}");
        assert_eq!(list(&mut external_dns).await, before);
    }
    for single in ["08-delete-note", "09-put-txt-note"] {
        granted(&mut external_dns, single).await;
    }
    assert_eq!(external_dns.send("10-post-taken").await.unwrap().refusal(), (400, 81053));
    let mut sent = vec![external_dns.body("09-put-txt-note")];
    for single in ["11-post-fine", "12-post-cname-taken", "13-post-a-fine", "14-post-note"] {
        granted(&mut external_dns, single).await;
        sent.push(external_dns.body(single));
    }
    assert_settled(&list(&mut external_dns).await, &sent.iter().collect::<Vec<_>>());

    // The name is free again, and a later loop sends what is left over.
    let rival = format!("{records}/{}", rival["id"].as_str().unwrap());
    external_dns.control_plane.api.delete(&rival).await.unwrap().granted().unwrap();
    let left_over = batch(&mut external_dns, "15-batch-taken-alone").await;
    assert_settled(&list(&mut external_dns).await, &parts(&left_over, &["posts"]));

    everything_with_a_long_comment_goes(&mut external_dns).await;
}

/// Whether a comment of more than 100 characters is cut depends on the zone's plan.
async fn everything_with_a_long_comment_goes(external_dns: &mut Replay) {
    assert_eq!(granted(external_dns, "16-zone-by-name").await[0]["id"], external_dns.word("zone"));
    assert_eq!(granted(external_dns, "17-zone-by-id").await["plan"]["is_subscribed"], true);
    let commented = batch(external_dns, "18-batch-long-comment").await;
    let records = list(external_dns).await;
    assert_settled(&records, &parts(&commented, &["posts"]));
    let everything = batch(external_dns, "19-batch-delete-everything").await;
    assert_eq!(everything["deletes"].as_array().map(Vec::len), Some(records.len()), "{records:?}");
    assert_eq!(list(external_dns).await, Vec::<Value>::new());
}

#[tokio::test]
async fn external_dns_describes_services_by_their_parts() {
    let mut external_dns = external_dns().await;
    let sent = batch(&mut external_dns, "20-batch-srv-and-mx").await;
    let records = list(&mut external_dns).await;
    let of = |kind: &str| records.iter().find(|record| record["type"] == kind).unwrap();
    // `data` is read before the content, which is the same without the priority.
    let (srv, mx) = (of("SRV"), of("MX"));
    assert_eq!(srv["data"], sent["posts"][0]["data"]);
    assert_eq!((&srv["content"], &srv["priority"]), (&json!("5 443 app.example.com"), &json!(10)));
    assert_eq!((&mx["content"], &mx["priority"]), (&json!("mail.example.com"), &json!(10)));
    assert_settled(&records, &[&sent["posts"][2]]);
}
