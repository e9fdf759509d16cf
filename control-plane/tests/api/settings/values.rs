//! Every setting: what it is at first, every value that it may be, and a wrong value of each kind.

use super::setting;
use crate::harness::{NOW, World};
use control_plane::settings::{Kind, SettingId, Whole};
use serde_json::{Value, json};

/// What a zone says of itself before anybody changed anything.
fn defaults() -> Value {
    let security_header = json!({"strict_transport_security": {
        "enabled": false, "max_age": 0, "include_subdomains": false, "preload": false, "nosniff": false}});
    let platform_optimization = json!({"enabled": false, "cf": false, "wordpress": false, "wp_plugin": false,
        "hostnames": [], "cache_by_device_type": false});
    let mut defaults = json!({
        "aegis": {"enabled": false, "pool_id": ""}, "automatic_platform_optimization": platform_optimization,
        "browser_cache_ttl": 14400, "cache_level": "aggressive", "challenge_ttl": 1800, "ciphers": [],
        "cname_flattening": "flatten_at_root", "edge_cache_ttl": 7200, "max_upload": 100, "min_tls_version": "1.0",
        "minify": {"css": "off", "html": "off", "js": "off"}, "nel": {"enabled": false}, "origin_h2_max_streams": 100,
        "origin_max_http_version": "2", "proxy_read_timeout": "125", "security_header": security_header,
        "security_level": "medium", "ssl": "full", "ssl_automatic_mode": "custom", "transformations_allowed_origins": "*",
        "webmcp_packs": "",
    });
    let on = "always_online automatic_https_rewrites brotli browser_check email_obfuscation http2 http3 ip_geolocation ipv6 \
              opportunistic_encryption opportunistic_onion privacy_pass server_side_exclude tls_1_3 visitor_ip websockets";
    let off = "0rtt advanced_ddos always_use_https binary_ast china_network_enabled content_converter development_mode \
               early_hints filter_logs_to_cloudflare fonts grpc h2_prioritization hotlink_protection image_resizing \
               log_to_cloudflare mirage orange_to_orange origin_error_page_pass_thru polish pre_render prefetch_preload \
               pseudo_ipv4 redirects_for_ai_training replace_insecure_js response_buffering rocket_loader search_for_agents \
               sha1_support sort_query_string_for_cache speed_brain ssl_recommender tls_1_2_only tls_client_auth \
               transformations true_client_ip_header waf webmcp_enabled webp";
    for (ids, value) in [(on, "on"), (off, "off")] {
        ids.split_whitespace().for_each(|id| defaults[id] = json!(value));
    }
    defaults
}

#[tokio::test]
async fn settings_begin_with_their_defaults() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let listed = world.get(&format!("{zone}/settings")).await.ok();
    let shown = listed.as_array().unwrap().iter();
    let shown: serde_json::Map<_, _> =
        shown.map(|one| (one["id"].as_str().unwrap().to_owned(), one["value"].clone())).collect();
    assert_eq!(Value::Object(shown), defaults());
    for one in listed.as_array().unwrap() {
        let id = one["id"].as_str().unwrap();
        assert_eq!(&world.get(&format!("{zone}/settings/{id}")).await.ok(), one);
        assert_eq!((&one["editable"], &one["modified_on"]), (&json!(id != "advanced_ddos"), &Value::Null));
    }
}

/// Every value, where they can be counted; otherwise the ends of the range and whatever has a form of its own.
fn good(kind: Kind) -> Vec<Value> {
    match kind {
        Kind::Switch(_) | Kind::TimedSwitch { .. } | Kind::Enrolment(_) => vec![json!("on"), json!("off")],
        Kind::OneOf { options, .. } => options.iter().map(|text| json!(text)).collect(),
        Kind::Fixed(text) => vec![json!(text)],
        Kind::Flag(_) => vec![json!(true), json!(false)],
        Kind::Whole { allowed: Whole::OneOf(numbers), .. } => {
            numbers.iter().map(|number| json!(number)).collect()
        }
        Kind::Whole { allowed: Whole::Between(from, to), .. } => vec![json!(from), json!(to)],
        Kind::Digits { .. } => vec![json!(1), json!(6000), json!("300")],
        Kind::Text { bytes_max, .. } => vec![json!(""), json!("a".repeat(bytes_max))],
        Kind::Texts { items_max, .. } => vec![json!([]), json!(vec!["www.example.com"; items_max])],
        Kind::Ciphers => vec![
            json!([]),
            json!(["ECDHE-RSA-AES128-GCM-SHA256"]),
            json!(["AES128-SHA", "ECDHE-ECDSA-CHACHA20-POLY1305", "AEAD-AES128-GCM-SHA256"]),
        ],
        Kind::Object(fields) => {
            let each = fields
                .iter()
                .flat_map(|(name, kind)| good(*kind).into_iter().map(move |v| json!({*name: v})));
            each.chain([json!({})]).collect()
        }
    }
}

