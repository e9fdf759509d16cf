//! DNS records: what may be written, and how it comes back.

use crate::harness::World;
use serde_json::{Value, json};

async fn refused(world: &World, zone: &str, record: Value) -> (u16, i64) {
    world.post(&format!("{zone}/dns_records"), record).await.refused()
}

#[tokio::test]
async fn a_record_comes_back_with_every_key() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let record = world.record(&zone, json!({"type": "A", "name": "API", "content": "192.0.2.1"})).await;
    assert_eq!(record["name"], "api.example.com");
    assert_eq!(
        (&record["proxied"], &record["proxiable"], &record["ttl"]),
        (&json!(false), &json!(true), &json!(1))
    );
    assert_eq!((&record["meta"], &record["tags"], &record["settings"]), (&json!({}), &json!([]), &json!({})));
    assert_eq!((&record["comment"], &record["origin"]), (&Value::Null, &Value::Null));
    for absent in ["zone_id", "zone_name", "locked", "priority", "comment_modified_on", "tags_modified_on"] {
        assert!(record.get(absent).is_none(), "{absent}");
    }
    let id = record["id"].as_str().unwrap();
    assert_eq!(world.get(&format!("{zone}/dns_records/{id}")).await.ok(), record);
}

#[tokio::test]
async fn what_older_clients_send_along_is_accepted() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let external_dns = json!({"name": "a.example.com", "ttl": 1, "type": "A", "content": "192.0.2.1", "proxied": false, "priority": 0, "comment": "", "tags": null});
    let record = world.record(&zone, external_dns).await;
    assert_eq!(
        (&record["comment"], &record["tags"], record.get("priority")),
        (&Value::Null, &json!([]), None)
    );
    let go = json!({"name": "b", "type": "A", "content": "192.0.2.1", "created_on": "0001-01-01T00:00:00Z", "settings": {}, "meta": null, "id": "x", "data": null});
    world.record(&zone, go).await;
    for (name, ttl) in [("c", json!(120)), ("d", json!(120.0)), ("e", json!("120"))] {
        assert_eq!(
            world.record(&zone, json!({"name": name, "type": "A", "content": "192.0.2.1", "ttl": ttl})).await
                ["ttl"],
            120
        );
    }
}

