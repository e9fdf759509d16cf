//! Zone files: brought in, taken out, and brought in again elsewhere.

use crate::harness::{Answer, World, request};
use axum::body::Body;
use control_plane::api::{self, Timeouts};
use http::{Method, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write as _, time::Duration};
use tokio::time::{sleep, timeout};
use tower::ServiceExt as _;

/// Sends a file until it is its turn: the tests of one process share the imports that run at a time.
async fn import(world: &World, zone: &str, file: impl Into<String>, query: &str) -> Answer {
    let file = file.into();
    loop {
        let answer = world.send(upload(world, zone, query), file.clone()).await;
        if answer.status != 503 || !answer.message().contains(TOO_MANY) {
            return answer;
        }
        sleep(Duration::from_millis(100)).await;
    }
}

const TOO_MANY: &str = "4 zone files are being imported already";

fn upload(world: &World, zone: &str, query: &str) -> http::request::Builder {
    request(Method::POST, &format!("{zone}/dns_records/import?{query}"))
        .header(header::AUTHORIZATION, format!("Bearer {}", world.admin.token))
        .header(header::CONTENT_TYPE, "text/plain")
}

/// The body of an import with progress, of which nothing is read yet.
async fn told(world: &World, zone: &str, file: &str) -> Body {
    loop {
        let request = upload(world, zone, "progress=true").body(Body::from(file.to_owned())).unwrap();
        let answer = api::service(world.app.clone()).oneshot(request).await.unwrap();
        if answer.status() == 200 {
            return answer.into_body();
        }
        assert_eq!(answer.status(), 503);
        sleep(Duration::from_millis(100)).await;
    }
}

/// The lines of a text, each of them JSON.
fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn rest(body: Body) -> Vec<Value> {
    lines(std::str::from_utf8(&body.collect().await.unwrap().to_bytes()).unwrap())
}

async fn export(world: &World, zone: &str) -> String {
    let answer = world.get(&format!("{zone}/dns_records/export")).await;
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "{}", answer.body);
    answer.body["text"].as_str().unwrap().to_owned()
}

/// All records of a zone without what is of one moment or one zone, by what remains.
async fn records(world: &World, zone: &str, name: &str) -> Vec<String> {
    let mut all = Vec::new();
    for page in 1.. {
        let answer = world.get(&format!("{zone}/dns_records?per_page=5000&page={page}")).await.ok();
        let Value::Array(records) = answer else { panic!() };
        if records.is_empty() {
            break;
        }
        for mut record in records {
            for field in ["id", "created_on", "modified_on", "comment_modified_on", "tags_modified_on"] {
                record.as_object_mut().unwrap().remove(field);
            }
            all.push(record.to_string().replace(name, "zone.test"));
        }
    }
    all.sort();
    all
}

