//! Searching records.

use crate::harness::World;
use serde_json::{Value, json};

fn names(records: &Value) -> Vec<&str> {
    records.as_array().unwrap().iter().map(|record| record["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn records_are_found_by_every_filter() {
    let world = World::new().await;
    let zone = world.zone("z.test").await;
    for record in [
        json!({"type": "A", "name": "a", "content": "192.0.2.1", "proxied": true, "comment": "Front door", "tags": ["env:prod", "team:x"]}),
        json!({"type": "A", "name": "b", "content": "192.0.2.2", "ttl": 300, "tags": ["env:prod"]}),
        json!({"type": "TXT", "name": "_acme-challenge.c", "content": "\"Token-Value\"", "ttl": 60}),
        json!({"type": "CNAME", "name": "d", "content": "target.example.net", "comment": "back"}),
    ] {
        world.record(&zone, record).await;
    }
    for (query, expected) in [
        ("", &["_acme-challenge.c.z.test", "a.z.test", "b.z.test", "d.z.test"] as &[_]),
        ("name=A.z.test", &["a.z.test"]),
        ("name=a", &[]),
        ("name.exact=b.z.test.", &["b.z.test"]),
        ("name.contains=challenge", &["_acme-challenge.c.z.test"]),
        ("name.startswith=_acme", &["_acme-challenge.c.z.test"]),
        ("name.endswith=d.z.test", &["d.z.test"]),
        (
            "type=TXT&name.exact=_acme-challenge.c.z.test&content.exact=token-value",
            &["_acme-challenge.c.z.test"],
        ),
        ("content=%22Token-Value%22", &["_acme-challenge.c.z.test"]),
        ("content.contains=192.0.2", &["a.z.test", "b.z.test"]),
        ("content.startswith=target&content.endswith=.net", &["d.z.test"]),
        ("comment=front%20door", &["a.z.test"]),
        ("comment.contains=ac", &["d.z.test"]),
        ("comment.present", &["a.z.test", "d.z.test"]),
        ("comment.absent=true", &["_acme-challenge.c.z.test", "b.z.test"]),
        ("tag=env:prod", &["a.z.test", "b.z.test"]),
        ("tag=env:prod&tag=team:x", &["a.z.test"]),
        ("tag=env:prod,team:x&tag_match=any", &["a.z.test", "b.z.test"]),
        ("tag=env:prod,team:x&tag-match=any", &["a.z.test", "b.z.test"]),
        ("type=A", &["a.z.test", "b.z.test"]),
        ("type=cname", &["d.z.test"]),
        ("proxied=true", &["a.z.test"]),
        ("proxied=false&type=A", &["b.z.test"]),
        ("search=DOOR", &["a.z.test"]),
        ("search=target", &["d.z.test"]),
        ("match=any&type=TXT&name=a.z.test", &["_acme-challenge.c.z.test", "a.z.test"]),
        ("match=any", &["_acme-challenge.c.z.test", "a.z.test", "b.z.test", "d.z.test"]),
        ("search=door&match=any&type=TXT", &[]),
        ("search=door&match=any&type=A&type=TXT", &["a.z.test"]),
        ("type=A,TXT&type=cname&content.contains=target", &["d.z.test"]),
        ("content.exact=token-value&match=any&comment.exact=BACK", &["_acme-challenge.c.z.test", "d.z.test"]),
        ("order=ttl&direction=desc", &["b.z.test", "_acme-challenge.c.z.test", "d.z.test", "a.z.test"]),
        ("direction=desc", &["d.z.test", "b.z.test", "a.z.test", "_acme-challenge.c.z.test"]),
        ("order=type&direction=desc", &["_acme-challenge.c.z.test", "d.z.test", "b.z.test", "a.z.test"]),
        ("order=type", &["a.z.test", "b.z.test", "d.z.test", "_acme-challenge.c.z.test"]),
        ("order=content&direction=asc&type=A", &["a.z.test", "b.z.test"]),
        ("order=proxied&direction=desc&type=A", &["a.z.test", "b.z.test"]),
    ] {
        assert_eq!(names(&world.get(&format!("{zone}/dns_records?{query}")).await.ok()), expected, "{query}");
    }
}

#[tokio::test]
async fn records_are_found_by_their_tags() {
    let world = World::new().await;
    let zone = world.zone("z.test").await;
    for (name, tags) in [
        ("a", json!(["Env:prod-eu", "team:x"])),
        ("b", json!(["env:staging"])),
        ("c", json!(["important"])),
        ("d", json!(["environment:prod", "odd:a.b*c"])),
        ("e", json!([])),
    ] {
        world.record(&zone, json!({"type": "A", "name": name, "content": "192.0.2.1", "tags": tags})).await;
    }
    for (query, expected) in [
        ("tag.exact=env:PROD-eu", &["a"] as &[_]),
        ("tag.exact=env:prod", &[]),
        ("tag.contains=env:rod", &["a"]),
        ("tag.contains=prod", &["a", "d"]),
        ("tag.startswith=env:", &["a", "b"]),
        ("tag.startswith=env:st", &["b"]),
        ("tag.startswith=env:tag", &[]),
        ("tag.startswith=env", &["a", "b", "d"]),
        ("tag.endswith=env:-eu", &["a"]),
        ("tag.endswith=env:prod", &[]),
        ("tag.present=env", &["a", "b"]),
        ("tag.present=important", &["c"]),
        ("tag.present=prod-eu", &[]),
        ("tag.absent=env", &["c", "d", "e"]),
        ("tag.present=env&tag.absent=team", &["b"]),
        ("tag.present=env&tag.absent=team&tag_match=any", &["a", "b", "c", "d", "e"]),
        ("tag.absent=env&tag.exact=important", &["c"]),
        ("tag=important&tag.exact=team:x&tag_match=any", &["a", "c"]),
        ("match=any&name=e.z.test&tag.present=team", &["a", "e"]),
        ("tag.exact=odd:a.b*c", &["d"]),
        ("tag.exact=odd:aXb*c", &[]),
        ("tag.contains=odd:.*", &[]),
        ("tag.contains=odd:(%5B", &[]),
        ("tag.contains=odd:%5C", &[]),
    ] {
        let found = world.get(&format!("{zone}/dns_records?{query}")).await.ok();
        let expected: Vec<String> = expected.iter().map(|name| format!("{name}.z.test")).collect();
        assert_eq!(names(&found), expected, "{query}");
    }
}

#[tokio::test]
async fn international_names_are_found_as_they_are_written() {
    let world = World::new().await;
    let zone = world.zone("z.test").await;
    world.record(&zone, json!({"type": "A", "name": "b\u{fc}cher.shop", "content": "192.0.2.1"})).await;
    world.record(&zone, json!({"type": "A", "name": "other", "content": "192.0.2.1"})).await;
    for query in [
        "name=b%C3%BCcher.shop.z.test",
        "name=B%C3%9Ccher.shop.z.test.",
        "name.exact=b%C3%BCcher.shop.z.test",
        "name.contains=b%C3%BCcher",
        "name.startswith=b%C3%BCcher.sh",
        "name.startswith=xn--bcher",
        "name.endswith=.shop.z.test",
    ] {
        let found = world.get(&format!("{zone}/dns_records?{query}")).await.ok();
        assert_eq!(names(&found), ["xn--bcher-kva.shop.z.test"], "{query}");
    }
}

#[tokio::test]
async fn pages_of_records_end_with_an_empty_one() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    for number in 0..5 {
        world.record(&zone, json!({"type": "A", "name": format!("r{number}"), "content": "192.0.2.1"})).await;
    }
    let page = async |page: u32| world.get(&format!("{zone}/dns_records?page={page}&per_page=2")).await;
    let third = page(3).await;
    assert_eq!(
        third.body["result_info"],
        json!({"page": 3, "per_page": 2, "count": 1, "total_count": 5, "total_pages": 3})
    );
    assert_eq!(names(&third.ok()), ["r4.example.com"]);
    let past = page(4).await;
    assert_eq!(
        past.body["result_info"],
        json!({"page": 4, "per_page": 2, "count": 0, "total_count": 5, "total_pages": 3})
    );
    assert_eq!(past.ok(), json!([]));
    assert_eq!(world.get(&format!("{zone}/dns_records")).await.body["result_info"]["per_page"], 100);
    assert_eq!(
        world.get(&format!("{zone}/dns_records?per_page=9999")).await.body["result_info"]["per_page"],
        5000
    );
}

#[tokio::test]
async fn parameters_that_mean_nothing_are_refused() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    for query in [
        "page=0",
        "page=x",
        "per_page=-1",
        "proxied=maybe",
        "match=some",
        "order=colour",
        "direction=up",
        "name=%00",
        "name=%ff",
    ] {
        assert_eq!(world.get(&format!("{zone}/dns_records?{query}")).await.refused(), (400, 1004), "{query}");
    }
}