#[tokio::test]
async fn each_type_holds_what_it_may() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    for (record, refusal) in [
        (json!({"type": "A", "name": "x", "content": "192.0.2.256"}), (400, 9005)),
        (json!({"type": "A", "name": "x", "content": "2001:db8::1"}), (400, 9005)),
        (json!({"type": "A", "name": "x"}), (400, 9005)),
        (json!({"type": "AAAA", "name": "x", "content": "192.0.2.1"}), (400, 9006)),
        (json!({"type": "CNAME", "name": "x", "content": "192.0.2.1"}), (400, 9007)),
        (json!({"type": "CNAME", "name": "x", "content": "a b"}), (400, 9007)),
        (json!({"type": "CNAME", "name": "x", "content": "X.example.com."}), (400, 9039)),
        (json!({"type": "NS", "name": "x", "content": "-"}), (400, 9008)),
        (json!({"type": "MX", "name": "x", "content": "", "priority": 1}), (400, 9009)),
        (json!({"type": "MX", "name": "x", "content": "mail.example.com"}), (400, 1004)),
        (json!({"type": "MX", "name": "x", "content": "mail.example.com", "priority": 65536}), (400, 1004)),
        (json!({"type": "TXT", "name": "x", "content": ""}), (400, 1004)),
        (json!({"type": "TXT", "name": "x", "content": "a\nb"}), (400, 1004)),
        (json!({"type": "TXT", "name": "x", "content": "a".repeat(8193)}), (400, 1004)),
        (json!({"type": "SPF", "name": "x", "content": "v=spf1 -all"}), (400, 9020)),
        (json!({"name": "x", "content": "192.0.2.1"}), (400, 9020)),
        (json!({"type": "A", "content": "192.0.2.1"}), (400, 9000)),
        (json!({"type": "A", "name": "x.example.org.", "content": "192.0.2.1"}), (400, 9000)),
        (json!({"type": "A", "name": "a..b", "content": "192.0.2.1"}), (400, 9000)),
        (json!({"type": "A", "name": "x", "content": "192.0.2.1", "ttl": 29}), (400, 9021)),
        (json!({"type": "A", "name": "x", "content": "192.0.2.1", "ttl": 86401}), (400, 9021)),
        (json!({"type": "A", "name": "x", "content": "192.0.2.1", "ttl": 1.5}), (400, 1004)),
        (json!({"type": "TXT", "name": "x", "content": "a", "proxied": true}), (400, 81062)),
        (json!({"type": "TXT", "name": "x", "content": "a", "origin": {"port": 1}}), (400, 81062)),
        (json!({"type": "A", "name": "x", "content": "192.0.2.1", "comment": "c".repeat(501)}), (400, 1004)),
        (json!({"type": "A", "name": "x", "content": "192.0.2.1", "comment": "a\u{1b}"}), (400, 1004)),
        (json!({"type": "A", "name": "x", "content": "192.0.2.1", "tags": [""]}), (400, 1004)),
        (json!({"type": "A", "name": "x", "content": "192.0.2.1", "tags": vec!["a"; 21]}), (400, 1004)),
        (json!({"type": "A", "name": "x", "content": "192.0.2.1", "proxied": "yes"}), (400, 1004)),
        (
            json!({"type": "A", "name": "x", "content": "192.0.2.1", "settings": {"ipv4_only": 1}}),
            (400, 1004),
        ),
    ] {
        assert_eq!(refused(&world, &zone, record.clone()).await, refusal, "{record}");
    }
    assert_eq!(world.count("records").await, 0);
}

#[tokio::test]
async fn contents_are_kept_as_they_were_sent() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let long = "v".repeat(4000);
    for (kind, sent, kept) in [
        ("TXT", "\"heritage=external-dns,x\"", "\"heritage=external-dns,x\""),
        ("TXT", "unquoted Value", "unquoted Value"),
        ("TXT", &long, &long),
        ("AAAA", "2001:DB8::1", "2001:DB8::1"),
        ("NS", "ns1.example.net.", "ns1.example.net"),
        ("MX", "Mail.example.net.", "Mail.example.net"),
        ("MX", ".", "."),
        ("PTR", "Host.example.net.", "Host.example.net"),
        ("OPENPGPKEY", "mQENBF Wqyw==", "mQENBFWqyw=="),
    ] {
        let record = json!({"type": kind, "name": kind, "content": sent, "priority": 10});
        assert_eq!(world.record(&zone, record).await["content"], kept);
    }
    assert_eq!(
        world.record(&zone, json!({"type": "CNAME", "name": "*.w", "content": "x.example.net."})).await["content"],
        "x.example.net"
    );
}

#[tokio::test]
async fn an_identical_record_already_exists_however_it_is_written() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let long = "v".repeat(4000);
    for (kind, first, second) in [
        ("A", "192.0.2.1", "192.0.2.1"),
        ("AAAA", "2001:db8::1", "2001:DB8:0::1"),
        ("TXT", "text", "\"text\""),
        ("TXT", "more text", "\"more\"  \" te\" \"\\120t\""),
        ("TXT", &long, &long),
        ("PTR", "host.example.net", "HOST.example.net."),
    ] {
        world.record(&zone, json!({"type": kind, "name": "x", "content": first})).await;
        let again = world
            .post(
                &format!("{zone}/dns_records"),
                json!({"type": kind, "name": "X.example.com.", "content": second}),
            )
            .await;
        assert_eq!(again.refused(), (400, 81058));
        assert!(again.message().contains("already exist"));
    }
    world.record(&zone, json!({"type": "TXT", "name": "x", "content": format!("{long}w")})).await;
    world.record(&zone, json!({"type": "TXT", "name": "x", "content": "Text"})).await;
}