/// A file such as other DNS servers write, with every type and every liberty of the format, and 10,000 records.
fn big_file() -> String {
    let mut file = String::from(
        "; made elsewhere\r\n\
         $TTL 1h\n\
         $ORIGIN .\n\
         example.com  IN SOA ns1.old.example. admin\\.dns.old.example. (\n\
             2024010101 ; serial\n  7200 3600 1209600 3600 )\n\
             \tNS ns1.old.example.\n\
             \tIN\tNS\tns2.old.example.\n\
         $ORIGIN example.com.\n\
         @ 300 IN MX 10 mail ; incoming\n\
         @ IN 300 MX 20 mail\n\
         @ MX 30 mail.backup.example.\n\
         nomail MX 0 .\n\
         @ TXT \"v=spf1 include:_spf.example.net -all\" ; cf_tags=team:mail,\"odd, tag\"\n\
         dkim._domainkey TXT ( \"v=DKIM1; k=rsa; \"\n   \"p=MIGf;MA\\\"0\" ) ; a key cf_tags=\n\
         plain TXT token-value\n\
         escaped TXT \"\\195\\188 \\\\ \\\"\" bare\\ word\n\
         www 60 CNAME @ ; cf_tags=cf-proxied:true,cf-flatten-cname\n\
         *.wild CNAME www\n\
         mail A 192.0.2.25\n\
         \tAAAA 2001:DB8::25\n\
         _sip._tcp SRV 10 60 5060 sip\n\
         _sip._tcp SRV 20 60 5060 sip\n\
         @ CAA 0 issue \"letsencrypt.org; validationmethods=dns-01\"\n\
         @ CAA 128 iodef \"mailto:a@example.com\"\n\
         4.2.0.192.rev PTR host.example.net.\n\
         svc HTTPS 1 . alpn=h2,h3 ipv6hint=2001:db8::1\n\
         svc SVCB 2 target port=8443 key65001=\"x y\"\n\
         _25._tcp.mail TLSA 3 1 1 ( 0123456789abcdef0123456789abcdef\n    0123456789ABCDEF0123456789abcdef )\n\
         hash._smimecert SMIMEA 3 0 0 00ff\n\
         _http._tcp URI 10 1 \"https://example.com/?a=b;c\"\n\
         sip NAPTR 100 10 \"S\" \"SIP+D2U\" \"\" _sip._udp\n\
         enum NAPTR 100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:\\\\1@example.com!\" .\n\
         here LOC 52 22 23.000 N 4 53 32 E -2.00m 0m 10000m 10m\n\
         sub NS ns1.sub\n\
         sub DS 60485 5 1 ( 2BB183AF5F22588179A53B0A 98631FAD1A292118 )\n\
         key DNSKEY 257 3 13 ( mdsswUyr3DPW132mOi8V9xESWE8jTo0d\n xCjjnopKl+GqJxpVXckHAeF+KkxLbxIL fDLUT0rAK9iUzy1L53eKGQ== )\n\
         host SSHFP 4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789\n\
         cert CERT 1 0 0 MIICajCCAdOgAwIBAgICBEUwDQYJ\n\
         hash._openpgpkey OPENPGPKEY ( mQENBFWqyw\n== )\n",
    );
    for number in 0..10_000 - 31 {
        match number % 3 {
            0 => writeln!(
                file,
                "host{number} 1d IN A 10.0.{}.{} ; host {number}",
                number / 256 % 256,
                number % 256
            ),
            1 => writeln!(file, "host{number} TXT \"number {number}\""),
            _ => writeln!(file, "host{number}\t2h\tCNAME\thost{}", number - 2),
        }
        .unwrap();
    }
    file
}

#[tokio::test]
async fn ten_thousand_records_of_every_type_come_in_go_out_and_come_in_again_as_they_were() {
    let world = World::new().await;
    let (first, second) = (world.zone("example.com").await, world.zone("example.org").await);
    let before = world.count("revisions").await;
    let done = import(&world, &first, big_file(), "").await;
    assert_eq!(done.header("orangery-revision"), Some((before + 1).to_string().as_str()));
    assert_eq!(done.ok(), json!({"recs_added": 10_000, "total_records_parsed": 10_000}));
    assert_eq!(world.count("revisions").await, before + 1);
    let kinds: i64 = sqlx::query_scalar("select count(distinct type) from records")
        .fetch_one(&world.app.pool)
        .await
        .unwrap();
    assert_eq!(kinds, 21);
    let file = export(&world, &first).await;
    let done = import(&world, &second, file.replace("example.com", "example.org"), "").await.ok();
    assert_eq!(done, json!({"recs_added": 10_000, "total_records_parsed": 10_000}));
    let (there, here) =
        (records(&world, &first, "example.com").await, records(&world, &second, "example.org").await);
    for (there, here) in there.iter().zip(&here) {
        assert_eq!(there, here);
    }
    assert_eq!(there.len(), here.len());
    let again = import(&world, &first, file, "").await;
    assert_eq!(again.ok(), json!({"recs_added": 0, "total_records_parsed": 10_000}));
    assert_eq!(world.count("revisions").await, before + 2);
}

