//! Many operations, one change.

use crate::harness::World;
use serde_json::{Value, json};

fn a(name: &str, content: &str) -> Value {
    json!({"type": "A", "name": name, "content": content})
}

#[tokio::test]
async fn operations_run_as_deletes_patches_puts_posts_in_one_revision() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let (gone, patched, put) = (
        world.record(&zone, json!({"type": "CNAME", "name": "a", "content": "x.example.net"})).await,
        world.record(&zone, a("b", "192.0.2.1")).await,
        world.record(&zone, a("c", "192.0.2.1")).await,
    );
    let answer = world
        .post(
            &format!("{zone}/dns_records/batch"),
            json!({
                "posts": [a("a", "192.0.2.9")],
                "puts": [{"id": put["id"], "type": "A", "name": "c", "content": "192.0.2.2"}],
                "patches": [{"id": patched["id"], "ttl": 60}],
                "deletes": [{"id": gone["id"]}],
            }),
        )
        .await;
    assert_eq!(answer.header("orangery-revision"), Some("5"));
    let done = answer.ok();
    assert_eq!(done["deletes"][0]["content"], "x.example.net");
    assert_eq!(done["patches"][0]["ttl"], 60);
    assert_eq!(done["puts"][0]["content"], "192.0.2.2");
    assert_eq!(done["posts"][0]["name"], "a.example.com");
}

#[tokio::test]
async fn an_empty_batch_has_four_empty_lists() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let done = world.post(&format!("{zone}/dns_records/batch"), json!({"posts": null})).await.ok();
    assert_eq!(done, json!({"deletes": [], "patches": [], "puts": [], "posts": []}));
    assert_eq!(world.count("revisions").await, 1);
}

#[tokio::test]
async fn the_first_mistake_undoes_everything() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let kept = world.record(&zone, a("a", "192.0.2.1")).await;
    let audited = world.count("audit").await;
    for (posts, refusal) in [
        (json!([a("b", "192.0.2.1"), a("b", "192.0.2.1")]), (400, 81058)),
        (
            json!([a("b", "192.0.2.1"), {"type": "CNAME", "name": "b", "content": "x.example.net"}]),
            (400, 81053),
        ),
        (json!([a("b", "192.0.2.1"), a("c", "nonsense")]), (400, 9005)),
        (
            json!([{"type": "CNAME", "name": "c", "content": "x.net"}, {"type": "CNAME", "name": "c", "content": "y.net"}]),
            (400, 81053),
        ),
    ] {
        let batch = json!({"deletes": [{"id": kept["id"]}], "posts": posts});
        assert_eq!(world.post(&format!("{zone}/dns_records/batch"), batch).await.refused(), refusal);
        assert_eq!(world.get(&format!("{zone}/dns_records")).await.ok(), json!([kept]));
    }
    let unknown = json!({"posts": [a("b", "192.0.2.1")], "deletes": [{"id": "nonsense"}]});
    assert_eq!(world.post(&format!("{zone}/dns_records/batch"), unknown).await.refused(), (404, 81044));
    assert_eq!(
        (world.count("records").await, world.count("revisions").await, world.count("audit").await),
        (1, 2, audited)
    );
}

#[tokio::test]
async fn a_batch_has_a_limit() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let posts: Vec<Value> = (0..3501).map(|number| a(&format!("r{number}"), "192.0.2.1")).collect();
    assert_eq!(
        world.post(&format!("{zone}/dns_records/batch"), json!({"posts": posts})).await.refused(),
        (400, 1004)
    );
    let done = world.post(&format!("{zone}/dns_records/batch"), json!({"posts": posts[1..]})).await.ok();
    assert_eq!(done["posts"].as_array().unwrap().len(), 3500);
}

#[tokio::test]
async fn a_record_of_another_zone_is_not_found() {
    let world = World::new().await;
    let (zone, other) = (world.zone("example.com").await, world.zone("example.org").await);
    let record = world.record(&other, a("a", "192.0.2.1")).await;
    let batch = json!({"deletes": [{"id": record["id"]}]});
    assert_eq!(world.post(&format!("{zone}/dns_records/batch"), batch).await.refused(), (404, 81044));
}

#[tokio::test]
async fn posts_are_written_by_one_statement_and_come_back_as_single_ones_do() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let records = [
        json!({"type": "A", "name": "a", "content": "192.0.2.1", "proxied": true, "origin": {"port": 8443}}),
        json!({"type": "TXT", "name": "b", "content": "\"it's {a}, \\\\ and \u{fc}\"", "comment": "x, \"y\"", "tags": ["k:v,{w}", "NULL", "\u{fc}"]}),
        json!({"type": "MX", "name": "c", "content": "mail.example.com", "priority": 10, "ttl": 60}),
        json!({"type": "CNAME", "name": "d", "content": "x.example.net", "settings": {"flatten_cname": true}}),
    ];
    let done = world.post(&format!("{zone}/dns_records/batch"), json!({"posts": records})).await.ok();
    assert_eq!(world.get(&format!("{zone}/dns_records")).await.ok(), done["posts"]);
    for (sent, got) in records.iter().zip(done["posts"].as_array().unwrap()) {
        for field in ["type", "content", "priority", "comment", "tags", "settings"] {
            assert!(sent.get(field).is_none() || sent[field] == got[field], "{field}: {sent} {got}");
        }
    }
    let statements: i64 = sqlx::query_scalar("select count(distinct (xmin::text, cmin::text)) from records")
        .fetch_one(&world.app.pool)
        .await
        .unwrap();
    assert_eq!(statements, 1);
}