#[tokio::test]
async fn a_cname_stands_beside_no_address() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    world.record(&zone, json!({"type": "A", "name": "a", "content": "192.0.2.1"})).await;
    world.record(&zone, json!({"type": "CNAME", "name": "c", "content": "x.example.net"})).await;
    let cname = |name: &str| json!({"type": "CNAME", "name": name, "content": "y.example.net"});
    assert_eq!(refused(&world, &zone, cname("a")).await, (400, 81053));
    assert_eq!(refused(&world, &zone, cname("c")).await, (400, 81053));
    assert_eq!(
        refused(&world, &zone, json!({"type": "AAAA", "name": "c", "content": "2001:db8::1"})).await,
        (400, 81054)
    );
    world.record(&zone, json!({"type": "TXT", "name": "c", "content": "beside"})).await;
}

#[tokio::test]
async fn a_delegated_name_has_nothing_but_its_delegation() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let ns = |name: &str| json!({"type": "NS", "name": name, "content": "ns.example.net"});
    let ds = json!({"type": "DS", "name": "sub", "content": "1 13 2 AB"});
    world.record(&zone, ns("sub")).await;
    world.record(&zone, ds).await;
    for record in [
        json!({"type": "A", "name": "sub", "content": "192.0.2.1"}),
        json!({"type": "TXT", "name": "sub", "content": "x"}),
        json!({"type": "CNAME", "name": "sub", "content": "x.example.net"}),
    ] {
        assert_eq!(refused(&world, &zone, record).await, (400, 81056));
    }
    world
        .record(&zone, json!({"type": "MX", "name": "mail", "content": "x.example.net", "priority": 1}))
        .await;
    assert_eq!(refused(&world, &zone, ns("mail")).await, (400, 81055));
    world.record(&zone, json!({"type": "TXT", "name": "@", "content": "x"})).await;
    world.record(&zone, ns("@")).await;
}

#[tokio::test]
async fn a_proxied_record_has_the_automatic_ttl() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let record = world
        .record(&zone, json!({"type": "A", "name": "a", "content": "10.0.0.1", "proxied": true, "ttl": 300}))
        .await;
    assert_eq!((&record["ttl"], &record["proxied"]), (&json!(1), &json!(true)));
}

#[tokio::test]
async fn put_overwrites_and_patch_merges() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let full = json!({"type": "A", "name": "a", "content": "192.0.2.1", "ttl": 300, "comment": "why", "tags": ["team:x"]});
    let record = world.record(&zone, full).await;
    assert_eq!(record["comment_modified_on"], crate::harness::NOW);
    let path = format!("{zone}/dns_records/{}", record["id"].as_str().unwrap());
    let patched = world.patch(&path, json!({"content": "192.0.2.2"})).await.ok();
    assert_eq!(
        (&patched["content"], &patched["ttl"], &patched["comment"], &patched["tags"]),
        (&json!("192.0.2.2"), &json!(300), &json!("why"), &json!(["team:x"]))
    );
    assert_eq!(world.patch(&path, json!({"comment": null, "ttl": null})).await.ok()["comment"], Value::Null);
    let put =
        world.put(&path, json!({"type": "A", "name": "b.example.com", "content": "192.0.2.3"})).await.ok();
    assert_eq!((&put["name"], &put["ttl"], &put["tags"]), (&json!("b.example.com"), &json!(1), &json!([])));
    assert_eq!((&put["id"], &put["created_on"]), (&record["id"], &record["created_on"]));
    assert_eq!(world.put(&path, json!({"type": "A", "content": "192.0.2.3"})).await.refused(), (400, 9000));
    assert_eq!(world.put(&path, json!({"type": "A", "name": "b"})).await.refused(), (400, 9005));
    assert_eq!(world.get(&path).await.ok(), put);
}