#[tokio::test]
async fn what_a_zone_file_means_is_what_is_kept() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    import(&world, &zone, big_file().lines().take(50).collect::<Vec<_>>().join("\n"), "").await.ok();
    let records = world.get(&format!("{zone}/dns_records?per_page=1000")).await.ok();
    let found: BTreeMap<(String, String, String), &Value> = records
        .as_array()
        .unwrap()
        .iter()
        .map(|record| {
            let text = |field: &str| record[field].as_str().unwrap().to_owned();
            ((text("name"), text("type"), text("content")), record)
        })
        .collect();
    for (name, kind, content) in [
        ("example.com", "TXT", "\"v=spf1 include:_spf.example.net -all\""),
        ("dkim._domainkey.example.com", "TXT", "\"v=DKIM1; k=rsa; \" \"p=MIGf;MA\\\"0\""),
        ("plain.example.com", "TXT", "token-value"),
        ("escaped.example.com", "TXT", "\"\\195\\188 \\\\ \\\"\" \"bare word\""),
        ("www.example.com", "CNAME", "example.com"),
        ("*.wild.example.com", "CNAME", "www.example.com"),
        ("mail.example.com", "AAAA", "2001:DB8::25"),
        ("_sip._tcp.example.com", "SRV", "60 5060 sip.example.com"),
        ("example.com", "CAA", "0 issue \"letsencrypt.org; validationmethods=dns-01\""),
        ("svc.example.com", "HTTPS", "1 . alpn=\"h2,h3\" ipv6hint=\"2001:db8::1\""),
        ("svc.example.com", "SVCB", "2 target.example.com. port=\"8443\" key65001=\"x y\""),
        ("sub.example.com", "NS", "ns1.sub.example.com"),
        ("_http._tcp.example.com", "URI", "1 \"https://example.com/?a=b;c\""),
        ("here.example.com", "LOC", "52 22 23.000 N 4 53 32.000 E -2.00 0.00 10000.00 10.00"),
        ("nomail.example.com", "MX", "."),
    ] {
        let key = (name.to_owned(), kind.to_owned(), content.to_owned());
        assert!(found.contains_key(&key), "{key:?} {:#?}", found.keys());
    }
    let www = found.values().find(|record| record["name"] == "www.example.com").unwrap();
    assert_eq!(
        (&www["proxied"], &www["ttl"], &www["settings"]),
        (&json!(true), &json!(1), &json!({"flatten_cname": true}))
    );
    let spf =
        found.values().find(|record| record["type"] == "TXT" && record["name"] == "example.com").unwrap();
    assert_eq!((&spf["tags"], &spf["ttl"]), (&json!(["team:mail", "odd, tag"]), &json!(3600)));
    let dkim = found.values().find(|record| record["name"] == "dkim._domainkey.example.com").unwrap();
    assert_eq!(dkim["comment"], "a key");
    let incoming = records.as_array().unwrap().iter().find(|record| record["comment"] == "incoming").unwrap();
    assert_eq!((&incoming["priority"], &incoming["ttl"]), (&json!(10), &json!(300)));
}