#[tokio::test]
async fn a_content_is_found_in_each_form_in_which_it_is_written() {
    let world = World::new().await;
    let zone = world.zone("z.test").await;
    for (kind, name, content) in [
        ("TXT", "two", r#""a" "b""#),
        ("TXT", "bare", "plain text"),
        ("TXT", "escaped", r#""say \"hi\" \\""#),
        ("CAA", "caa", r#"0 issue "ca.example""#),
    ] {
        world.record(&zone, json!({"type": kind, "name": name, "content": content})).await;
    }
    for (content, expected) in [
        ("%22a%22+%22b%22", &["two.z.test"] as &[_]),
        ("%22ab%22", &["two.z.test"]),
        ("AB", &["two.z.test"]),
        ("a", &[]),
        ("plain+text", &["bare.z.test"]),
        ("%22plain+text%22", &["bare.z.test"]),
        ("%22say+%5C%22hi%5C%22+%5C%5C%22", &["escaped.z.test"]),
        ("say+%22hi%22+%5C", &["escaped.z.test"]),
        ("0+issue+%22ca.example%22", &["caa.z.test"]),
        ("%22", &[]),
    ] {
        let found = world.get(&format!("{zone}/dns_records?content.exact={content}")).await.ok();
        assert_eq!(names(&found), expected, "{content}");
    }
}