#[tokio::test]
async fn of_several_mistakes_in_posts_the_first_is_refused() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let (twice, nonsense) = (a("a", "192.0.2.1"), a("c", "nonsense"));
    let cname = json!({"type": "CNAME", "name": "b", "content": "x.net"});
    let other = json!({"type": "CNAME", "name": "b", "content": "y.net"});
    for (posts, code) in [
        (json!([twice, twice, nonsense]), 81058),
        (json!([nonsense, twice, twice]), 9005),
        (json!([cname, other, twice, twice]), 81053),
        (json!([twice, twice, cname, other]), 81058),
        (json!([cname, cname]), 81058),
    ] {
        let answer = world.post(&format!("{zone}/dns_records/batch"), json!({"posts": posts})).await;
        assert_eq!(answer.refused(), (400, code), "{posts}");
    }
    assert_eq!(world.count("records").await, 0);
}

#[tokio::test]
async fn each_kind_of_operation_is_written_by_one_statement() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let posts: Vec<Value> = (0..600).map(|number| a(&format!("r{number}"), "192.0.2.1")).collect();
    let made = world.post(&format!("{zone}/dns_records/batch"), json!({"posts": posts})).await.ok();
    let id = |number: usize| made["posts"][number]["id"].clone();
    let batch = json!({
        "deletes": (0..200).map(|number| json!({"id": id(number)})).collect::<Vec<_>>(),
        "patches": (200..400).map(|number| json!({"id": id(number), "ttl": 60})).collect::<Vec<_>>(),
        "puts": (400..600).map(|number| json!({"id": id(number), "type": "A", "name": "put", "content": format!("10.0.0.{}", number - 400)})).collect::<Vec<_>>(),
    });
    let done = world.post(&format!("{zone}/dns_records/batch"), batch).await.ok();
    for (kind, first) in [("deletes", 0), ("patches", 200), ("puts", 400)] {
        let ids: Vec<&Value> = done[kind].as_array().unwrap().iter().map(|record| &record["id"]).collect();
        assert_eq!(
            ids,
            (first..first + 200).map(|number| &made["posts"][number]["id"]).collect::<Vec<_>>(),
            "{kind}"
        );
    }
    assert_eq!(
        (&done["patches"][0]["ttl"], &done["puts"][199]["content"]),
        (&json!(60), &json!("10.0.0.199"))
    );
    assert_eq!(done["puts"][0]["created_on"], made["posts"][400]["created_on"]);
    let statements: i64 = sqlx::query_scalar("select count(distinct (xmin::text, cmin::text)) from records")
        .fetch_one(&world.app.pool)
        .await
        .unwrap();
    assert_eq!((statements, world.count("records").await), (2, 400));
}

#[tokio::test]
async fn alterations_are_judged_in_their_order() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let (x, y) =
        (world.record(&zone, a("n", "192.0.2.1")).await, world.record(&zone, a("n", "192.0.2.2")).await);
    let path = format!("{zone}/dns_records/batch");
    let to = |record: &Value, content: &str| json!({"id": record["id"], "content": content});
    // Whoever comes first must find the place free.
    let taken = json!({"patches": [to(&x, "192.0.2.2"), to(&y, "192.0.2.3")]});
    assert_eq!(world.post(&path, taken).await.refused(), (400, 81058));
    let moved = json!({"patches": [to(&y, "192.0.2.3"), to(&x, "192.0.2.2")]});
    assert_eq!(world.post(&path, moved).await.ok()["patches"][1]["content"], "192.0.2.2");
    // A record may come twice, and what comes later builds on what came before.
    let twice = json!({"patches": [to(&x, "192.0.2.8"), {"id": x["id"], "ttl": 60}, to(&y, "192.0.2.2")]});
    let done = world.post(&path, twice).await.ok();
    assert_eq!(
        (&done["patches"][1]["content"], &done["patches"][1]["ttl"]),
        (&json!("192.0.2.8"), &json!(60))
    );
    for (patches, refusal) in [
        (json!([to(&x, "nonsense"), {"id": "nonsense"}]), (400, 9005)),
        (json!([{"id": "0".repeat(32)}, to(&x, "nonsense")]), (404, 81044)),
        (json!([to(&y, "192.0.2.8"), to(&x, "nonsense")]), (400, 81058)),
    ] {
        assert_eq!(world.post(&path, json!({"patches": patches})).await.refused(), refusal, "{patches}");
    }
    let deleted = json!({"deletes": [{"id": x["id"]}, {"id": x["id"]}]});
    assert_eq!(world.post(&path, deleted).await.refused(), (404, 81044));
    let replaced = json!({"deletes": [{"id": x["id"]}], "patches": [{"id": x["id"], "ttl": 60}]});
    assert_eq!(world.post(&path, replaced).await.refused(), (404, 81044));
}

#[tokio::test]
async fn a_batch_is_quick_at_a_name_with_many_records() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    sqlx::query(
        "insert into records (id, zone_id, type, name, content, content_hash, ttl, proxied, created_on, modified_on)
         select lpad(to_hex(n), 32, '0'), $1, 'TXT', 'many.example.com', 'old' || n, sha256(convert_to('old' || n, 'UTF8')), 1, false, now(), now()
         from generate_series(1, 60000) n",
    )
    .bind(zone.trim_start_matches("/zones/"))
    .execute(&world.app.pool)
    .await
    .unwrap();
    let path = format!("{zone}/dns_records/batch");
    let txt = |content: String| json!({"type": "TXT", "name": "many", "content": content});
    let mut posts: Vec<Value> = (0..3499).map(|number| txt(format!("new{number}"))).collect();
    posts.push(txt("old60000".into()));
    let began = std::time::Instant::now();
    assert_eq!(world.post(&path, json!({"posts": posts})).await.refused(), (400, 81058));
    posts.pop();
    world.post(&path, json!({"posts": posts})).await.ok();
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
}