#[tokio::test]
async fn what_a_zone_file_has_no_place_for_survives_in_comments() {
    let world = World::new().await;
    let (first, second) = (world.zone("example.com").await, world.zone("example.org").await);
    world.patch(&format!("{first}/settings/ssl"), json!({"value": "full"})).await.ok();
    for record in [
        json!({"type": "A", "name": "a", "content": "192.0.2.1", "proxied": true, "comment": "cf_tags= is; text", "tags": ["a:b", "cf-proxied:false", "x:"],
               "origin": {"port": 8443, "protocol": "grpcs", "sni": "origin.test", "host_header": "origin.test:1"}, "settings": {"ipv4_only": true, "ipv6_only": false}}),
        json!({"type": "TXT", "name": "unquoted", "content": "v=spf1 \"odd\" -all; \\ ü", "comment": " outer "}),
        json!({"type": "TXT", "name": "long", "content": "v".repeat(700)}),
        json!({"type": "TXT", "name": "longquoted", "content": format!("\"{}\"", "ü\\\"".repeat(200))}),
        json!({"type": "NS", "name": "@", "content": "ns.example.net"}),
        json!({"type": "CNAME", "name": "c", "content": "Target", "settings": {"flatten_cname": true}}),
        json!({"type": "MX", "name": "m", "content": "mail.example.net", "priority": 0, "ttl": 60}),
    ] {
        world.record(&first, record).await;
    }
    let file = export(&world, &first).await;
    assert!(file.contains("$ORIGIN example.com.\n") && file.contains("\tIN\tSOA\t"), "{file}");
    assert!(file.contains("a.example.com.\t1\tIN\tA\t192.0.2.1 ; cf_tags= is; text cf_tags=a:b,"), "{file}");
    let done = import(&world, &second, file.replace("example.com", "example.org"), "proxied=true").await.ok();
    assert_eq!(done["recs_added"], 7, "{file}");
    let (there, here) =
        (records(&world, &first, "example.com").await, records(&world, &second, "example.org").await);
    for (there, here) in there.iter().zip(&here) {
        assert_eq!(there, here, "{file}");
    }
}

#[tokio::test]
async fn ttls_are_brought_within_limits_and_a_byte_order_mark_is_no_name() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let file = "\u{feff}a 0 A 192.0.2.1\nb 1 A 192.0.2.1\nc 30 A 192.0.2.1\n$TTL 1w\nd A 192.0.2.1\ne 1d A 192.0.2.1\n";
    import(&world, &zone, file, "").await.ok();
    let records = world.get(&format!("{zone}/dns_records?order=name")).await.ok();
    let ttls: BTreeMap<&str, &Value> = records
        .as_array()
        .unwrap()
        .iter()
        .map(|record| (record["name"].as_str().unwrap(), &record["ttl"]))
        .collect();
    let named = ["a", "b", "c", "d", "e"].map(|name| ttls[format!("{name}.example.com").as_str()]);
    assert_eq!(named, [&json!(30), &json!(1), &json!(30), &json!(86_400), &json!(86_400)]);
}

#[tokio::test]
async fn a_file_comes_as_a_form_too() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let part =
        |head: &str, value: &str| format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n");
    let form = async |parts: &str| {
        let request = request(Method::POST, &format!("{zone}/dns_records/import"))
            .header(header::AUTHORIZATION, format!("Bearer {}", world.admin.token))
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
        world.send(request, format!("{parts}--x--\r\n")).await
    };
    let form = async |parts: &str| loop {
        let answer = form(parts).await;
        if answer.status != 503 {
            break answer;
        }
        sleep(Duration::from_millis(100)).await;
    };
    let file = part(
        "name=\"file\"; filename=\"zone.txt\"",
        "a A 192.0.2.1\nb A 192.0.2.2 ; cf_tags=cf-proxied:false\n",
    );
    let done = form(&(part("name=\"proxied\"", "true") + &file)).await.ok();
    assert_eq!(done, json!({"recs_added": 2, "total_records_parsed": 2}));
    let records = world.get(&format!("{zone}/dns_records")).await.ok();
    assert_eq!((&records[0]["proxied"], &records[1]["proxied"]), (&json!(true), &json!(false)));
    assert_eq!(form(&part("name=\"proxied\"", "true")).await.refused(), (400, 1004));
    assert_eq!(form(&(part("name=\"proxied\"", "maybe") + &file)).await.refused(), (400, 1004));
    assert_eq!(form("nonsense").await.refused(), (400, 1004));
}

