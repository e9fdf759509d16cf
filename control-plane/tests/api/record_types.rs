//! Records whose content has parts: sent as `data` or as text, they come back with both.

use crate::harness::World;
use serde_json::{Value, json};

/// Type, priority, content and `data` as they come back.
fn samples() -> Vec<(&'static str, Option<u16>, &'static str, Value)> {
    vec![
        (
            "CAA",
            None,
            r#"0 issue "letsencrypt.org""#,
            json!({"flags": 0, "tag": "issue", "value": "letsencrypt.org"}),
        ),
        ("CERT", None, "9 8 7 AQID", json!({"type": 9, "key_tag": 8, "algorithm": 7, "certificate": "AQID"})),
        (
            "DNSKEY",
            None,
            "257 3 13 AQID",
            json!({"flags": 257, "protocol": 3, "algorithm": 13, "public_key": "AQID"}),
        ),
        (
            "DS",
            None,
            "60485 5 1 2BB183AF",
            json!({"key_tag": 60485, "algorithm": 5, "digest_type": 1, "digest": "2BB183AF"}),
        ),
        (
            "HTTPS",
            None,
            r#"1 . alpn="h3,h2" ipv4hint="192.0.2.1""#,
            json!({"priority": 1, "target": ".", "value": r#"alpn="h3,h2" ipv4hint="192.0.2.1""#}),
        ),
        ("SVCB", None, "0 Svc.example.net", json!({"priority": 0, "target": "Svc.example.net", "value": ""})),
        (
            "SVCB",
            None,
            "1 svc.example.net.",
            json!({"priority": 1, "target": "svc.example.net.", "value": ""}),
        ),
        (
            "LOC",
            None,
            "37 46 46.500 N 122 23 35.000 W -10.25 100.00 0.00 0.00",
            json!({"lat_degrees": 37, "lat_minutes": 46, "lat_seconds": 46.5, "lat_direction": "N", "long_degrees": 122, "long_minutes": 23,
                   "long_seconds": 35, "long_direction": "W", "altitude": -10.25, "size": 100, "precision_horz": 0, "precision_vert": 0}),
        ),
        (
            "NAPTR",
            None,
            r#"100 10 "S" "SIP+D2U" "!^.*$!sip:\\1@example.com!" _sip._udp.example.com"#,
            json!({"order": 100, "preference": 10, "flags": "S", "service": "SIP+D2U", "regex": r"!^.*$!sip:\1@example.com!", "replacement": "_sip._udp.example.com"}),
        ),
        (
            "SMIMEA",
            None,
            "3 0 1 0aff",
            json!({"usage": 3, "selector": 0, "matching_type": 1, "certificate": "0aff"}),
        ),
        (
            "SRV",
            Some(10),
            "5 5060 Sip.example.net",
            json!({"priority": 10, "weight": 5, "port": 5060, "target": "Sip.example.net"}),
        ),
        (
            "SSHFP",
            None,
            "4 2 0123456789abcdef",
            json!({"algorithm": 4, "type": 2, "fingerprint": "0123456789abcdef"}),
        ),
        (
            "TLSA",
            None,
            "3 1 1 0aff",
            json!({"usage": 3, "selector": 1, "matching_type": 1, "certificate": "0aff"}),
        ),
        (
            "URI",
            Some(0),
            r#"1 "https://example.com/a b?\"c\"""#,
            json!({"weight": 1, "target": "https://example.com/a b?\"c\""}),
        ),
    ]
}

fn record(kind: &str, name: &str, priority: Option<u16>, field: &str, value: impl Into<Value>) -> Value {
    json!({"type": kind, "name": name, "priority": priority, field: value.into()})
}

#[tokio::test]
async fn every_type_with_parts_is_sent_either_way_and_comes_back_both_ways() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    for (kind, priority, content, data) in samples() {
        let from_data = world.record(&zone, record(kind, "data", priority, "data", data.clone())).await;
        let from_text = world.record(&zone, record(kind, "text", priority, "content", content)).await;
        for made in [&from_data, &from_text] {
            assert_eq!((&made["content"], &made["data"]), (&json!(content), &data), "{kind}");
            assert_eq!(made.get("priority"), priority.map(|priority| json!(priority)).as_ref(), "{kind}");
            assert_eq!((&made["proxiable"], &made["proxied"]), (&json!(false), &json!(false)), "{kind}");
        }
        let path = format!("{zone}/dns_records/{}", from_data["id"].as_str().unwrap());
        assert_eq!(world.get(&path).await.ok(), from_data);
        let patched = world.patch(&path, json!({"ttl": 60})).await.ok();
        assert_eq!((&patched["data"], &patched["content"]), (&data, &json!(content)), "{kind}");
        let again = world
            .post(&format!("{zone}/dns_records"), record(kind, "data", priority, "content", content))
            .await;
        assert_eq!(again.refused(), (400, 81058), "{kind}");
        let proxied =
            json!({"type": kind, "name": "p", "content": content, "priority": priority, "proxied": true});
        assert_eq!(
            world.post(&format!("{zone}/dns_records"), proxied).await.refused(),
            (400, 81062),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn contents_that_are_written_differently_are_identical() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    for (kind, first, second) in [
        ("CAA", r#"0 issue "ca.example""#, "0   Issue ca.example"),
        ("SRV", "10 5 5060 sip.example.net", "10\t5\t5060\tSIP.example.net."),
        ("SVCB", "1 svc.example.net", "1 SVC.example.net."),
        ("HTTPS", r#"1 . alpn="h2" port="443""#, "1 . port=443 alpn=h2"),
        ("LOC", "52 22 23 N 4 53 32 E -2m 0m 10000m 10m", "52 22 23.000 n 4 53 32.000 e -2.00 0.00"),
        ("LOC", "1 S 2 W 0", "1 0 0 S 2 0 0 W 0m"),
        ("TLSA", "3 1 1 0AFF", "3 1 1 0a ff"),
        ("OPENPGPKEY", "AQID", "AQ ID"),
    ] {
        world.record(&zone, json!({"type": kind, "name": "x", "content": first})).await;
        let again = json!({"type": kind, "name": "x", "content": second});
        assert_eq!(
            world.post(&format!("{zone}/dns_records"), again).await.refused(),
            (400, 81058),
            "{kind} {second}"
        );
    }
    world.record(&zone, json!({"type": "SRV", "name": "x", "content": "20 5 5060 sip.example.net"})).await;
    for priority in [10, 20] {
        world
            .record(
                &zone,
                json!({"type": "MX", "name": "x", "content": "mail.example.net", "priority": priority}),
            )
            .await;
    }
}

#[tokio::test]
async fn data_wins_and_what_older_clients_send_of_an_srv_record_is_understood() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let srv = |port: u16| json!({"priority": 1, "weight": 2, "port": port, "target": "a.example.net"});
    let both = json!({"type": "SRV", "name": "_sip._tcp", "data": srv(3), "content": "9 9 b.example.net", "priority": 7});
    let made = world.record(&zone, both).await;
    assert_eq!((&made["content"], &made["priority"]), (&json!("2 3 a.example.net"), &json!(1)));
    let path = format!("{zone}/dns_records/{}", made["id"].as_str().unwrap());
    let put = world.put(&path, json!({"name": "_sip._tcp", "type": "SRV", "data": srv(4)})).await.ok();
    assert_eq!(put["content"], "2 4 a.example.net");
    assert_eq!(world.patch(&path, json!({"priority": 8})).await.ok()["data"]["priority"], 8);
    assert_eq!(
        world.patch(&path, json!({"content": "1 1 ."})).await.ok()["data"],
        json!({"priority": 8, "weight": 1, "port": 1, "target": "."})
    );
    let mut older = srv(5);
    for (field, value) in [("service", "_xmpp"), ("proto", "_udp"), ("name", "deep.example.com")] {
        older[field] = json!(value);
    }
    let made = world.record(&zone, json!({"type": "SRV", "data": older})).await;
    assert_eq!(made["name"], "_xmpp._udp.deep.example.com");
    assert_eq!(made["data"], srv(5));
    let text = json!({"type": "A", "name": "a", "content": "192.0.2.1", "data": {}, "priority": 3});
    assert_eq!(world.record(&zone, text).await.get("data"), None);
}

#[tokio::test]
async fn what_is_wrong_with_data_is_named() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    for (kind, field, value) in [
        ("CAA", "flags", json!(256)),
        ("CAA", "tag", json!("is sue")),
        ("CAA", "value", json!("a\u{7}")),
        ("CERT", "key_tag", json!(-1)),
        ("CERT", "certificate", json!("not base64")),
        ("DNSKEY", "protocol", json!("x")),
        ("DNSKEY", "public_key", json!("")),
        ("DS", "digest", json!("ABC")),
        ("DS", "key_tag", json!(65536)),
        ("HTTPS", "target", json!("a b")),
        ("HTTPS", "value", json!("alpn")),
        ("HTTPS", "value", json!("no-default-alpn")),
        ("HTTPS", "value", json!("port=65536")),
        ("HTTPS", "value", json!("port=1 port=2")),
        ("HTTPS", "value", json!("ipv4hint=192.0.2.256")),
        ("HTTPS", "value", json!("ipv6hint=192.0.2.1")),
        ("HTTPS", "value", json!("ech=%")),
        ("HTTPS", "value", json!("mandatory=alpn")),
        ("HTTPS", "value", json!("colour=red")),
        ("HTTPS", "value", json!("alpn=\"h2")),
        ("SVCB", "priority", json!(null)),
        ("LOC", "lat_degrees", json!(91)),
        ("LOC", "lat_seconds", json!(60)),
        ("LOC", "lat_seconds", json!(1.2345)),
        ("LOC", "long_direction", json!("N")),
        ("LOC", "altitude", json!(-100_001)),
        ("LOC", "size", json!("wide")),
        ("NAPTR", "flags", json!("f".repeat(256))),
        ("NAPTR", "replacement", json!("-")),
        ("NAPTR", "order", json!(1.5)),
        ("SMIMEA", "certificate", json!(12)),
        ("SRV", "port", json!(65536)),
        ("SRV", "weight", json!(null)),
        ("SRV", "target", json!("")),
        ("SSHFP", "fingerprint", json!("xyz")),
        ("TLSA", "usage", json!(256)),
        ("URI", "target", json!(["x"])),
        ("URI", "weight", json!(-1)),
    ] {
        let (_, priority, _, mut data) = samples().into_iter().find(|sample| sample.0 == kind).unwrap();
        data[field] = value.clone();
        let answer =
            world.post(&format!("{zone}/dns_records"), record(kind, "x", priority, "data", data)).await;
        assert_eq!(answer.refused(), (400, 1004), "{kind} {field} {value}");
        assert_eq!(
            answer.body["errors"][0]["source"]["pointer"],
            format!("/data/{field}"),
            "{}",
            answer.message()
        );
        assert!(answer.message().contains(field), "{}", answer.message());
    }
    for (kind, content, what) in [
        ("SRV", "5 5060", "target is missing"),
        ("CAA", "0 issue a b", "holds more than flags, tag, value"),
        ("SRV", "5 5060 a.example.net", "need a priority"),
        ("SRV", "70000 5 5060 a.example.net", "need a priority"),
        ("CAA", "0 issue \"x", "a quote is not closed"),
        ("LOC", "90 1 0 N 4 53 32 E 0m", "lat_degrees must be less than 90"),
        ("LOC", "52 22 23 N", "long_degrees is missing"),
        ("URI", "1 2 \\777", "a backslash"),
        ("TLSA", "3 1 1", "certificate is missing"),
    ] {
        let answer =
            world.post(&format!("{zone}/dns_records"), record(kind, "x", None, "content", content)).await;
        assert_eq!(answer.refused(), (400, 1004), "{kind} {content}");
        assert!(answer.message().contains(what), "{kind} {content}: {}", answer.message());
    }
    assert_eq!(world.count("records").await, 0);
}