#[tokio::test]
async fn the_type_of_a_record_stays() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let record = world.record(&zone, json!({"type": "A", "name": "a", "content": "192.0.2.1"})).await;
    let path = format!("{zone}/dns_records/{}", record["id"].as_str().unwrap());
    let other = json!({"type": "AAAA", "name": "a", "content": "2001:db8::1"});
    assert_eq!(world.put(&path, other.clone()).await.refused(), (400, 1004));
    assert_eq!(world.patch(&path, other).await.refused(), (400, 1004));
    assert_eq!(world.patch(&path, json!({"type": "a", "ttl": 60})).await.ok()["type"], "A");
}

#[tokio::test]
async fn a_record_that_does_not_exist_is_81044() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let path = format!("{zone}/dns_records/00000000000000000000000000000000");
    assert_eq!(world.get(&path).await.refused(), (404, 81044));
    assert_eq!(world.delete(&path).await.refused(), (404, 81044));
    assert_eq!(world.patch(&path, json!({"ttl": 60})).await.refused(), (404, 81044));
    assert_eq!(
        world.put(&path, json!({"type": "A", "name": "a", "content": "192.0.2.1"})).await.refused(),
        (404, 81044)
    );
    assert_eq!(world.get(&format!("{zone}/dns_records/nonsense")).await.refused(), (404, 7003));
}

#[tokio::test]
async fn a_deleted_record_names_itself_and_is_gone() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let record = world.record(&zone, json!({"type": "A", "name": "a", "content": "192.0.2.1"})).await;
    let path = format!("{zone}/dns_records/{}", record["id"].as_str().unwrap());
    assert_eq!(world.delete(&path).await.ok(), json!({"id": record["id"]}));
    assert_eq!(world.get(&path).await.refused(), (404, 81044));
}

#[tokio::test]
async fn cname_settings_are_kept_and_unknown_ones_dropped() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let record = json!({"type": "CNAME", "name": "a", "content": "x.example.net", "settings": {"flatten_cname": true, "odd": 1, "ipv4_only": null}});
    assert_eq!(world.record(&zone, record).await["settings"], json!({"flatten_cname": true}));
    let plain = world.record(&zone, json!({"type": "CNAME", "name": "b", "content": "x.example.net"})).await;
    assert_eq!(plain["settings"], json!({"flatten_cname": false}));
}

#[tokio::test]
async fn the_texts_of_a_zone_have_a_limit_so_that_all_of_them_can_be_exported() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let fill = async |from: i32, to: i32| {
        sqlx::query(
            "insert into records (id, zone_id, type, name, content, content_hash, ttl, proxied, created_on, modified_on)
             select lpad(to_hex(n), 32, '0'), $1, 'TXT', 'many.example.com', '\"' || lpad(n::text, 200, 'x') || '\"' || repeat(' \"' || repeat('x', 253) || '\"', 30),
                    sha256(convert_to(n::text, 'UTF8')), 1, false, now(), now()
             from generate_series($2::integer, $3::integer) n",
        )
        .bind(zone.trim_start_matches("/zones/"))
        .bind(from)
        .bind(to)
        .execute(&world.app.pool)
        .await
        .unwrap();
    };
    let txt = |name: &str| json!({"type": "TXT", "name": name, "content": "\"x\""});
    fill(1, 2000).await;
    world.record(&zone, txt("a")).await;
    world.get(&format!("{zone}/dns_records/export")).await.body["text"].as_str().unwrap();
    fill(2001, 2200).await;
    let refused = world.post(&format!("{zone}/dns_records"), txt("b")).await;
    assert_eq!(refused.refused(), (400, 81045));
    assert!(refused.message().contains("contents"), "{}", refused.message());
    assert_eq!(world.get(&format!("{zone}/dns_records/export")).await.refused(), (400, 1004));
}