#[tokio::test]
async fn progress_is_told_line_by_line_and_the_answer_comes_last() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let told = async |file: String| -> Vec<Value> {
        let answer = import(&world, &zone, file, "progress=true").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (200, Some("application/x-ndjson"))
        );
        match answer.body.get("text") {
            Some(text) => lines(text.as_str().unwrap()),
            None => vec![answer.body],
        }
    };
    let file = (0..2500).map(|number| format!("h{number} A 192.0.2.1\n")).collect::<String>();
    let lines = told(file).await;
    assert_eq!(
        lines[..4],
        [
            json!({"parsed": 2500}),
            json!({"written": 1000, "of": 2500}),
            json!({"written": 2000, "of": 2500}),
            json!({"written": 2500, "of": 2500}),
        ]
    );
    assert_eq!((&lines[4]["success"], &lines[4]["result"]["recs_added"]), (&json!(true), &json!(2500)));
    let newest: i64 =
        sqlx::query_scalar("select max(revision) from revisions").fetch_one(&world.app.pool).await.unwrap();
    assert_eq!(lines[4]["orangery_revision"], json!(newest));
    let both = import(&world, &zone, "z A 192.0.2.1\n", "progress=true&wait=applied").await;
    assert_eq!(both.refused(), (400, 1004));
    assert!(both.message().contains("leave one of them out"), "{}", both.message());
    let lines = told("x A 192.0.2.1\nx CNAME y\n".into()).await;
    let last = lines.last().unwrap();
    assert_eq!((&last["success"], &last["errors"][0]["code"]), (&json!(false), &json!(81053)));
    assert_eq!(world.count("records").await, 2500);
}

#[tokio::test]
async fn who_reads_no_progress_holds_nobody_up() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let file = (0..18_000).map(|number| format!("h{number} A 192.0.2.1\n")).collect::<String>();
    let unread = told(&world, &zone, &file).await;
    let written = async {
        while world.count("records").await < 18_000 {
            sleep(Duration::from_millis(100)).await;
        }
        world.record(&zone, json!({"type": "A", "name": "other", "content": "192.0.2.1"})).await;
    };
    timeout(Duration::from_secs(50), written).await.expect("written, though nobody reads");
    let lines = rest(unread).await;
    assert_eq!((lines.len(), &lines[0]), (16, &json!({"parsed": 18_000})));
    assert_eq!(lines[15]["result"]["recs_added"], json!(18_000));
}

#[tokio::test]
async fn who_leaves_gives_the_import_up() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let mut blocker = world.app.pool.begin().await.unwrap();
    sqlx::query("select from zones for update").execute(&mut *blocker).await.unwrap();
    let mut body = told(&world, &zone, "a A 192.0.2.1\n").await;
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(lines(std::str::from_utf8(&first).unwrap()), [json!({"parsed": 1})]);
    drop(body);
    sleep(Duration::from_millis(200)).await;
    blocker.commit().await.unwrap();
    world.record(&zone, json!({"type": "A", "name": "other", "content": "192.0.2.1"})).await;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(world.count("records").await, 1);
}

#[tokio::test]
async fn an_import_that_takes_too_long_is_given_up() {
    let mut world = World::new().await;
    let zone = world.zone("example.com").await;
    world.app.timeouts = Timeouts { request: Duration::from_millis(500), ..Timeouts::default() };
    let mut blocker = world.app.pool.begin().await.unwrap();
    sqlx::query("select from zones for update").execute(&mut *blocker).await.unwrap();
    let body = told(&world, &zone, "a A 192.0.2.1\n").await;
    let lines = timeout(Duration::from_secs(20), rest(body)).await.expect("an end");
    assert_eq!(lines[0], json!({"parsed": 1}));
    assert_eq!((&lines[1]["success"], &lines[1]["errors"][0]["code"]), (&json!(false), &json!(10503)));
    blocker.commit().await.unwrap();
    sleep(Duration::from_millis(500)).await;
    assert_eq!(world.count("records").await, 0);
}