fn bad(kind: Kind) -> Vec<Value> {
    let mut values =
        vec![json!(null), json!("nonsense\n"), json!([["on"]]), json!({"no_such_field": true}), json!(-1)];
    values.extend(match kind {
        Kind::Switch(_) | Kind::TimedSwitch { .. } | Kind::OneOf { .. } => {
            vec![json!(true), json!(""), json!("On"), json!({}), json!([])]
        }
        Kind::Enrolment(_) => vec![json!("true"), json!(1)],
        Kind::Flag(_) => vec![json!("on"), json!(1), json!("true")],
        Kind::Whole { .. } | Kind::Digits { .. } => {
            vec![json!(1.5), json!("1.5"), json!(9_000_000_000_i64), json!(1e300), json!(true), json!("")]
        }
        Kind::Text { bytes_max, .. } => vec![json!("a".repeat(bytes_max + 1)), json!(1)],
        Kind::Texts { items_max, bytes_max } => {
            vec![json!(vec!["a"; items_max + 1]), json!(["a".repeat(bytes_max + 1)]), json!([1])]
        }
        Kind::Ciphers => vec![json!(["AES128-SHA", "NO-SUCH"]), json!(["AES128-SHA"]), json!([1]), json!("")],
        Kind::Object(fields) => fields
            .iter()
            .flat_map(|(name, kind)| bad(*kind).into_iter().map(move |v| json!({*name: v})))
            .collect(),
        Kind::Fixed(_) => vec![],
    });
    if let Kind::Text { .. } = kind {
        values.retain(|value| value != "nonsense\n");
    }
    values
}

#[tokio::test]
async fn every_value_of_a_setting_is_kept_and_shown_as_it_was_sent() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    for id in SettingId::all() {
        let path = format!("{zone}/settings/{}", id.as_str());
        for value in good(id.kind()) {
            let answer = world.patch(&path, json!({"value": value})).await.ok();
            assert_eq!((&answer["value"], &answer["modified_on"]), (&value, &json!(NOW)), "{}", id.as_str());
            assert_eq!(world.get(&path).await.ok(), answer);
        }
        world.patch(&path, json!({"value": id.default()})).await.ok();
    }
}

#[tokio::test]
async fn every_other_value_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let before = world.get(&format!("{zone}/settings")).await.ok();
    for id in SettingId::all().filter(|id| id.is_editable()) {
        let path = format!("{zone}/settings/{}", id.as_str());
        let mut bodies: Vec<Value> =
            bad(id.kind()).into_iter().map(|value| json!({"value": value})).collect();
        bodies.push(json!({}));
        for body in bodies {
            let answer = world.patch(&path, body.clone()).await;
            assert_eq!(answer.refused(), (400, 1007), "{} {body}", id.as_str());
            assert!(answer.message().contains(id.as_str()), "{}", answer.message());
        }
    }
    assert_eq!(world.get(&format!("{zone}/settings")).await.ok(), before);
    assert_eq!(world.count("revisions").await, 1, "the zone alone");
}

#[tokio::test]
async fn refusals_use_the_words_that_clients_know_and_say_what_is_possible() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let unknown = world.patch(&format!("{zone}/settings/nope"), json!({"value": "on"})).await;
    assert_eq!((unknown.refused(), unknown.message()), ((400, 1006), "Unrecognized zone setting name"));
    assert_eq!(world.get(&format!("{zone}/settings/nope")).await.refused(), (400, 1006));
    for (id, message) in [
        ("ssl", "Invalid value for zone setting ssl: it must be `off`, `flexible`, `full` or `strict`"),
        ("websockets", "Invalid value for zone setting websockets: it must be `on` or `off`"),
        (
            "origin_h2_max_streams",
            "Invalid value for zone setting origin_h2_max_streams: it must be a whole number from 1 to 1000",
        ),
        ("nel", "Invalid value for zone setting nel: it must be an object with `enabled` (true or false)"),
        (
            "origin_max_http_version",
            "The value provided for origin_max_http_version setting is not valid. The value must either be `1` or `2`",
        ),
    ] {
        assert_eq!(super::refused(&world, &zone, id, "x").await, message);
    }
    let ciphers = super::refused(&world, &zone, "ciphers", json!(["AES128-SHA"])).await;
    assert!(
        ciphers.contains("`ECDHE-RSA-AES128-GCM-SHA256`") && !ciphers.contains("`AES128-SHA`"),
        "{ciphers}"
    );
}

#[tokio::test]
async fn numbers_may_be_sent_as_texts_and_with_a_point() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    for (id, sent, kept) in [
        ("max_upload", json!("200"), json!(200)),
        ("max_upload", json!(125.0), json!(125)),
        ("browser_cache_ttl", json!("0"), json!(0)),
        ("proxy_read_timeout", json!("300.0"), json!("300")),
        ("proxy_read_timeout", json!(300.0), json!(300)),
        (
            "security_header",
            json!({"strict_transport_security": {"max_age": "30"}}),
            json!({"strict_transport_security": {"max_age": 30}}),
        ),
    ] {
        super::set(&world, &zone, id, sent).await;
        assert_eq!(setting(&world, &zone, id).await, kept, "{id}");
    }
}
