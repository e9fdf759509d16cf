//! What Terraform's provider of the 4.52 series does with `cloudflare_zone_settings_override`.

use super::{set, setting};
use crate::harness::World;
use serde_json::{Value, json};

/// The settings that it reads one by one; an error of any ends the run.
const SINGLES: [&str; 11] = [
    "binary_ast",
    "h2_prioritization",
    "image_resizing",
    "early_hints",
    "origin_max_http_version",
    "fonts",
    "nel",
    "replace_insecure_js",
    "speed_brain",
    "ssl_automatic_mode",
    "aegis",
];

/// The type that its schema has for each setting besides texts. A value of another type spoils all that it remembers.
const NUMBERS: [&str; 3] = ["browser_cache_ttl", "challenge_ttl", "max_upload"];
const TEXTS: &str = "always_online brotli browser_check cache_level development_mode origin_error_page_pass_thru \
    sort_query_string_for_cache email_obfuscation hotlink_protection ip_geolocation ipv6 websockets mirage \
    opportunistic_encryption opportunistic_onion origin_max_http_version polish webp prefetch_preload privacy_pass \
    replace_insecure_js response_buffering rocket_loader security_level server_side_exclude speed_brain ssl ssl_automatic_mode \
    tls_client_auth true_client_ip_header waf min_tls_version tls_1_2_only tls_1_3 automatic_https_rewrites http2 http3 \
    pseudo_ipv4 always_use_https cname_flattening h2_prioritization image_resizing 0rtt orange_to_orange \
    filter_logs_to_cloudflare log_to_cloudflare visitor_ip proxy_read_timeout binary_ast early_hints fonts";

fn value<'a>(listed: &'a Value, id: &str) -> &'a Value {
    let found = listed.as_array().unwrap().iter().find(|one| one["id"] == id);
    &found.unwrap_or_else(|| panic!("{id} is not in the list"))["value"]
}

#[tokio::test]
async fn the_list_has_the_types_that_the_provider_expects() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let listed = world.get(&format!("{zone}/settings")).await.ok();
    for id in TEXTS.split_whitespace() {
        assert!(value(&listed, id).is_string(), "{id}");
    }
    for id in NUMBERS {
        assert!(value(&listed, id).is_i64(), "{id}");
    }
    assert!(value(&listed, "ciphers").is_array());
    assert!(value(&listed, "nel")["enabled"].is_boolean());
    assert!(
        value(&listed, "aegis")["enabled"].is_boolean() && value(&listed, "aegis")["pool_id"].is_string()
    );
    let header = &value(&listed, "security_header")["strict_transport_security"];
    assert!(header["max_age"].is_i64() && header["enabled"].is_boolean());
    // Its client reads these into a bool, a string and an int.
    for one in listed.as_array().unwrap() {
        assert!(
            one["editable"].is_boolean() && (one["modified_on"].is_null() || one["modified_on"].is_string())
        );
        assert!(one.get("time_remaining").is_none_or(Value::is_i64), "{one}");
    }
}

#[tokio::test]
async fn each_of_the_eleven_is_there_and_is_written_alone() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let written: [Value; 11] = [
        json!("on"),
        json!("custom"),
        json!("open"),
        json!("on"),
        json!("1"),
        json!("on"),
        json!({"enabled": true}),
        json!("on"),
        json!("on"),
        json!("auto"),
        json!({"enabled": true, "pool_id": "pool-1"}),
    ];
    for (id, value) in SINGLES.iter().zip(written) {
        let first = world.get(&format!("{zone}/settings/{id}")).await.ok();
        assert_eq!((&first["id"], &first["editable"]), (&json!(id), &json!(true)));
        set(&world, &zone, id, value.clone()).await;
        assert_eq!(setting(&world, &zone, id).await, value);
        set(&world, &zone, id, first["value"].clone()).await;
        assert_eq!(setting(&world, &zone, id).await, first["value"]);
    }
}

/// As its client writes items: with the zero values of the fields it does not know.
fn items(values: &[(&str, Value)]) -> Value {
    let item = |(id, value): &(&str, Value)| json!({"id": id, "editable": false, "value": value, "time_remaining": 0});
    json!({"items": values.iter().map(item).collect::<Vec<_>>()})
}

#[tokio::test]
async fn an_override_is_applied_and_its_destruction_restores_what_was() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let path = format!("{zone}/settings");
    set(&world, &zone, "browser_cache_ttl", 0).await;
    let initial = world.get(&path).await.ok();
    let header = json!({"enabled": true, "max_age": 86400, "include_subdomains": true, "preload": false, "nosniff": true});
    let wanted = [
        ("always_use_https", json!("on")),
        ("browser_cache_ttl", json!(14400)),
        ("ciphers", json!(["ECDHE-ECDSA-AES128-GCM-SHA256", "AES128-SHA"])),
        ("max_upload", json!(200)),
        ("0rtt", json!("on")),
        ("proxy_read_timeout", json!("300")),
        ("security_header", json!({"strict_transport_security": header})),
        ("ssl", json!("strict")),
        ("tls_1_3", json!("zrt")),
        ("visitor_ip", json!("off")),
    ];
    let after = world.patch(&path, items(&wanted)).await.ok();
    for (id, wanted) in &wanted {
        assert_eq!(value(&after, id), wanted);
    }
    let ids = wanted.iter().map(|(id, _)| (*id, value(&initial, id).clone()));
    let restored = world.patch(&path, items(&ids.collect::<Vec<_>>())).await.ok();
    for one in initial.as_array().unwrap() {
        assert_eq!(value(&restored, one["id"].as_str().unwrap()), &one["value"]);
    }
}
