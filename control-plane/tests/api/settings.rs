//! Settings, one by one and together; the pair of SSL mode and gRPC toggle.

use crate::harness::World;
use serde_json::{Value, json};

async fn setting(world: &World, zone: &str, id: &str) -> Value {
    world.get(&format!("{zone}/settings/{id}")).await.ok()["value"].clone()
}

#[tokio::test]
async fn settings_begin_with_their_defaults() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    for (id, value) in [
        ("ssl", "full"),
        ("grpc", "off"),
        ("http2", "on"),
        ("min_tls_version", "1.0"),
        ("always_use_https", "off"),
        ("origin_max_http_version", "2"),
    ] {
        let setting = world.get(&format!("{zone}/settings/{id}")).await.ok();
        assert_eq!((&setting["id"], &setting["value"]), (&json!(id), &json!(value)));
        assert_eq!((&setting["editable"], &setting["modified_on"]), (&json!(true), &Value::Null));
    }
    assert_eq!(world.get(&format!("{zone}/settings/ssl")).await.ok()["certificate_status"], "active");
    assert_eq!(world.get(&format!("{zone}/settings")).await.ok().as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn every_value_of_a_setting_is_kept_and_every_other_refused() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let table: [(&str, &[&str], &[Value]); 6] = [
        (
            "ssl",
            &["off", "flexible", "strict", "full"],
            &[json!("on"), json!("FULL"), json!(true), json!("origin_pull")],
        ),
        ("grpc", &["on", "off"], &[json!(true), json!("enabled"), json!(1), json!(null)]),
        ("http2", &["off", "on"], &[json!("yes"), json!({})]),
        ("always_use_https", &["on", "off"], &[json!("On"), json!([])]),
        ("min_tls_version", &["1.0", "1.1", "1.2", "1.3"], &[json!("1.4"), json!(1.2), json!("tls1.2")]),
        ("origin_max_http_version", &["1", "2"], &[json!("3"), json!(2), json!("")]),
    ];
    for (id, good, bad) in table {
        let path = format!("{zone}/settings/{id}");
        for value in good {
            let answer = world.patch(&path, json!({"value": value})).await.ok();
            assert_eq!(
                (&answer["value"], &answer["modified_on"]),
                (&json!(value), &json!(crate::harness::NOW)),
                "{id}"
            );
            assert_eq!(&setting(&world, &zone, id).await, value);
        }
        for value in bad {
            assert_eq!(
                world.patch(&path, json!({"value": value})).await.refused(),
                (400, 1007),
                "{id} {value}"
            );
        }
        assert_eq!(world.patch(&path, json!({})).await.refused(), (400, 1007), "{id}");
        assert_eq!(setting(&world, &zone, id).await, *good.last().unwrap());
    }
}

#[tokio::test]
async fn refusals_use_the_words_that_clients_know() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let unknown = world.patch(&format!("{zone}/settings/nope"), json!({"value": "on"})).await;
    assert_eq!((unknown.refused(), unknown.message()), ((400, 1006), "Unrecognized zone setting name"));
    assert_eq!(world.get(&format!("{zone}/settings/nope")).await.refused(), (400, 1006));
    let bad = world.patch(&format!("{zone}/settings/ssl"), json!({"value": "x"})).await;
    assert_eq!(bad.message(), "Invalid value for zone setting ssl");
    let version =
        world.patch(&format!("{zone}/settings/origin_max_http_version"), json!({"value": "3"})).await;
    assert_eq!(
        version.message(),
        "The value provided for origin_max_http_version setting is not valid. The value must either be `1` or `2`"
    );
}

#[tokio::test]
async fn grpc_and_an_unencrypted_origin_refuse_each_other_by_name() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let (ssl, grpc) = (format!("{zone}/settings/ssl"), format!("{zone}/settings/grpc"));
    for mode in ["off", "flexible"] {
        world.patch(&ssl, json!({"value": mode})).await.ok();
        let answer = world.patch(&grpc, json!({"value": "on"})).await;
        assert_eq!(answer.refused(), (400, 1007));
        assert!(
            answer.message().contains("change the setting `ssl`") && answer.message().contains(mode),
            "{}",
            answer.message()
        );
        assert_eq!(setting(&world, &zone, "grpc").await, "off");
    }
    world.patch(&ssl, json!({"value": "full"})).await.ok();
    world.patch(&grpc, json!({"value": "on"})).await.ok();
    for mode in ["off", "flexible"] {
        let answer = world.patch(&ssl, json!({"value": mode})).await;
        assert_eq!(answer.refused(), (400, 1007));
        assert!(answer.message().contains("change the setting `grpc` to off"), "{}", answer.message());
        assert_eq!(setting(&world, &zone, "ssl").await, "full");
    }
    world.patch(&ssl, json!({"value": "strict"})).await.ok();
}

#[tokio::test]
async fn a_batch_is_judged_by_what_results() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let path = format!("{zone}/settings");
    world.patch(&format!("{path}/ssl"), json!({"value": "flexible"})).await.ok();
    let both = json!({"items": [
        {"id": "grpc", "value": "on", "editable": true, "time_remaining": 0},
        {"id": "ssl", "value": "full", "editable": false, "time_remaining": 0},
        {"id": "min_tls_version", "value": "1.2"},
    ]});
    let settings = world.patch(&path, both).await.ok();
    assert_eq!(settings.as_array().unwrap().len(), 6);
    assert_eq!(
        (setting(&world, &zone, "grpc").await, setting(&world, &zone, "ssl").await),
        (json!("on"), json!("full"))
    );
    let impossible = json!({"items": [{"id": "http2", "value": "off"}, {"id": "ssl", "value": "off"}]});
    assert_eq!(world.patch(&path, impossible).await.refused(), (400, 1007));
    assert_eq!(setting(&world, &zone, "http2").await, "on");
    let back = json!({"items": [{"id": "ssl", "value": "off"}, {"id": "grpc", "value": "off"}]});
    world.patch(&path, back).await.ok();
    for (items, refusal) in [
        (json!([]), (400, 1004)),
        (json!([{"id": "nope", "value": "on"}]), (400, 1006)),
        (json!([{"id": "http2", "value": "x"}]), (400, 1007)),
        (json!("x"), (400, 1004)),
    ] {
        assert_eq!(world.patch(&path, json!({"items": items})).await.refused(), refusal);
    }
}

#[tokio::test]
async fn the_database_itself_refuses_the_impossible_pair() {
    let world = World::new().await;
    world.zone("example.com").await;
    let error = sqlx::query("update zones set grpc = true, ssl = 'flexible'")
        .execute(&world.app.pool)
        .await
        .unwrap_err();
    assert_eq!(error.as_database_error().unwrap().constraint(), Some("zones_grpc_needs_encrypted_origin"));
}
