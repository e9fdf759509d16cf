//! Terraform with version 4 of the Cloudflare provider, which decodes answers as strictly as Go does and sends every field that it has.

use crate::{
    legacy_go::{Record, Setting, Zone, decoded},
    replay::Replay,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The settings that the provider reads one by one, and without all of which it gives up.
const SINGLES: [&str; 11] = [
    "21-binary_ast",
    "22-h2_prioritization",
    "23-image_resizing",
    "24-early_hints",
    "25-origin_max_http_version",
    "26-fonts",
    "27-nel",
    "28-replace_insecure_js",
    "29-speed_brain",
    "30-ssl_automatic_mode",
    "31-aegis",
];

async fn sent<T: DeserializeOwned>(terraform: &mut Replay, recording: &str) -> T {
    decoded(terraform.send(recording).await.unwrap())
}

#[tokio::test]
async fn terraform_v4_creates_reads_and_pauses_a_zone() {
    let mut terraform = Replay::of("terraform-v4").await.unwrap();
    create_zone(&mut terraform).await;
    let zone: Zone = sent(&mut terraform, "03-zone-read").await;
    assert_eq!(
        (zone.name.as_str(), zone.r#type.as_str(), zone.status.as_str()),
        ("example.com", "full", "active")
    );
    assert_eq!(zone.account.id, terraform.word("account"));
    assert!(!zone.paused && !zone.name_servers.is_empty());
    // The state has these two; and with no plan configured, any plan will do.
    assert!(zone.meta.wildcard_proxiable && !zone.meta.phishing_detected);

    for (recording, paused) in [("04-zone-pause", true), ("05-zone-resume", false)] {
        assert_eq!(sent::<Zone>(&mut terraform, recording).await.paused, paused);
        assert_eq!(sent::<Zone>(&mut terraform, "03-zone-read").await.paused, paused);
    }
    assert_eq!(terraform.send("48-zone-delete").await.unwrap().granted().unwrap()["id"], zone.id.as_str());
    // A zone that is gone has to be a 404, or the provider fails instead of making it anew.
    assert_eq!(terraform.send("03-zone-read").await.unwrap().status, 404);
}

/// `organization` instead of `account`, `jump_start`, and then the type once more.
async fn create_zone(terraform: &mut Replay) {
    let body = terraform.body("01-zone-create");
    assert!(body["organization"].is_object() && body["jump_start"] == false && body["account"].is_null());
    let zone: Zone = sent(terraform, "01-zone-create").await;
    terraform.put("zone", &zone.id);
    assert_eq!(sent::<Zone>(terraform, "02-zone-type").await.r#type, "full");
}

#[tokio::test]
async fn terraform_v4_creates_alters_and_overwrites_records() {
    let mut terraform = Replay::of("terraform-v4").await.unwrap();
    create_zone(&mut terraform).await;

    // The body's zero timestamps are not the record's.
    assert_eq!(terraform.body("06-record-create")["created_on"], "0001-01-01T00:00:00Z");
    let made: Record = sent(&mut terraform, "06-record-create").await;
    terraform.put("record", &made.id);
    let read: Record = sent(&mut terraform, "07-record-read").await;
    assert_eq!(
        (read.name.as_str(), read.r#type.as_str(), read.content.as_str()),
        ("app.example.com", "A", "192.0.2.10")
    );
    assert_eq!((read.ttl, read.proxied, read.proxiable, read.priority), (300, false, true, None));
    assert_eq!((read.comment.as_deref(), read.tags.len()), (Some("by terraform"), 0));
    assert!(read.created_on.as_second() > 0 && read.created_on <= read.modified_on);
    assert!(read.data.is_none() && read.meta.values().all(|value| !value.is_null()));

    assert_eq!(sent::<Record>(&mut terraform, "08-record-update").await.content, "192.0.2.11");
    assert_eq!(sent::<Record>(&mut terraform, "07-record-read").await.content, "192.0.2.11");

    // Somebody made it already: the text is what the provider looks for, and it tries again until its timeout.
    for _ in 0..2 {
        let refused = terraform.send("17-record-create-again").await.unwrap();
        assert!(refused.status == 400 && refused.message().contains("already exist"), "{refused:?}");
    }
    // With `allow_overwrite` it looks for exactly one record of that name and type and alters that.
    let found = terraform.send("18-record-find-to-overwrite").await.unwrap();
    assert_eq!(found.body["result_info"]["total_pages"], 1, "it asks for pages until this number");
    let found: Vec<Record> = decoded(found);
    assert_eq!(found.iter().map(|record| &record.id).collect::<Vec<_>>(), [&made.id]);
    assert_eq!(sent::<Record>(&mut terraform, "19-record-overwrite").await.id, made.id);

    // Removed by somebody else, it leaves the state and is planned anew.
    let path = format!("/zones/{}/dns_records/{}", terraform.word("zone"), made.id);
    terraform.control_plane.api.delete(&path).await.unwrap().granted().unwrap();
    assert_eq!(terraform.send("07-record-read").await.unwrap().refusal(), (404, 81044));
}

#[tokio::test]
async fn terraform_v4_keeps_a_priority_of_zero() {
    let mut terraform = Replay::of("terraform-v4").await.unwrap();
    create_zone(&mut terraform).await;
    for (create, word, read, delete, priority) in [
        ("09-mx-create", "mx", "10-mx-read", "46-mx-delete", 10),
        ("11-mx-zero-create", "mx_zero", "12-mx-zero-read", "47-mx-zero-delete", 0),
    ] {
        let made: Record = sent(&mut terraform, create).await;
        terraform.put(word, &made.id);
        let read: Record = sent(&mut terraform, read).await;
        assert_eq!(
            (read.name.as_str(), read.priority),
            ("example.com", Some(priority)),
            "`@` is the zone itself"
        );
        assert_eq!(terraform.send(delete).await.unwrap().granted().unwrap()["id"], made.id.as_str());
    }
}

/// The provider's `data` has a field for every part of every record type; those of other types are zero or empty.
#[tokio::test]
async fn terraform_v4_describes_records_by_their_parts() {
    let mut terraform = Replay::of("terraform-v4").await.unwrap();
    create_zone(&mut terraform).await;
    for (create, word, read, delete, name, parts) in [
        (
            "13-srv-create",
            "srv",
            "14-srv-read",
            "45-srv-delete",
            "_grpc._tcp.example.com",
            json!({"priority": 0, "weight": 5, "port": 443, "target": "app.example.com"}),
        ),
        (
            "15-caa-create",
            "caa",
            "16-caa-read",
            "44-caa-delete",
            "example.com",
            json!({"flags": 0, "tag": "issue", "value": "letsencrypt.org"}),
        ),
    ] {
        let made: Record = sent(&mut terraform, create).await;
        terraform.put(word, &made.id);
        let read: Record = sent(&mut terraform, read).await;
        assert_eq!(read.name, name);
        let data = read.data.unwrap();
        for (part, value) in parts.as_object().unwrap() {
            assert_eq!(&data[part], value, "{part} of {data:?}");
        }
        // Each part that it does not know as a number is cast to a string, and null is none: the provider would crash.
        assert!(data.values().all(|value| value.is_string() || value.is_number()), "{data:?}");
        terraform.send(delete).await.unwrap().granted().unwrap();
    }
}

/// `cloudflare_zone_settings_override`: everything is read first, so that destroying the resource can write it back.
#[tokio::test]
async fn terraform_v4_overrides_settings_and_puts_them_back() {
    let mut terraform = Replay::of("terraform-v4").await.unwrap();
    create_zone(&mut terraform).await;
    let before = read_settings(&mut terraform).await;

    for (recording, id) in [
        ("33-fonts-on", "fonts"),
        ("34-h2_prioritization-on", "h2_prioritization"),
        ("35-early_hints-on", "early_hints"),
    ] {
        let set: Setting = sent(&mut terraform, recording).await;
        assert_eq!((set.id.as_str(), set.value), (id, json!("on")));
    }
    assert_eq!(terraform.send("36-universal-off").await.unwrap().granted().unwrap()["enabled"], false);
    assert_items(&mut terraform, "37-settings-items").await;

    sent::<Zone>(&mut terraform, "03-zone-read").await;
    let after = read_settings(&mut terraform).await;
    assert_eq!(after["ssl"], "strict");
    assert_eq!(after["ciphers"], json!(["ECDHE-ECDSA-AES128-GCM-SHA256"]));
    assert_eq!(after["max_upload"], 200);
    assert_eq!(after["security_header"]["strict_transport_security"]["max_age"], 86400);
    assert_eq!((&after["fonts"], &after["universal_ssl"]), (&json!("on"), &json!(false)));

    assert_items(&mut terraform, "38-settings-item").await;

    for recording in ["39-early_hints-back", "40-fonts-back", "41-h2_prioritization-back"] {
        assert_eq!(sent::<Setting>(&mut terraform, recording).await.value, "off");
    }
    assert_eq!(terraform.send("42-universal-back").await.unwrap().granted().unwrap()["enabled"], true);
    assert_items(&mut terraform, "43-settings-items-back").await;
    let mut back = read_settings(&mut terraform).await;
    // The last plan had set these two to what they are.
    for kept in ["ssl", "browser_cache_ttl"] {
        back.insert(kept.to_owned(), before[kept].clone());
    }
    assert_eq!(back, before);
}

/// All values by the id of their setting, as the provider puts them together.
async fn read_settings(terraform: &mut Replay) -> BTreeMap<String, Value> {
    let planned = planned(terraform);
    let mut settings: Vec<Setting> = sent(terraform, "20-settings-list").await;
    for single in SINGLES {
        let setting: Setting = sent(terraform, single).await;
        assert_eq!(single.split_once('-').map(|(_, id)| id), Some(setting.id.as_str()));
        settings.push(setting);
    }
    for setting in &settings {
        assert!(
            setting.editable || !planned.contains(&setting.id),
            "the provider refuses to set {}",
            setting.id
        );
        assert!(setting.modified_on.as_ref().is_none_or(|at| at.parse::<jiff::Timestamp>().is_ok()));
        assert!(setting.id != "development_mode" || setting.time_remaining.is_some());
    }
    let mut values: BTreeMap<_, _> =
        settings.into_iter().map(|setting| (setting.id, setting.value)).collect();
    // These are cast to maps without asking.
    assert!(values["nel"].is_object() && values["aegis"].is_object(), "{values:?}");
    assert!(values["security_header"]["strict_transport_security"].is_object(), "{values:?}");
    let universal = terraform.send("32-universal-read").await.unwrap().granted().unwrap();
    assert!(universal["enabled"].is_boolean());
    values.insert("universal_ssl".to_owned(), universal["enabled"].clone());
    values
}

/// The ids of the settings that the plan has.
fn planned(terraform: &Replay) -> BTreeSet<String> {
    let items = terraform.body("37-settings-items")["items"].as_array().unwrap().clone();
    let items = items.iter().map(|item| item["id"].as_str().unwrap().to_owned());
    items.chain(["fonts", "h2_prioritization", "early_hints"].map(str::to_owned)).collect()
}

/// Many settings in one request, each with `editable:false` and `time_remaining:0`; all of them are in force afterwards.
async fn assert_items(terraform: &mut Replay, recording: &str) {
    let items = terraform.body(recording)["items"].as_array().unwrap().clone();
    let answered: Vec<Setting> = sent(terraform, recording).await;
    let answered: BTreeMap<_, _> = answered.into_iter().map(|setting| (setting.id, setting.value)).collect();
    assert!(!items.is_empty());
    for item in items {
        assert_eq!(
            answered.get(item["id"].as_str().unwrap()),
            Some(&item["value"]),
            "{recording}: {}",
            item["id"]
        );
    }
}
