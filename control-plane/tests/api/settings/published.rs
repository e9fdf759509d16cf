//! What is chosen reaches the documents of the nodes, typed.

use super::set;
use crate::harness::World;
use control_plane::{db::zone_rows, publish::compile, settings::SettingId};
use policy::{
    id::ZoneId,
    settings::{
        Cipher, Ciphers, Edge, Hsts, MaxUpload, MinTlsVersion, OriginMaxHttpVersion, OriginStreams,
        ProxyReadTimeout, SecurityHeader, Settings, VisitorTls,
    },
    ssl::SslMode,
};
use serde_json::{Value, json};

async fn published(world: &World, zone: &str) -> Settings {
    let id: ZoneId = zone.trim_start_matches("/zones/").parse().unwrap();
    let mut conn = world.app.pool.acquire().await.unwrap();
    let (_, rows) = zone_rows::read(&mut conn, &[id]).await.unwrap().remove(0);
    compile::compile(rows.unwrap()).unwrap().settings
}

fn tls(min: MinTlsVersion, tls_1_3: bool, only: bool, ciphers: Ciphers) -> Settings {
    Settings { visitor_tls: VisitorTls::new(min, tls_1_3, only, ciphers).unwrap(), ..Settings::default() }
}

/// One change of each setting that nodes enforce, and the settings of a zone that has no other.
fn changes() -> Vec<(&'static str, Value, Settings)> {
    use MinTlsVersion::{V1_0, V1_2};
    let default = Settings::default;
    let one = Ciphers::new([Cipher::EcdheRsaAes256GcmSha384]).unwrap();
    let hsts = Hsts { max_age_seconds: 300, include_subdomains: false, preload: true };
    vec![
        ("always_use_https", json!("on"), Settings { always_use_https: true, ..default() }),
        ("ciphers", json!(["AES128-SHA", "ECDHE-RSA-AES256-GCM-SHA384"]), tls(V1_0, true, false, one)),
        ("grpc", json!("on"), Settings { edge: Edge::new(SslMode::Full, true).unwrap(), ..default() }),
        ("http2", json!("off"), Settings { http2: false, ..default() }),
        ("ip_geolocation", json!("off"), Settings { ip_geolocation: false, ..default() }),
        ("max_upload", json!(0), Settings { max_upload: MaxUpload::from_megabytes(0).unwrap(), ..default() }),
        ("min_tls_version", json!("1.2"), tls(V1_2, true, false, Ciphers::ALL)),
        (
            "origin_h2_max_streams",
            json!(1),
            Settings { origin_h2_max_streams: OriginStreams::new(1).unwrap(), ..default() },
        ),
        (
            "origin_max_http_version",
            json!("1"),
            Settings { origin_max_http_version: OriginMaxHttpVersion::Http1, ..default() },
        ),
        (
            "proxy_read_timeout",
            json!("300"),
            Settings { proxy_read_timeout: ProxyReadTimeout::from_seconds(300).unwrap(), ..default() },
        ),
        (
            "security_header",
            json!({"strict_transport_security": {"enabled": true, "max_age": 300, "preload": true}}),
            Settings { security_header: SecurityHeader { hsts: Some(hsts), nosniff: false }, ..default() },
        ),
        (
            "security_header",
            json!({"strict_transport_security": {"enabled": false, "max_age": 300, "nosniff": true}}),
            Settings { security_header: SecurityHeader { hsts: None, nosniff: true }, ..default() },
        ),
        ("ssl", json!("strict"), Settings { edge: Edge::new(SslMode::Strict, false).unwrap(), ..default() }),
        ("tls_1_2_only", json!("on"), tls(V1_0, true, true, Ciphers::ALL)),
        ("tls_1_3", json!("off"), tls(V1_0, false, false, Ciphers::ALL)),
        ("tls_1_3", json!("zrt"), default()),
        ("true_client_ip_header", json!("on"), Settings { true_client_ip_header: true, ..default() }),
        ("websockets", json!("off"), Settings { websockets: false, ..default() }),
    ]
}

#[tokio::test]
async fn every_enforced_setting_reaches_the_nodes() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    assert_eq!(published(&world, &zone).await, Settings::default());
    for (id, value, settings) in changes() {
        let default = SettingId::parse(id).unwrap().default();
        set(&world, &zone, id, value).await;
        assert_eq!(published(&world, &zone).await, settings, "{id}");
        set(&world, &zone, id, default).await;
        assert_eq!(published(&world, &zone).await, Settings::default(), "{id}");
    }
    for id in SettingId::all() {
        assert_eq!(
            id.is_enforced(),
            changes().iter().any(|(one, ..)| *one == id.as_str()),
            "{}",
            id.as_str()
        );
    }
}

#[tokio::test]
async fn what_is_only_kept_changes_nothing_on_nodes() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    for (id, value) in
        [("brotli", json!("off")), ("0rtt", json!("on")), ("http3", json!("off")), ("waf", json!("on"))]
    {
        set(&world, &zone, id, value).await;
    }
    assert_eq!(published(&world, &zone).await, Settings::default());
}

/// The lowest version may be 1.3 only together with another row: they are judged together, whatever comes first.
#[tokio::test]
async fn rows_that_constrain_each_other_are_read_together() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    set(&world, &zone, "tls_1_2_only", "on").await;
    let items = json!([{"id": "min_tls_version", "value": "1.3"}, {"id": "tls_1_2_only", "value": "off"}]);
    world.patch(&format!("{zone}/settings"), json!({"items": items})).await.ok();
    assert_eq!(published(&world, &zone).await, tls(MinTlsVersion::V1_3, true, false, Ciphers::ALL));
}
