//! Terraform with version 5 of the Cloudflare provider: the answer becomes the state, so what was configured has to come back as it was sent.

use crate::replay::Replay;
use e2e::authority::Identity;
use serde_json::{Value, json};

async fn granted(terraform: &mut Replay, recording: &str) -> Value {
    terraform.send(recording).await.unwrap().granted().unwrap()
}

/// A provider that has made its zone. `settings` and records come below it.
async fn terraform() -> Replay {
    let mut terraform = Replay::of("terraform-v5").await.unwrap();
    let zone = granted(&mut terraform, "01-zone-create").await;
    assert_comes_back(&zone, &terraform.body("01-zone-create"));
    terraform.put("zone", zone["id"].as_str().unwrap());
    terraform
}

/// Every field that was sent is in the answer with the same value and the same JSON type; any difference would be planned
/// again for ever.
fn assert_comes_back(answered: &Value, sent: &Value) {
    for (field, value) in sent.as_object().unwrap() {
        match value {
            Value::Object(_) => assert_comes_back(&answered[field], value),
            Value::Number(number) => {
                assert_eq!(answered[field].as_f64(), number.as_f64(), "{field}: {answered}")
            }
            _ => assert_eq!(&answered[field], value, "{field}: {answered}"),
        }
    }
}

/// Timestamps are parsed as RFC 3339.
fn assert_times(answered: &Value, fields: &[&str]) {
    for field in fields {
        assert!(answered[field].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{field}: {answered}");
    }
}

#[tokio::test]
async fn terraform_v5_creates_reads_and_pauses_a_zone() {
    let mut terraform = terraform().await;
    let read = granted(&mut terraform, "02-zone-read").await;
    assert_comes_back(&read, &terraform.body("01-zone-create"));
    assert_times(&read, &["created_on", "modified_on", "activated_on"]);
    for list in ["name_servers", "permissions", "vanity_name_servers"] {
        assert!(read[list].is_array(), "{list}: {read}");
    }
    for object in ["meta", "owner", "plan", "tenant", "tenant_unit"] {
        assert!(read[object].is_object(), "{object}: {read}");
    }
    for (recording, paused) in [("03-zone-pause", true), ("04-zone-resume", false)] {
        assert_eq!(granted(&mut terraform, recording).await["paused"], paused);
    }

    // The data sources `cloudflare_zone` and `cloudflare_zones`: exactly one match, and pages until one is empty.
    let found = granted(&mut terraform, "05-zone-by-name").await;
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    assert_eq!(found[0]["id"], terraform.word("zone"));
    assert_eq!(granted(&mut terraform, "06-zone-by-name-beyond-the-end").await, json!([]));

    assert_eq!(granted(&mut terraform, "44-zone-delete").await["id"], terraform.word("zone"));
    assert_eq!(terraform.send("02-zone-read").await.unwrap().status, 404, "what is gone leaves the state");
}

#[tokio::test]
async fn terraform_v5_turns_grpc_on() {
    let mut terraform = terraform().await;
    for (set, read) in
        [("07-ssl-full", "08-ssl-read"), ("09-ssl-strict", "08-ssl-read"), ("10-grpc-on", "11-grpc-read")]
    {
        setting_comes_back(&mut terraform, set, read).await;
    }
}

#[tokio::test]
async fn terraform_v5_sets_values_of_every_json_type() {
    let mut terraform = terraform().await;
    for (set, read) in [
        ("12-security_header-set", "13-security_header-read"),
        ("14-ciphers-set", "15-ciphers-read"),
        ("16-max_upload-set", "17-max_upload-read"),
    ] {
        setting_comes_back(&mut terraform, set, read).await;
    }
}

async fn setting_comes_back(terraform: &mut Replay, set: &str, read: &str) {
    let sent = terraform.body(set);
    for recording in [set, read] {
        let setting = granted(terraform, recording).await;
        assert_eq!(setting["value"], sent["value"], "{recording}: {setting}");
        assert_eq!(setting["editable"], true, "{recording}: {setting}");
        assert_times(&setting, &["modified_on"]);
    }
}

#[tokio::test]
async fn terraform_v5_turns_universal_ssl_off_and_on() {
    let mut terraform = terraform().await;
    assert_eq!(granted(&mut terraform, "18-universal-off").await["enabled"], false);
    assert_eq!(granted(&mut terraform, "19-universal-read").await["enabled"], false);
    assert_eq!(granted(&mut terraform, "20-universal-on").await["enabled"], true);
    assert_eq!(granted(&mut terraform, "19-universal-read").await["enabled"], true);
}

#[tokio::test]
async fn terraform_v5_creates_and_overwrites_a_record() {
    let mut terraform = terraform().await;
    let made = granted(&mut terraform, "21-record-create").await;
    terraform.put("record", made["id"].as_str().unwrap());
    let read = granted(&mut terraform, "22-record-read").await;
    // The zone's name is found by what is behind the configured name.
    assert_eq!(read["name"], "app.example.com");
    assert_record(&read, &terraform.body("21-record-create"));

    let updated = granted(&mut terraform, "23-record-update").await;
    assert_comes_back(&updated, &terraform.body("23-record-update"));
    assert_eq!(updated["id"], made["id"]);

    let again = terraform.send("34-record-create-again").await.unwrap();
    assert_eq!(again.refusal(), (400, 81058), "and not 409, which the SDK would send ten times: {again:?}");

    // Removed by somebody else, it leaves the state and is planned anew.
    let path = format!("/zones/{}/dns_records/{}", terraform.word("zone"), terraform.word("record"));
    terraform.control_plane.api.delete(&path).await.unwrap().granted().unwrap();
    assert_eq!(terraform.send("22-record-read").await.unwrap().refusal(), (404, 81044));
}

/// What a record of the configuration looks like in the state: what was sent, and nothing where nothing was.
fn assert_record(read: &Value, sent: &Value) {
    let mut expected = sent.clone();
    expected["name"] = read["name"].clone();
    assert_comes_back(read, &expected);
    for optional in ["comment", "priority", "data"] {
        assert_eq!(read[optional].is_null(), sent[optional].is_null(), "{optional}: {read}");
    }
    // Parts that were not configured would be a difference too.
    if let Some(parts) = sent["data"].as_object() {
        assert_eq!(read["data"].as_object().map(serde_json::Map::len), Some(parts.len()), "{read}");
    }
    assert!(read["meta"].is_object() && read["settings"].is_object() && read["tags"].is_array(), "{read}");
    assert!(read["proxiable"].is_boolean(), "{read}");
    assert_times(read, &["created_on", "modified_on"]);
}

#[tokio::test]
async fn terraform_v5_keeps_mail_text_and_alias() {
    let mut terraform = terraform().await;
    for (word, create, read, delete, name) in [
        ("mx", "28-mx-create", "29-mx-read", "41-mx-delete", "example.com"),
        ("txt", "30-txt-create", "31-txt-read", "40-txt-delete", "_acme.example.com"),
        ("cname", "32-cname-create", "33-cname-read", "39-cname-delete", "www.example.com"),
    ] {
        record_comes_and_goes(&mut terraform, word, [create, read, delete], name).await;
    }
}

#[tokio::test]
async fn terraform_v5_describes_records_by_their_parts() {
    let mut terraform = terraform().await;
    for (word, create, read, delete, name) in [
        ("srv", "24-srv-create", "25-srv-read", "43-srv-delete", "_grpc._tcp.example.com"),
        ("caa", "26-caa-create", "27-caa-read", "42-caa-delete", "example.com"),
    ] {
        record_comes_and_goes(&mut terraform, word, [create, read, delete], name).await;
    }
}

async fn record_comes_and_goes(
    terraform: &mut Replay,
    word: &str,
    [create, read, delete]: [&str; 3],
    name: &str,
) {
    let made = granted(terraform, create).await;
    terraform.put(word, made["id"].as_str().unwrap());
    let read = granted(terraform, read).await;
    assert_eq!(read["name"], name);
    assert_record(&read, &terraform.body(create));
    assert_eq!(granted(terraform, delete).await["id"], made["id"]);
}

#[tokio::test]
async fn terraform_v5_uploads_a_certificate() {
    let mut terraform = terraform().await;
    let identity = Identity::self_signed("example.com").unwrap();
    for (word, pem) in [("certificate", &identity.chain_pem), ("private_key", &identity.key_pem)] {
        let quoted = serde_json::to_string(pem).unwrap();
        terraform.put(word, quoted.trim_matches('"'));
    }
    let made = granted(&mut terraform, "35-custom_ssl-create").await;
    terraform.put("custom_ssl", made["id"].as_str().unwrap());
    let read = granted(&mut terraform, "36-custom_ssl-read").await;
    assert_eq!(
        (&read["id"], &read["bundle_method"], &read["hosts"]),
        (&made["id"], &json!("force"), &json!(["example.com"]))
    );
    assert_eq!((&read["status"], &read["geo_restrictions"]), (&json!("active"), &Value::Null));
    assert!(read["priority"].is_number() && read.get("private_key").is_none(), "{read}");
    assert_times(&read, &["expires_on", "modified_on", "uploaded_on"]);
    assert_eq!(granted(&mut terraform, "37-custom_ssl-update").await["bundle_method"], "ubiquitous");
    assert_eq!(granted(&mut terraform, "38-custom_ssl-delete").await["id"], made["id"]);
    assert_eq!(terraform.send("36-custom_ssl-read").await.unwrap().status, 404);
}