#[tokio::test]
async fn four_files_are_imported_at_a_time() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let mut blocker = world.app.pool.begin().await.unwrap();
    sqlx::query("select from zones for update").execute(&mut *blocker).await.unwrap();
    // Other tests may have some of the four turns, but these hold theirs until the zone is unlocked.
    let mut waiting = Vec::new();
    let refused = loop {
        let request = upload(&world, &zone, "progress=true").body(Body::from("a A 192.0.2.1\n")).unwrap();
        let answer = api::service(world.app.clone()).oneshot(request).await.unwrap();
        if answer.status() == 503 {
            break answer;
        }
        waiting.push(answer.into_body());
        assert!(waiting.len() <= 4, "more than four at a time");
    };
    assert_eq!(refused.headers()[header::RETRY_AFTER], "1");
    let refused = rest(refused.into_body()).await;
    assert!(refused[0]["errors"][0]["message"].as_str().unwrap().starts_with(TOO_MANY), "{refused:?}");
    blocker.commit().await.unwrap();
    for body in waiting {
        assert_eq!(rest(body).await.last().unwrap()["success"], json!(true));
    }
    assert_eq!(import(&world, &zone, "a A 192.0.2.1\n", "").await.ok()["total_records_parsed"], 1);
}

#[tokio::test]
async fn a_refusal_names_the_line_and_nothing_is_written() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    world.record(&zone, json!({"type": "CNAME", "name": "taken", "content": "x.example.net"})).await;
    let good = "good A 192.0.2.1\n\n; comment\n";
    for (line, code, what) in [
        ("bad A 192.0.2.256", 9005, "valid IPv4"),
        ("bad A", 1004, "needs one value"),
        ("bad A 192.0.2.1 192.0.2.2", 1004, "needs one value"),
        ("bad AAAA 192.0.2.1", 9006, "IPv6"),
        ("bad HINFO a b", 1004, "type HINFO are not supported"),
        ("bad TYPE65534 \\# 1 00", 1004, "TYPE65534"),
        ("bad A \\# 4 C0000201", 1004, "RFC 3597"),
        ("bad CH TXT x", 1004, "class CH"),
        ("bad 1x A 192.0.2.1", 1004, "neither a TTL"),
        ("bad.example.net. A 192.0.2.1", 9000, "within example.com"),
        ("b\\.ad A 192.0.2.1", 1004, "escapes"),
        ("bad", 1004, "a type is missing"),
        ("bad SRV 1 2 3", 1004, "target is missing"),
        ("bad SRV x 1 2 a", 1004, "priority"),
        ("bad TLSA 3 1 1 xyz", 1004, "certificate must be bytes in hexadecimal"),
        ("bad TXT \"x", 1004, "quote is not closed"),
        ("bad A ( 192.0.2.1", 1004, "parenthesis"),
        ("bad A 192.0.2.1 ; cf_tags=cf-proxied:perhaps", 1004, "cf-proxied"),
        ("bad TXT x ; cf_tags=cf-proxied:true,orangery-origin:\"{}\"", 81062, "cannot be proxied"),
        ("$INCLUDE /etc/passwd", 1004, "$INCLUDE directive not allowed"),
        ("$GENERATE 1-9 a$ A 192.0.2.$", 1004, "$GENERATE"),
        ("$TTL soon", 1004, "$TTL"),
        ("taken CNAME y", 81053, "already exists"),
        ("taken A 192.0.2.1", 81054, "already exists"),
    ] {
        let answer = import(&world, &zone, format!("{good}{line}\n"), "").await;
        assert_eq!(answer.refused(), (400, code), "{line}: {}", answer.message());
        let message = answer.message();
        assert!(message.starts_with("line 4: ") && message.contains(what), "{line}: {message}");
    }
    assert_eq!(world.count("records").await, 1);
    let bytes = import(&world, &zone, "a A 192.0.2.1\n".repeat(1_300_000), "").await;
    assert_eq!(bytes.refused(), (413, 6008));
}
